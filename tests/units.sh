#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The units as systemd reads them, without one that runs: they are valid, the service is well shut in,
# and each class of messages is in the catalog.
. "$(dirname "$0")/lib.sh"

units=$scratch/units
mkdir "$units"
cp "$BUILD"/systemd/* "$units"
# What they start is there.
sed -i "s|^ExecStart=[^ ]*/|ExecStart=$BUILD/|" "$units"/*.service
cp "$units/qsoak-soak@.service" "$units/qsoak-soak@quick.service"

verify() {
	systemd-analyze verify --man=no "$@" 2>&1 | grep -F "$scratch" | sed 's/^/# /'
	[ "${PIPESTATUS[1]}" = 1 ]
}

for unit in qsoakd.service qsoakd.socket qsoak.slice qsoak-soak@quick.service qsoak-soak@.timer; do
	check "$unit is valid" verify "$units/$unit"
done
echo 'Colour=blue' >>"$units/qsoakd.socket"
check 'what is not valid is seen' eval '! verify "$units/qsoakd.socket" >/dev/null'
for unit in qsoakd.service qsoak-soak@.service; do
	check "$unit: its exposure is at most 3.0" eval 'systemd-analyze security --offline=true \
		--threshold=30 --no-pager "$units/$unit" >/dev/null 2>&1'
done

# limit HEADER NAME: a limit of the code, in seconds.
limit() {
	sed -n "s/^#define $2 \([0-9]*\)000000000ll$/\1/p" "$top/daemon/$1"
}

# It is fed three times an interval. A build is asked three questions, and then held to its greeting.
patient() {
	local interval asked=$((3 * $(limit vm/build.h BUILD_VERSION_LIMIT_NS) + $(limit vm/audition.h AUDITION_LIMIT_NS)))
	interval=$(sed -n 's/^WatchdogSec=\([0-9]*\)s$/\1/p' "$units/qsoakd.service")
	[ $((interval * 2 / 3)) -gt "$asked" ] || { echo "# $interval s, for a loop that waits $asked s"; false; }
}
check 'the watchdog bites no qsoakd that waits for a build' patient

sysusers() {
	systemd-sysusers --root "$scratch/root" "$top/systemd/sysusers.conf" 2>&1 | sed 's/^/# /'
	grep -q '^qsoak:' "$scratch/root/etc/passwd" && grep -q '^kvm:.*:qsoak$' "$scratch/root/etc/group"
}

mkdir -p "$scratch/root/etc"
check 'the user qsoak is made, in group kvm' sysusers

ids() {
	sed -n "$1" "$2" | sort
}

check 'each class of messages is in the catalog' same \
	"$(ids 's/^-- \([0-9a-f]*\)$/\1/p' "$top/systemd/qsoak.catalog")" \
	"$(ids 's/.*\[EVENT_.*"\([0-9a-f]*\)".*/\1/p' "$top/daemon/base/event.c")"
read_catalog() {
	install -D -t "$scratch/root/usr/lib/systemd/catalog" "$top/systemd/qsoak.catalog"
	journalctl --root "$scratch/root" --update-catalog 2>&1 | sed 's/^/# /'
	same "$(journalctl --root "$scratch/root" --list-catalog | grep -c .)" \
		"$(grep -c '^-- ' "$top/systemd/qsoak.catalog")"
}
check 'the catalog can be read' read_catalog
fields=$(grep -o '@QSOAK_[A-Z_]*@' "$top/systemd/qsoak.catalog" | tr -d @ | sort -u)
for field in $fields; do
	check "the catalog's $field is a field" grep -rqF "\"$field\"" "$top/daemon"
done
