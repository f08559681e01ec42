#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# qsoak-domain alone, with real libvirtds: which domain is its own, and how it ends one whenever it is asked to.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../libvirt/lib.sh"

hosts_or_exit 'a domain by qsoak-domain'

ours=018f0000-0000-7000-8000-000000000001

# begin NAME HOST OPTION...: qsoak-domain for the domain qsoak-1-0-NAME, in the background; what it says is in
# $scratch/NAME.qmp and .log, and its peer is $peer.
begin() {
	local name=$1 host=$2
	shift 2
	python3 "$libvirt/peer.py" "$scratch/$name.qmp" "$BUILD/qsoak-domain" --uri "$(uri "$host")" --owner box:/state \
		--qsoakd 1 --slot 0 --name "qsoak-1-0-$name" --uuid "$ours" "$@" \
		<"$scratch/$name.xml" >"$scratch/$name.log" 2>&1 &
	peer=$!
	started+=("$peer")
}

greeted() {
	grep -q '"QMP"' "$scratch/$1.qmp" 2>/dev/null
}

arrived() {
	grep -q QSOAK_ARRIVED "$scratch/$1.qmp"
}

# ended NAME: well, and without a word of its own.
ended() {
	wait "$peer"
	same "$? $(grep '^qsoak-domain' "$scratch/$1.log")" '0 '
}

lets_go() {
	kill "$peer"
	ended "$1"
}

# hung_up PID: that qsoak-domain has seen that its peer is gone.
hung_up() {
	local fd
	fd=$(tr '\0' '\n' <"/proc/$1/cmdline" | tail -1)
	[ -n "$fd" ] && ! [ -e "/proc/$1/fd/$fd" ]
}

# xml NAME EMULATOR: of ours.
xml() {
	EMULATOR=$2 domain_xml "qsoak-1-0-$1" | sed "s|</name>|</name><uuid>$ours</uuid>|" >"$scratch/$1.xml"
}

check 'two hosts come up' two_hosts

# A QEMU that libvirt may ask for what it can, but that starts not before it is told to.
cat >"$shared/late" <<END
#!/bin/bash
case " \$* " in
*" -uuid "*) touch "$shared/starts"; read -r <"$shared/go" ;;
esac
exec /usr/bin/qemu-system-x86_64 "\$@"
END
chmod 755 "$shared/late"
mkfifo "$shared/go"

touch "$scratch/none.xml" "$scratch/moved.xml"

ASKS='{"exec-oob": "query-yank", "id": 1}' begin none b --incoming
check 'one that waits for its domain greets' await "$host_limit" greeted none
check 'asked before, it says so' grep -q '"libvirt is not connected to yet"},"id":1' "$scratch/none.qmp"
check 'let go, it ends: there is nothing to destroy' lets_go none

# Two qsoakds on two hosts may have the same pid.
check 'a domain of that name, but of somebody else' domain a qsoak-1-0-moved
begin moved b --incoming
await "$host_limit" greeted moved
check 'moves to where ours is waited for' migrate a b qsoak-1-0-moved
check 'it is not taken for ours' eval '! arrived moved'
check 'let go, ours ends' lets_go moved
check 'the other one runs on' same "$(state_of b qsoak-1-0-moved)" running

guest_config >"$shared/qsoak-1-0-begun.config"
cp "$shared/qsoak-1-0-moved.vars.qcow2" "$shared/qsoak-1-0-begun.vars.qcow2"
cp "$shared/qsoak-1-0-moved.vmstate.qcow2" "$shared/qsoak-1-0-begun.vmstate.qcow2"
xml begun "$shared/late"
begin begun a
check 'a QEMU is about to start' await "$host_limit" test -e "$shared/starts"
domain=$(pgrep -P "$peer")
kill "$peer"
check 'its peer goes' await "$host_limit" hung_up "$domain"
echo go >"$shared/go"
check 'let go before it has started, it ends as it was asked to' ended begun
check 'and nothing of it is left' same "$(virsh_on a list --all --name | xargs)" ''
