#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Makes the builds of QEMU that README.md lists, and registers them; those that are there and were
# made from the same stay. Arguments name builds to make instead of all.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
. "$here/tree.sh"

# NAME=how many of our patches it has; the order is that of making.
COMPILED='stock=0 bql-naive=1 bql-fixed=2'
HOST_DATA='/usr/share/seabios /usr/share/qemu /usr/lib/ipxe/qemu'

# make_compiled NAME COUNT
make_compiled() {
	local name=$1 count=$2 hash started=$SECONDS
	hash=$(hash_of "$here/lib.sh" "$here/tree.sh" "$here/builds.sh" "${patches[@]:0:count}")
	if is_registered "$name" "$hash"; then
		say "$name is there"
		return
	fi
	prepare_tree
	set_patches "$count"
	say "compiling $name"
	compile qemu-system-x86_64
	rm -rf "$builds/$name.new"
	mkdir "$builds/$name.new"
	cp "$obj/qemu-system-x86_64" "$builds/$name.new/"
	"$builds/$name.new/qemu-system-x86_64" --version >/dev/null || die "$name does not start"
	register "$name" "$hash" "Debian qemu $(cat "$source/version"), built $(with_patches "$count")" \
		"$builds/$name/qemu-system-x86_64" $HOST_DATA
	say "$name took $((SECONDS - started)) s"
}

with_patches() {
	local patch text=
	for patch in "${patches[@]:0:$1}"; do
		patch=${patch##*/}
		text="$text${text:+ and }${patch%.patch}"
	done
	echo "${text:+with }${text:-as it is}"
}

# count_of NAME: how many patches it has, or nothing if it is not compiled.
count_of() {
	local build
	for build in $COMPILED; do
		[ "${build%=*}" != "$1" ] || echo "${build#*=}"
	done
}

[ $# != 0 ] || set -- stock bql-naive bql-fixed upstream
for name; do
	[ "$name" = upstream ] || [ -n "$(count_of "$name")" ] || die "there is no build $name"
done
lock_cache
for name; do
	if [ "$name" = upstream ]; then
		"$here/upstream.sh"
	else
		make_compiled "$name" "$(count_of "$name")"
	fi
done
