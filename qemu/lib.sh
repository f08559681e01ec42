# SPDX-License-Identifier: GPL-2.0-or-later
# For the scripts in this folder: the cache, the lock, a private apt, and how a build is registered.

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/qsoak
work=$cache/qemu
builds=$cache/builds

# What cannot end must not wait for ever: seconds for lists of packages, for a download, for who else is at work.
LISTS_LIMIT=180 DOWNLOAD_LIMIT=600 LOCK_LIMIT=1200

say() {
	echo "qemu: $*"
}

die() {
	echo "qemu: $*" >&2
	exit 1
}

# limited SECONDS COMMAND...: what was not done by then is ended, with all that it started.
limited() {
	local limit=$1
	shift
	timeout -k 10 "$limit" "$@"
}

# One at a time, until all that we started has ended: what we leave behind still holds the lock.
lock_cache() {
	mkdir -p "$work" "$builds" || die "cannot make $cache"
	exec 9>"$work/lock"
	flock -n 9 && return
	say "somebody else is at work in $cache, waiting"
	flock -w "$LOCK_LIMIT" 9 || die "$work/lock is still held: $(holders_of_lock)"
}

holders_of_lock() {
	local fd
	for fd in /proc/[0-9]*/fd/*; do
		if [ "$(readlink "$fd")" = "$work/lock" ]; then
			fd=${fd#/proc/}
			[ "${fd%%/*}" = $$ ] || [ "${fd%%/*}" = "$BASHPID" ] ||
				echo -n "process ${fd%%/*} "
		fi
	done 2>/dev/null
}

# hash_of FILE...: one hash of their contents.
hash_of() {
	cat "$@" | sha256sum | cut -d' ' -f1
}

# Private apt: sources, lists and downloads of its own, below a folder in the cache. Of the host's
# settings it has how to reach a mirror, and which keys to trust.

# mirror_of SUITE: where the host gets it, by the host's apt.
mirror_of() {
	apt-get indextargets --format '$(CODENAME) $(ORIGIN) $(COMPONENT) $(REPO_URI)' \
		'Created-By: Packages' | sed -n "s/^$1 Debian main //p" | head -n 1
}

# private_apt FOLDER TYPE SUITE...: for deb or deb-src; sets APT_CONFIG. A suite of backports is on the
# mirror of the suite it is for.
private_apt() {
	local folder=$1 type=$2 suite mirror
	shift 2
	mkdir -p "$folder/lists/partial" "$folder/cache/archives/partial"
	for suite; do
		mirror=$(mirror_of "${suite%-backports}")
		[ -n "$mirror" ] ||
			die "apt knows no mirror of Debian's ${suite%-backports} (if it should: apt-get update)"
		echo "$type $mirror $suite main"
	done >"$folder/sources.list"
	env -u APT_CONFIG apt-config dump >"$folder/host.conf"
	{
		grep -E '^Acquire::(https?|ftp|socks|Force[^:]*)(::| )' "$folder/host.conf" || :
		cat <<-END
			Dir::Etc::main "/dev/null";
			Dir::Etc::parts "/dev/null";
			Dir::Etc::sourcelist "$folder/sources.list";
			Dir::Etc::sourceparts "/dev/null";
			Dir::Etc::preferences "/dev/null";
			Dir::Etc::preferencesparts "/dev/null";
			Dir::State::lists "$folder/lists";
			Dir::Cache "$folder/cache";
			APT::Sandbox::User "root";
			Acquire::Languages "none";
			Acquire::Retries "2";
			Acquire::http::Timeout "30";
			Acquire::https::Timeout "30";
		END
	} >"$folder/apt.conf"
	export APT_CONFIG=$folder/apt.conf
}

# Registers a build, as its last step: register NAME HASH ORIGIN BINARY DATA... [-- ENV=VALUE...].
# The folder NAME.new, which has all of it, becomes NAME, and only then there is a NAME.yaml.
register() {
	local name=$1 hash=$2 origin=$3 binary=$4
	shift 4
	echo "$hash" >"$builds/$name.new/made-from"
	{
		echo "name: $name"
		echo "binary: $(yaml "$binary")"
		echo "data:"
		while [ $# != 0 ] && [ "$1" != -- ]; do
			echo "  - $(yaml "$1")"
			shift
		done
		[ $# = 0 ] || echo "env:"
		while shift && [ $# != 0 ]; do
			echo "  ${1%%=*}: $(yaml "${1#*=}")"
		done
		echo "origin: $(yaml "$origin")"
	} >"$builds/$name.new/yaml"
	unregister "$name"
	mv "$builds/$name.new" "$builds/$name"
	mv "$builds/$name/yaml" "$builds/$name.yaml"
}

unregister() {
	rm -f "$builds/$1.yaml"
	rm -rf "${builds:?}/$1"
}

# is_registered NAME HASH: it is there, and made from just that.
is_registered() {
	[ -s "$builds/$1.yaml" ] && [ "$(cat "$builds/$1/made-from" 2>/dev/null)" = "$2" ]
}

yaml() {
	local text=${1//\\/\\\\}
	echo "\"${text//\"/\\\"}\""
}
