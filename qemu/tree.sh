# SPDX-License-Identifier: GPL-2.0-or-later
# Debian's source package of QEMU: fetched, unpacked, configured, and compiled with more or fewer of
# our patches. Wherever it was interrupted, the next run goes on from what is whole.

# The one place that names the version. If the mirror has it no more, its newest of the same release is
# taken.
QEMU_VERSION=1:7.2+dfsg-7+deb12u18
QEMU_RELEASE='1:7\.2[+.]'

QEMU_SUITES='bookworm bookworm-security'

QEMU_CONFIGURE='--target-list=x86_64-softmmu --without-default-features --enable-kvm --enable-tcg
	--enable-seccomp --enable-zstd --enable-live-block-migration --enable-fdt=system --disable-docs --meson=/usr/bin/meson'

# source/ is as Debian has it; tree/ are links to the same files, but for those that patches
# change; obj/ is what is built of tree/.
source=$work/source tree=$work/tree obj=$work/obj
patches=("$here"/patches/*.patch)
# What they are made from; what patches change is compiled anew without that.
tree_hash=$(hash_of - <<<"$QEMU_VERSION $QEMU_CONFIGURE")

# Neither another python, nor what a make above us sets, has a say.
PATH=/usr/sbin:/usr/bin:/sbin:/bin
unset CC CXX CFLAGS CXXFLAGS CPPFLAGS LDFLAGS MAKEFLAGS MAKELEVEL PKG_CONFIG_PATH PYTHONPATH PYTHONHOME

# prepare_tree: tree/ is there and obj/ is configured.
prepare_tree() {
	local dsc
	if [ "$(cat "$source/made-from" 2>/dev/null)" != "$tree_hash" ]; then
		rm -rf "$source"
		dsc=$(fetch_source)
		unpack_source "$dsc"
	fi
	# A tree of an older source, or half of one, is none.
	if [ "$(cat "$tree/made-from" 2>/dev/null)" != "$tree_hash" ] || [ ! -e "$obj/configured" ]; then
		rm -rf "$tree" "$tree.new" "$obj"
		cp -al "$source" "$tree.new"
		mv "$tree.new" "$tree"
		configure_tree
	fi
}

# Says where its .dsc is; of what else there is to say, to standard error.
fetch_source() {
	local folder=$work/apt-source found version
	rm -rf "$folder/package"
	mkdir -p "$folder/package"
	private_apt "$folder" deb-src $QEMU_SUITES
	say 'fetching the source package' >&2
	limited "$LISTS_LIMIT" apt-get -q -q update >&2 || die 'cannot get the lists of source packages'
	found=$(apt-cache showsrc qemu | sed -n 's/^Version: //p' | grep "^$QEMU_RELEASE" | sort -uV) ||
		die "the mirror has no source package of the release of qemu $QEMU_VERSION"
	version=$QEMU_VERSION
	if ! grep -qxF "$version" <<<"$found"; then
		version=$(tail -n 1 <<<"$found")
		say "the mirror has no qemu $QEMU_VERSION, taking $version" >&2
	fi
	cd "$folder/package"
	limited "$DOWNLOAD_LIMIT" apt-get -q -q source --download-only "qemu=$version" >&2 ||
		die "cannot fetch the source package qemu $version"
	echo "$folder/package"/*.dsc
}

# apt has compared its hashes with those of the signed list; who signed the .dsc need not be known.
# Debian's own patches are applied by unpacking.
unpack_source() {
	local dsc=$1
	[ -s "$dsc" ] || die 'the source package has no .dsc'
	say 'unpacking it'
	rm -rf "$work/unpack"
	mkdir "$work/unpack"
	dpkg-source -q --no-check --no-copy -x "$dsc" "$work/unpack/source" >/dev/null
	sed -n 's/^Version: //p' "$dsc" | head -n 1 >"$work/unpack/source/version"
	echo "$tree_hash" >"$work/unpack/source/made-from"
	mv "$work/unpack/source" "$source"
	rm -r "$work/unpack"
}

configure_tree() {
	say 'configuring'
	mkdir "$obj"
	if ! (cd "$obj" && "$tree/configure" $QEMU_CONFIGURE >configure.log 2>&1 </dev/null); then
		tail -n 20 "$obj/configure.log" >&2
		die "cannot configure, see $obj/configure.log"
	fi
	touch "$obj/configured"
}

# The files that our patches touch.
patched_files() {
	sed -n 's,^+++ b/,,p' "${patches[@]}" | sort -u
}

# set_patches N: tree/ is Debian's source with the first N of our patches. All files that any of
# them touches are made anew, aside, and those that differ are put in their place.
set_patches() {
	local count=$1 aside=$work/aside file patch
	rm -rf "$aside"
	for file in $(patched_files); do
		mkdir -p "$aside/$(dirname "$file")"
		cp "$source/$file" "$aside/$file" || die "a patch touches $file, which is not there"
	done
	for patch in "${patches[@]:0:count}"; do
		patch -d "$aside" -p1 -F0 -s --no-backup-if-mismatch <"$patch" >&2 ||
			die "$patch does not apply to qemu $(cat "$source/version")"
	done
	for file in $(patched_files); do
		cmp -s "$aside/$file" "$tree/$file" || mv -f "$aside/$file" "$tree/$file"
	done
	rm -rf "$aside"
}

# compile TARGET: of ninja.
compile() {
	local log=$work/compile.log
	if ! ninja -C "$obj" -j "${JOBS:-$(nproc)}" "$1" >"$log" 2>&1 </dev/null; then
		tail -n 30 "$log" >&2
		die "cannot compile $1, see $log"
	fi
}
