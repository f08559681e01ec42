# SPDX-License-Identifier: GPL-2.0-or-later
# For tests with a real systemd: a Debian root with QEMU, booted in a container. Comes after lib.sh.

root=$scratch/root
suite=bookworm
# What the tests use.
packages='qemu-system-x86, gdb, curl, jq, procps'

# make_root DEB: unpacks a root with all that the package depends on. Packed once, from the mirror that this host's apt
# uses.
make_root() {
	local packed mirror wanted
	wanted="$packages, $(dpkg-deb -f "$1" Depends)"
	packed=$top/build/systemd-root-$(cksum <<<"$suite $wanted" | cut -d' ' -f1).tar
	if [ ! -s "$packed" ]; then
		mirror=$(mirrors '$(REPO_URI)' "Release: $suite" | head -1)
		[ -n "$mirror" ] || { echo "# apt knows no mirror of $suite: apt-get update"; return 1; }
		{
			debootstrap --variant=minbase --include=systemd,systemd-sysv,dbus "$suite" "$root" "$mirror" &&
				mirrors 'deb $(REPO_URI) $(RELEASE) $(COMPONENT)' >"$root/etc/apt/sources.list" &&
				chroot "$root" apt-get -q update &&
				DEBIAN_FRONTEND=noninteractive chroot "$root" apt-get -q -y \
					--no-install-recommends satisfy "$wanted" &&
				chroot "$root" apt-get clean && mkdir -p "$top/build" &&
				tar -C "$root" -cf "$packed.new" . && mv "$packed.new" "$packed"
		} >"$scratch/root.log" 2>&1 || { tail -20 "$scratch/root.log" | sed 's/^/# /'; return 1; }
		return
	fi
	mkdir "$root" && tar -C "$root" -xf "$packed"
}

# mirrors FORMAT [FILTER...]: what this host's apt reads of Debian.
mirrors() {
	local format=$1
	shift
	apt-get indextargets --format "$format" 'Created-By: Packages' 'Origin: Debian' "$@"
}

# Boots the root; sets container and init.
boot() {
	SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1 UNIFIED_CGROUP_HIERARCHY=1 systemd-nspawn --quiet \
		--directory="$root" --boot --register=no --keep-unit --console=pipe --machine="qsoak-test-$$" \
		--private-network >"$scratch/console" 2>&1 </dev/null &
	container=$!
	started+=("$container")
	await 60 booted || { tail -20 "$scratch/console" | sed 's/^/# /'; false; }
}

booted() {
	init=$(pgrep -P "$container" -x systemd) || return
	inside systemctl is-system-running 2>/dev/null | grep -qE '^(running|degraded)$'
}

# A command as root of the container.
inside() {
	nsenter -t "$init" -a env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 HOME=/root "$@"
}

# The container ends before its root is removed.
end() {
	[ -z "${container:-}" ] || { kill "$container" && await 20 gone "$container" || kill -9 "$container"; } 2>/dev/null
	finish
}

gone() {
	! kill -0 "$1" 2>/dev/null
}
trap end EXIT
