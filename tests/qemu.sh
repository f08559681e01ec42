#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The recipe in qemu/, as far as can be told without a mirror and without compiling: its scripts parse,
# its patches are whole and touch what they should, and a build is registered whole or not at all.
. "$(dirname "$0")/lib.sh"

patches=$top/qemu/patches

parse() {
	bash -n "$1" && contains "$(head -n 3 "$1")" SPDX-License-Identifier
}

# touches PATCH FILE...: just these, none of them only read or made of nothing.
touches() {
	local patch=$1 found
	shift
	found=$(git apply --numstat "$patch" 2>&1) || { echo "# $found"; return 1; }
	same "$(cut -f3 <<<"$found" | sort | tr '\n' ' ')" "$(printf '%s\n' "$@" | sort | tr '\n' ' ')"
}

# Its header, down to the line of three dashes, has a word on each file.
explains() {
	local patch=$1 file header
	header=$(sed '/^---$/q' "$patch")
	for file in $(git apply --numstat "$patch" | cut -f3); do
		contains "$header" "
$file: " || return 1
	done
}

# What the lines of a kind, + or -, do with the lock: balanced PATCH SIGN LOCKS UNLOCKS.
calls() {
	same "$(grep -c "^$2 *qemu_mutex_lock_iothread();" "$1") locks, $(
		grep -c "^$2 *qemu_mutex_unlock_iothread();" "$1") unlocks" "$3 locks, $4 unlocks"
}

# lib COMMAND...: of qemu/lib.sh, with a cache in the scratch folder.
lib() {
	XDG_CACHE_HOME="$scratch/a cache" bash -euc '. "$1"/qemu/lib.sh; shift; "$@"' - "$top" "$@"
}

# A build as it is before it is registered.
half() {
	mkdir -p "$scratch/a cache/qsoak/builds/$1.new"
	echo "$2" >"$scratch/a cache/qsoak/builds/$1.new/qemu"
}

names_no_mirror() {
	! grep -nE '(https?|ftp)://' "$top"/qemu/*.* "$top"/qemu/patches/* | sed 's/^/# /' | grep .
}

for script in "$top"/qemu/*.sh; do
	check "${script##*/} parses" parse "$script"
done
check 'a build that there is not is an error' \
	contains "$(XDG_CACHE_HOME=$scratch/none "$top/qemu/builds.sh" nonesuch 2>&1)" 'no build nonesuch'
check 'no mirror is named' names_no_mirror
check 'make help lists the builds' contains "$(make -s -C "$top" help)" 'qemu-builds '

naive=$patches/0001-hold-the-bql-during-setup.patch
fixed=$patches/0002-release-the-bql-for-multifd.patch
check 'there are two patches' same "$(echo "$patches"/*)" "$naive $fixed"
check 'the first touches all that saves a state' touches "$naive" hw/vfio/migration.c \
	include/migration/register.h migration/block-dirty-bitmap.c migration/block.c \
	migration/migration.c migration/ram.c migration/savevm.c
check 'the second touches the wait for multifd' touches "$fixed" migration/ram.c
for patch in "$naive" "$fixed"; do
	check "${patch##*/} explains each file" explains "$patch"
done
check 'the first takes the lock in three places' calls "$naive" + 3 3
check 'the first takes it away in the callbacks' calls "$naive" - 5 7
check 'the second releases it and takes it again' calls "$fixed" + 1 1

half one binary
check 'a build that is not yet registered is none' eval '! lib is_registered one hash1'
lib register one hash1 'of "here"' /opt/one/qemu /opt/data '/opt/more data' -- A=b C=d=e
check 'it is, once it was registered' lib is_registered one hash1
check 'it is not, if it was to be made of something else' eval '! lib is_registered one hash2'
check 'what it is registered by' same "$(cat "$scratch/a cache/qsoak/builds/one.yaml")" 'name: one
binary: "/opt/one/qemu"
data:
  - "/opt/data"
  - "/opt/more data"
env:
  A: "b"
  C: "d=e"
origin: "of \"here\""'
half one other
check 'making it anew leaves the old one alone' lib is_registered one hash1
lib register one hash2 'of "here"' /opt/one/qemu /opt/data
check 'until the new one takes its place' same "$(cat "$scratch/a cache/qsoak/builds/one/qemu")" other
check 'without env there is none' eval '! grep -q env "$scratch/a cache/qsoak/builds/one.yaml"'
rm "$scratch/a cache/qsoak/builds/one/made-from"
check 'half a build is none' eval '! lib is_registered one hash2'
