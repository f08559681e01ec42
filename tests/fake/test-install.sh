#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What `make install` has put below DESTDIR works from there, and from wherever it is moved to.
. "$(dirname "$0")/../lib.sh"

install() {
	make -s -C "$top" BUILD="$BUILD" DESTDIR="$scratch/root" "$@" install >"$scratch/install.log" 2>&1 ||
		{ sed 's/^/# /' "$scratch/install.log"; false; }
}

names() {
	"$1/bin/qsoak" profiles --json | jq -r '.profiles[].name'
}

# Where everything comes from: one loop of a profile by its name, on a fake QEMU.
runs() {
	"$1/bin/qsoak" run quick --local --state-dir "$scratch/state-$2" --json --loops 1 --vms 1 \
		--build "stock=$fake" >"$scratch/$2.json" 2>"$scratch/$2.log"
	same "$?" 0 || { sed 's/^/# /' "$scratch/$2.log"; false; }
}

there=$(cd "$top/profiles" && ls *.yaml | sed 's/\.yaml$//')

check 'make man-build' make -s -C "$top" BUILD="$BUILD" man-build
check 'make install' install prefix=/opt/qsoak
home=$scratch/root/opt/qsoak
check 'below DESTDIR: profiles are found' same "$(names "$home")" "$there"
check 'below DESTDIR: they are its own' same \
	"$("$home/bin/qsoak" profiles --json | jq -r '.profiles[0].file')" \
	"$(realpath "$home")/share/qsoak/profiles/$(head -1 <<<"$there").yaml"
check 'below DESTDIR: each guest is there' same "$(cd "$home/lib/qsoak/guests" && echo *)" \
	"$(cd "$top/guests" && for guest in */; do echo "${guest%/}.bin"; done | xargs)"
check 'below DESTDIR: known issues are beside the profiles' cmp "$top/known-issues.yaml" \
	"$home/share/qsoak/known-issues.yaml"
check 'below DESTDIR: man pages that were built are in their sections' same \
	"$(cd "$home/share/man" && echo man*/*)" \
	'man1/qsoak-stack.1 man1/qsoak.1 man5/qsoak-incident.5 man5/qsoak-known-issues.5 man5/qsoak-profile.5 man5/qsoak-rules.5 man5/qsoak-store.5 man5/qsoakd.conf.5 man7/qsoak-control.7 man7/qsoak-statistics.7 man8/qsoakd.8'
check 'below DESTDIR: a profile runs by its name' runs "$home" below

check 'below DESTDIR: units name its programs' same \
	"$(sed -n 's/^ExecStart=//p' "$home"/lib/systemd/system/*.service)" \
	"/opt/qsoak/bin/qsoak run %i --wait 20m
/opt/qsoak/sbin/qsoakd"

cp -r "$home" "$scratch/moved"
echo mine >"$home/share/qsoak/profiles/mine.yaml"
check 'make uninstall' make -s -C "$top" BUILD="$BUILD" DESTDIR="$scratch/root" prefix=/opt/qsoak uninstall
check 'it leaves what it did not install, and nothing else' same \
	"$(cd "$home" && find . -type f)" ./share/qsoak/profiles/mine.yaml
check 'moved: profiles are found' same "$(names "$scratch/moved")" "$there"
check 'moved: a profile runs by its name' runs "$scratch/moved" moved
echo 'issues: none' >"$scratch/moved/share/qsoak/known-issues.yaml"
check 'moved: known issues are found' contains \
	"$("$scratch/moved/bin/qsoak" report --state-dir "$scratch/state-moved" 2>&1)" \
	"$(realpath "$scratch")/moved/share/qsoak/known-issues.yaml:1: issues: found none, expected a list"
ln -s "$scratch/moved/bin/qsoak" "$scratch/link"
check 'by a link: profiles are found' same \
	"$("$scratch/link" profiles --json | jq -r '.profiles[].name')" "$there"

# Without any beside it, the place that was compiled in.
rm -r "$scratch/moved/share"
check 'without them: says where it looked' contains "$("$scratch/moved/bin/qsoak" profiles 2>&1)" \
	'cannot list the profiles in /'
check 'no process is left behind' nothing_left

