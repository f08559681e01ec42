#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The distribution's newest packaged QEMU, unpacked into the cache and registered as the build
# "upstream". Called by builds.sh, which holds the lock. Nothing is installed.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

SUITE=bookworm-backports
# The program with its modules, and what -L must find. The rest of what it depends on is looked for
# only if the host lacks it.
PACKAGES='qemu-system-x86 qemu-system-common qemu-system-data seabios ipxe-qemu'
NAME=upstream
FOLDER=$work/apt-upstream

# apt_lists SUITE...: whether the mirror has all of them.
apt_lists() {
	private_apt "$FOLDER" deb "$@"
	limited "$LISTS_LIMIT" apt-get -q -q update 2>"$FOLDER/update.log"
}

# take ROOT PACKAGE...: downloads them, of SUITE where it has them, and unpacks them below ROOT.
take() {
	local root=$1 deb
	shift
	rm -rf "$FOLDER/debs"
	mkdir -p "$FOLDER/debs"
	(cd "$FOLDER/debs" && limited "$DOWNLOAD_LIMIT" apt-get -q -q -t "$SUITE" download "$@") ||
		die "cannot download $*"
	for deb in "$FOLDER/debs"/*.deb; do
		dpkg-deb -x "$deb" "$root"
	done
	rm -rf "$FOLDER/debs"
}

# The shared libraries that the program and its modules ask for and the host has not.
missing_libraries() {
	local file
	for file in "$1" "$2"/accel-*.so; do
		[ ! -e "$file" ] || ldd "$file" | sed -n 's/^\t\(.*\) => not found$/\1/p'
	done | sort -u
}

# What apt would install along with the program.
packages_the_host_lacks() {
	local package
	for package in $(apt-get -q -q -s --no-install-recommends -t "$SUITE" install qemu-system-x86 |
		sed -n 's/^Inst \([^ ]*\) (.*/\1/p'); do
		# No line in brackets: it is not there in any version.
		[[ " $PACKAGES " == *" $package "* ]] || echo "$package"
	done
}

make_upstream() {
	local root=$builds/$NAME.new lib=usr/lib/x86_64-linux-gnu version missing lacking
	local binary=usr/bin/qemu-system-x86_64 env=("QEMU_MODULE_DIR=$builds/$NAME/$lib/qemu")
	say "fetching the packaged QEMU of $SUITE"
	if ! apt_lists bookworm "$SUITE"; then
		if grep -q 'does not have a Release file' "$FOLDER/update.log"; then
			say "the mirror has no $SUITE: there will be no build $NAME"
			return
		fi
		sed 's/^/qemu: /' "$FOLDER/update.log" >&2
		die "cannot get the lists of packages of $SUITE"
	fi
	version=$(apt-cache show "qemu-system-x86/$SUITE" 2>/dev/null | sed -n 's/^Version: //p' | head -n 1)
	if [ -z "$version" ]; then
		say "$SUITE has no qemu-system-x86: there will be no build $NAME"
		return
	fi
	rm -rf "$root"
	mkdir "$root"
	take "$root" $PACKAGES
	missing=$(missing_libraries "$root/$binary" "$root/$lib/qemu")
	if [ -n "$missing" ]; then
		lacking=$(packages_the_host_lacks)
		say "the host lacks" $missing
		[ -n "$lacking" ] || die 'and apt knows no package to fetch for it'
		mkdir "$root/more"
		take "$root/more" $lacking
		env+=("LD_LIBRARY_PATH=$builds/$NAME/more/$lib:$builds/$NAME/more/lib/x86_64-linux-gnu")
	fi
	start "$root" "${env[@]}" "$root/$binary" --version >/dev/null || die "$NAME does not start"
	register "$NAME" "$hash" "Debian qemu-system-x86 $version of $SUITE, unpacked" \
		"$builds/$NAME/$binary" "$builds/$NAME/usr/share/seabios" "$builds/$NAME/usr/share/qemu" \
		"$builds/$NAME/usr/lib/ipxe/qemu" -- "${env[@]}"
	say "$NAME took $((SECONDS - started)) s"
}

# start ROOT ENV=VALUE... COMMAND...: while the folder is not yet in its place.
start() {
	local root=$1
	shift
	env "${@//"$builds/$NAME/"/"$root/"}"
}

hash=$(hash_of "$here/lib.sh" "$here/upstream.sh")
started=$SECONDS
if is_registered "$NAME" "$hash"; then
	say "$NAME is there"
	exit
fi
make_upstream
