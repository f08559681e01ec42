#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What other tests with libvirt build on: two hosts in namespaces, migrations between them, their faults, a domain of
# somebody else, and an end that leaves nothing.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/lib.sh"

hosts_or_exit 'two hosts with libvirt'

# What of this could be seen on the host of the test, where other things come and go too.
traces() {
	hostname
	ls -d /run/*libvirt* /run/virtlogd* /var/*/libvirt /etc/libvirt/* /etc/libvirt/qemu/* 2>/dev/null
	grep -F "$scratch" /proc/self/mounts
	ip -oneline link | grep -wo 'ports\|port-[ab]'
}

# A namespace lives as long as a process is in it.
namespaces() {
	local uts
	for uts in /proc/[0-9]*/ns/uts; do
		[ "$(readlink "$uts")" = "$(readlink /proc/self/ns/uts)" ] || nsenter --uts="$uts" hostname
	done 2>/dev/null | grep -e "-$$\$" | sort -u | xargs
}

uuid_of() {
	virsh_on "$1" capabilities | sed -n '/<uuid>/{s/<[^>]*>//g;p;q}' | tr -d ' '
}

domains() {
	virsh_on "$1" list --name | sort
}

# is_on HOST DOMAIN: there, running, with a guest that runs, and nowhere else.
is_on() {
	same "$(xargs <<<"$(domains a) / $(domains b)")" "$3" && same "$(state_of "$1" "$2")" running && guest_moves "$1" "$2"
}

under_way() {
	virsh_on "$1" domjobinfo "$2" 2>/dev/null | grep -q '^Data processed: *[1-9]'
}

fails() {
	! "$@" >/dev/null 2>&1
}

traces >"$scratch/traces"
check 'two hosts come up' two_hosts
check 'each has its own name' same "$(on a hostname) $(on b hostname)" "$(host_name a) $(host_name b)"
check 'and its own id' fails test "$(uuid_of a)" = "$(uuid_of b)"
check 'both have namespaces' same "$(namespaces)" "$(host_name a) $(host_name b) $(host_name switch)"

check 'a domain of somebody else runs on the second' decoy b
check 'one of ours runs on the first, and its guest runs' domain a vm
check 'it is on the first host' is_on a vm 'vm / decoy'

# timing HOST: what QEMU measured of the migration to it.
timing() {
	virsh_on "$1" domjobinfo vm --completed --keep-completed | grep -E 'elapsed|downtime|Setup|processed|Iter' |
		tr -s ' ' | paste -sd, | sed 's/^/# /'
	last_job "$1" vm 'Total downtime' | grep -q '^[0-9]' && last_job "$1" vm 'Data processed' | grep -q '^[1-9]'
}

ticks=$(guest_ticks a vm)
check 'it migrates to the second' migrate a b vm
check 'it is there' is_on b vm '/ decoy vm'
check 'it is the same guest' guest_has_moved b vm "$ticks"
check 'QEMU says how long it took' timing b
check 'through four channels' grep -q '"multifd-channels":4' "$scratch/b/libvirtd.log"
check 'and back, led from the other host' on b virsh -q -c "$(peer_uri b)" migrate --live --parallel \
	--parallel-connections 4 --unsafe vm "$(peer_uri a)" "tcp://$(host_address a)"
check 'it is back' is_on a vm 'vm / decoy'
check 'QEMU says how long that took' timing a

# It would take for ever at 1 MiB/s: the guest writes more than that.
migrate a b vm --p2p --bandwidth 1 >"$scratch/migrate.log" 2>&1 &
migration=$!
check 'a slow one is under way' await 60 under_way a vm
link_down b
check 'it ends when the link is down' await 120 gone "$migration"
kill "$migration" 2>/dev/null
wait "$migration"
check 'it has failed' same "$?" 1
sed 's/^/# /' "$scratch/migrate.log"
check 'the domain goes on where it was' await 60 is_on a vm 'vm / decoy'
link_up b
check 'with the link up it migrates' migrate a b vm
check 'the domain is there' is_on b vm '/ decoy vm'

reason=$(netem_missing)
if [ -n "$reason" ]; then
	skip 'a link with delay' "$reason"
else
	# There and back again, it is the double of both sides' delay.
	answer_ms() {
		local began
		began=$(date +%s%N)
		on a bash -c "exec 3<>/dev/tcp/$(host_address b)/16509" && echo $((($(date +%s%N) - began) / 1000000))
	}
	check 'a link gets a delay' link_netem b delay 250ms
	check 'each packet has it' test "$(answer_ms)" -ge 500
	check 'a migration comes through' migrate b a vm
	check 'its setup has it too' test "$(last_job a vm 'Setup time' | tr -dc 0-9)" -ge 250
	check 'the delay ends' link_netem b
	check 'and the domain is back' migrate a b vm
fi

qemu=$(process_identity "$(qemu_pid b vm)")
was=$(libvirtd_pid b)
check 'libvirtd is killed' libvirtd_kill b
check 'nobody answers' fails virsh_on b list
check 'it is started again' libvirtd_start b
check 'another process' fails same "$(libvirtd_pid b)" "$was"
check 'the same domains' is_on b vm '/ decoy vm'
check 'in the same QEMU' same "$(process_identity "$(qemu_pid b vm)")" "$qemu"
check 'it is stopped' libvirtd_stop b
check 'nobody answers that either' fails timeout 1 virsh -q -c "$(uri b)" list
libvirtd_cont b
check 'it goes on' await 20 is_on b vm '/ decoy vm'

check 'the domain of somebody else ran on all the time' decoy_runs b
virsh_on b destroy decoy && virsh_on b create "$scratch/b/decoy.xml" >/dev/null
check 'another one of that name is none' fails decoy_runs b

# Another test, at the same time; it is killed.
cat >"$scratch/other.sh" <<-END
	. "$top/tests/lib.sh"
	. "$top/tests/libvirt/lib.sh"
	one_libvirtd && domain a vm && guest_moves a vm && echo runs && kill -9 \$\$
END
check 'another test at the same time has its own' same \
	"$(TMPDIR=$scratch bash "$scratch/other.sh" 2>&1)" runs
check 'it leaves no process when it is killed' await 40 fails pgrep -f "$scratch/tmp\."
check 'ours goes on' is_on b vm '/ decoy vm'

hosts_end
check 'no process is left behind' nothing_left
check 'no namespace is left behind' same "$(namespaces)" ''
check 'no mount, no link, nothing in /run, /etc or /var' diff "$scratch/traces" <(traces)
