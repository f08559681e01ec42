#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The Debian package on a Debian with a real systemd: it installs, soaks QEMU as a sandboxed service, survives its
# end, and leaves nothing but its results.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/lib.sh"

if [ "$(id -u)" != 0 ]; then
	skip 'the package' 'only root can boot a container'
	exit
fi
if ! unshare --mount --pid --fork --net --uts --ipc true; then
	skip 'the package' 'no container may be made here'
	exit
fi

build_package() {
	mkdir "$scratch/qsoak"
	tar -C "$top" --exclude=./build --exclude='./build-*' --exclude=./.git -c . | tar -C "$scratch/qsoak" -x
	(cd "$scratch/qsoak" && env -u BUILD -u MAKEFLAGS -u MAKELEVEL PATH="/usr/lib/ccache:$PATH" dpkg-buildpackage -us -uc -b) \
		>"$scratch/package.log" 2>&1 || { tail -20 "$scratch/package.log" | sed 's/^/# /'; false; }
}

lint() {
	lintian --allow-root --fail-on error "$scratch"/qsoak_*.changes 2>&1 | sed 's/^/# /'
	[ "${PIPESTATUS[0]}" = 0 ]
}

check 'the package builds' build_package
check 'lintian finds no error' lint
check 'a root is made' make_root "$scratch"/qsoak_*.deb
find "$root" -xdev ! -type d -printf '/%P\n' | sort >"$scratch/before"
check 'a systemd boots' boot

cp "$scratch"/qsoak_*.deb "$root/root/qsoak.deb"
installs() {
	inside env DEBIAN_FRONTEND=noninteractive dpkg -i /root/qsoak.deb \
		>"$scratch/install.log" 2>&1 || { sed 's/^/# /' "$scratch/install.log"; false; }
}
check 'the package installs' installs
check 'its programs were built for where they are' eval '! grep -aF /usr/local "$root/usr/sbin/qsoakd" "$root/usr/bin/qsoak"'

property() {
	inside systemctl show -P "$2" "$1"
}

active() {
	[ "$(property qsoakd ActiveState)" = active ]
}

campaign() {
	inside qsoak status --json | jq -r "$1"
}

has_done() {
	[ "$(campaign .loops)" -ge "$1" ] 2>/dev/null
}

# Another qsoakd than the one with this pid is active.
another_than() {
	active && [ "$(property qsoakd MainPID)" != "$1" ]
}

qemus() {
	inside pgrep -u qsoak -f '^/usr/bin/qemu-system' | xargs
}

# No QEMU of before is there.
none_of() {
	local pid
	for pid in $1; do
		! inside kill -0 "$pid" 2>/dev/null || return
	done
}

journal() {
	inside journalctl -u qsoakd --no-pager -o cat | tail -20 | sed 's/^/# /'
	false
}

inside systemctl restart qsoakd.socket qsoakd
check 'the service is active' eval 'await 30 active || journal'
check 'it tells when it is ready' same "$(property qsoakd Type)" notify
check 'its user is qsoak' same "$(inside ps -o user= -p "$(property qsoakd MainPID)")" qsoak
exposure() {
	inside systemd-analyze security --threshold=30 --no-pager qsoakd.service >"$scratch/security" 2>&1 ||
		{ tail -1 "$scratch/security" | sed 's/^/# /'; false; }
}
check 'its exposure is at most 3.0' exposure

# Loads are left out: after some, a QEMU 7.2 hangs. What hangs is found and its stacks are wanted, below.
cat >"$root/root/short.yaml" <<'END'
name: short
machine: {type: pc-q35-7.2, accel: tcg, ram: 32MiB}
guest: {name: pflash-hammer}
builds:
  - {name: stock, binary: /usr/bin/qemu-system-x86_64}
fleet: {vms: 2, loops-per-vm: 20}
operations:
  - {operation: snapshot-save}
  - {operation: snapshot-delete}
  - {operation: migrate, every: 2, channels: 2}
limits: {shutdown: 5s}
stop: {duration: 10m}
END
check 'a campaign begins' inside qsoak run /root/short.yaml --detach
check 'it finishes loops, with migrations' await 90 has_done 6
check 'its QEMUs run as user qsoak' [ -n "$(qemus)" ]

groups_apart() {
	local pid groups
	for pid in $(qemus); do
		inside sed -n 's/^0::.*\(qsoakd.service\/vms\/[^/]*\)$/\1/p' "/proc/$pid/cgroup"
	done 2>/dev/null | sort >"$scratch/groups"
	[ "$(sort -u <"$scratch/groups" | wc -l)" = 2 ]
}
check 'each VM is in a control group of its own' eval 'await 30 groups_apart || journal'

# The next one has a short watchdog, and that one alone: on a busy host such a one bites unasked.
inside mkdir -p /run/systemd/system/qsoakd.service.d
printf '[Service]\nWatchdogSec=6s\n' | inside tee /run/systemd/system/qsoakd.service.d/test.conf >/dev/null
inside systemctl daemon-reload
pid=$(property qsoakd MainPID) old=$(qemus)
inside systemctl kill --kill-whom=main -s KILL qsoakd
check 'killed: no QEMU outlives it' await 20 none_of "$old"
check 'killed: another one is started' await 30 another_than "$pid"
check 'killed: the campaign goes on' await 90 has_done "$(($(campaign .loops) + 2))"
check 'killed: the gap is told' await 10 eval '[ "$(inside qsoak report --json | jq ".gaps | length")" -ge 1 ]'

pid=$(property qsoakd MainPID)
bitten() {
	inside journalctl -u qsoakd -o cat --no-pager | grep -q 'Watchdog timeout'
}
inside kill -STOP "$pid"
check 'stopped: the watchdog ends it' await 60 bitten
inside rm -r /run/systemd/system/qsoakd.service.d
inside systemctl daemon-reload
check 'stopped: another one is started' await 60 another_than "$pid"
check 'stopped: the campaign goes on' await 90 has_done "$(($(campaign .loops) + 2))"

# Whether there are more than N failures of a class.
more_than() {
	[ "$(count "$2")" -gt "$1" ]
}

count() {
	inside qsoak failures --json | jq "[.failures[] | select(.class == \"$1\")] | length"
}

# strike SIGNAL CLASS: a QEMU gets the signal, and is a failure of that class; false if it ended otherwise.
strike() {
	local pid before
	pid=$(qemus | cut -d' ' -f1) before=$(count "$2")
	[ -n "$pid" ] && inside kill -s "$1" "$pid" 2>/dev/null && await 40 more_than "$before" "$2"
}

last() {
	inside qsoak failures --json | jq -r "[.failures[] | select(.class == \"$1\")][-1].$2"
}

# The evidence of the last hang has stacks, taken in the sandbox.
frames() {
	local incident
	incident=$root/var/lib/qsoak/$(last hang incident)
	find "$incident" -name '*.stacks*' ! -name '*.json*' -exec zstd -dcqf {} + |
		grep -E '^#[0-9]+ +0x[0-9a-f]+ [a-z_]+' >/dev/null || { jq -c .missing "$incident/manifest.json"; false; }
}
check 'a QEMU that is stopped is a hang' await 120 strike STOP hang
check 'a hang: its stacks are taken' frames
check 'a QEMU that crashes is a crash' await 120 strike SEGV crash
check 'a crash: the core tells where' contains "$(last crash signature)" 'SIGSEGV in '

check 'the campaign ends' inside qsoak stop --kill
idle() {
	[ "$(campaign .campaign)" = null ]
}
check 'then there is none' await 60 idle

sed 's/^name: short/name: soak/; s/duration: 10m/loops: 4/' "$root/root/short.yaml" >"$root/usr/share/qsoak/profiles/soak.yaml"
inside systemctl start --wait qsoak-soak@soak
verdict=$(property qsoak-soak@soak ExecMainStatus)
check 'qsoak-soak@ ends with the verdict of its campaign' same "$verdict" \
	"$(inside qsoak campaigns --json | jq '.campaigns | max_by(.id).exit_code')"
rm "$root/usr/share/qsoak/profiles/soak.yaml"
inside journalctl -u qsoak-soak@soak -o cat --no-pager | tail -30 | sed 's/^/# /'

inside env DEBIAN_FRONTEND=noninteractive apt-get -q -y remove qsoak >"$scratch/remove.log" 2>&1
check 'removed: nothing of it runs' same "$(inside pgrep -u qsoak | xargs)" ''
inside env DEBIAN_FRONTEND=noninteractive apt-get -q -y purge qsoak >"$scratch/purge.log" 2>&1
left() {
	find "$root" -xdev ! -type d -printf '/%P\n' | sort | comm -13 "$scratch/before" - |
		grep -E 'qsoak' | grep -vE '^/var/lib/qsoak/|^/root/|^/var/log/'
}
check 'purged: no file but the state is left' same "$(left)" ''
check 'purged: the results are left' [ -s "$root/var/lib/qsoak/results.db" ]
