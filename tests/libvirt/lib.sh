# SPDX-License-Identifier: GPL-2.0-or-later
# For tests with a real libvirtd: hosts in namespaces, each with a libvirtd of its own, which no other process and no other
# run of a test meets. Comes after lib.sh. A host is named by a letter; its files are in $scratch/HOST, its logs
# in $scratch/HOST/log. What two hosts share is in $scratch/shared.

libvirt=$top/tests/libvirt
shared=$scratch/shared
declare -A keeper decoy_was

# Seconds for what takes one on an idle host.
host_limit=120

# Why there can be no hosts here, and nothing if there can.
hosts_missing() {
	local program
	[ "$(id -u)" = 0 ] || { echo 'not root'; return; }
	for program in libvirtd virtlogd virsh ip tc nsenter python3; do
		command -v "$program" >/dev/null || { echo "no $program here"; return; }
	done
	unshare --mount --net --uts mount -t tmpfs none /mnt 2>/dev/null || echo 'no namespaces here'
}

# hosts_or_exit TITLE: the test is skipped where there can be none.
hosts_or_exit() {
	local missing
	missing=$(hosts_missing)
	[ -z "$missing" ] || { skip "$1" "$missing"; exit; }
}

# in_namespaces HOST COMMAND...: ends with the test, with all that it started, daemons too.
in_namespaces() {
	local host=$1
	shift
	mkdir -p "$scratch/$host"
	python3 "$libvirt/keeper.py" unshare "$@" >"$scratch/$host/log" 2>&1 </dev/null &
	keeper[$host]=$!
}

# on HOST COMMAND...: within its namespaces.
on() {
	local host=$1
	shift
	nsenter --mount --net --uts --target "$(<"$scratch/$host/pid")" "$@"
}

# The names of all hosts end with the pid of the test.
host_name() {
	echo "qsoak-$1-$$"
}

host_address() {
	echo "10.77.0.$(($(printf %d "'$1") - 96))"
}

# For who is outside.
uri() {
	echo "qemu+unix:///system?socket=$scratch/$1/run/libvirt/libvirt-sock"
}

# For who is on another host.
peer_uri() {
	echo "qemu+tcp://$(host_address "$1")/system"
}

virsh_on() {
	local host=$1
	shift
	virsh -q -c "$(uri "$host")" "$@"
}

one_libvirtd() {
	make_host a && libvirtd_start a
}

two_hosts() {
	make_host a && make_host b && make_switch a b && libvirtd_start a && libvirtd_start b
}

# make_host HOST: its namespaces and files, and virtlogd.
make_host() {
	local host=$1 folder=$scratch/$1
	mkdir -p "$shared" "$folder"/{etc/libvirt,run/lock,var/lib/libvirt,var/log/libvirt,var/cache/libvirt}
	[ -e "$shared/code.bin" ] || cp "$BUILD/guests/pflash-hammer.bin" "$shared/code.bin" || return
	ln -s ../run "$folder/var/run" && mkfifo "$folder/start" || return
	cat >"$folder/etc/hosts" <<-END
		127.0.0.1 localhost
		$(host_address a) $(host_name a)
		$(host_address b) $(host_name b)
	END
	cat >"$folder/etc/libvirt/libvirtd.conf" <<-END
		host_uuid = "$(</proc/sys/kernel/random/uuid)"
		listen_tls = 0
		listen_tcp = 1
		auth_tcp = "none"
		auth_unix_ro = "none"
		auth_unix_rw = "none"
		keepalive_interval = 1
		keepalive_count = 5
		log_filters = "2:qemu.qemu_monitor"
		log_outputs = "2:file:$folder/libvirtd.log"
	END
	# No rights but root's and no cgroups: nothing of it is seen outside, or needs what a container has not. The owner
	# of a shared image is nobody's to restore.
	cat >"$folder/etc/libvirt/qemu.conf" <<-END
		user = "root"
		group = "root"
		dynamic_ownership = 0
		remember_owner = 0
		security_driver = "none"
		cgroup_controllers = []
		namespaces = []
		max_core = "unlimited"
		keepalive_interval = 1
		keepalive_count = 5
	END
	echo "log_outputs = \"2:file:$folder/virtlogd.log\"" >"$folder/etc/libvirt/virtlogd.conf"
	in_namespaces "$host" --mount --net --uts "$libvirt/host.sh" "$folder" "$(host_name "$host")" \
		"$scratch" "$top" "$BUILD"
	await "$host_limit" test -e "$folder/pid" || { sed 's/^/# /' "$folder/log"; return 1; }
	start_on "$host" virtlogd
	await "$host_limit" test -S "$folder/run/libvirt/virtlogd-sock" || { sed 's/^/# /' "$folder"/*log; false; }
}

# start_on HOST COMMAND...: a process that lives as long as the host. No word of it has a blank.
start_on() {
	local host=$1
	shift
	echo "$*" >"$scratch/$host/start"
}

# make_switch HOST...: a network of its own, with a port for eth0 of each host. Who sends to a host that is gone gives up
# after TCP_RETRIES, by default a quarter of a minute: the kernel's own 15 are as many minutes.
make_switch() {
	local host
	mkdir -p "$scratch/switch"
	in_namespaces switch --net --uts sh -c "hostname $(host_name switch) &&
		echo \$\$ >$scratch/switch/pid && exec sleep infinity"
	await "$host_limit" test -s "$scratch/switch/pid" && on switch ip link add ports type bridge &&
		on switch ip link set ports up || return
	for host; do
		on switch ip link add "port-$host" type veth peer name eth0 netns "$(<"$scratch/$host/pid")" &&
			on switch ip link set "port-$host" master ports up &&
			on "$host" ip address add "$(host_address "$host")/24" dev eth0 &&
			on "$host" ip link set eth0 up &&
			on "$host" sh -c "echo ${TCP_RETRIES:-5} >/proc/sys/net/ipv4/tcp_retries2" || return
	done
}

libvirtd_start() {
	start_on "$1" libvirtd --listen
	await "$host_limit" virsh_on "$1" uri >/dev/null 2>&1 || { sed 's/^/# /' "$scratch/$1"/*log; false; }
}

libvirtd_pid() {
	cat "$scratch/$1/run/libvirtd.pid"
}

# Its QEMUs live on.
libvirtd_kill() {
	local pid
	pid=$(libvirtd_pid "$1") && kill -9 "$pid" && await "$host_limit" gone "$pid"
}

libvirtd_stop() {
	local pid
	pid=$(libvirtd_pid "$1") && kill -STOP "$pid" && await "$host_limit" grep -q '^State:.*stopped' "/proc/$pid/status"
}

libvirtd_cont() {
	kill -CONT "$(libvirtd_pid "$1")"
}

# A zombie is gone: in a trap nobody reaps it.
gone() {
	[ -z "$(tr -d '\0' <"/proc/$1/cmdline")" ]
} 2>/dev/null

# As if the cable was pulled: neither host is told of it but by its carrier.
link_down() {
	on switch ip link set "port-$1" down
}

link_up() {
	on switch ip link set "port-$1" up
}

# Why link_netem can do nothing here, and nothing if it can.
netem_missing() {
	on switch tc qdisc replace dev lo root netem delay 1ms 2>/dev/null || echo 'this kernel has no sch_netem'
}

# link_netem HOST WHAT...: tc-netem(8) of what the host sends and of what it is sent; link_netem HOST alone ends it.
link_netem() {
	local host=$1 side
	shift
	for side in "on switch tc qdisc # dev port-$host" "on $host tc qdisc # dev eth0"; do
		if [ $# = 0 ]; then
			${side/\#/del} root
		else
			${side/\#/replace} root netem "$@"
		fi || return
	done
}

# migrate FROM TO DOMAIN [OPTION...]: live, through four channels, led by the client; by libvirtd itself with --p2p.
migrate() {
	local from=$1 to=$2 name=$3 target
	shift 3
	target=$(uri "$to")
	[[ " $* " != *" --p2p "* ]] || target=$(peer_uri "$to")
	virsh_on "$from" migrate --live --parallel --parallel-connections 4 --unsafe "$@" "$name" "$target" \
		"tcp://$(host_address "$to")"
}

# What QEMU said of the last migration to the host: last_job HOST DOMAIN FIELD, as virsh names it.
last_job() {
	virsh_on "$1" domjobinfo "$2" --completed --keep-completed | sed -n "s/^$3: *//p"
}

# domain HOST NAME: starts a transient domain of ours; its images, in the shared folder, are new. ACCEL is kvm or tcg (as by
# default), RAM_MIB, MACHINE and EMULATOR say more. The guest writes to its flash every TURNS_PER_WRITE, by default
# never, since then no known bug of QEMU comes in between; PAUSE_NS is how long it rests in each turn.
domain() {
	local host=$1 name=$2 image
	guest_config >"$shared/$name.config" || return
	for image in vars:64K vmstate:1G; do
		qemu-img create -q -f qcow2 "$shared/$name.${image%:*}.qcow2" "${image#*:}" || return
	done
	domain_xml "$name" >"$scratch/$host/$name.xml"
	virsh_on "$host" create "$scratch/$host/$name.xml" >/dev/null
}

# A struct guest_config: of each turn a page of RAM is written.
guest_config() {
	python3 -c 'import struct, sys
sys.stdout.buffer.write(struct.pack("<4sHHQIIIIQII", b"QGCF", 1, 48, 0, 0, int(sys.argv[1]), 0, 1, 0, int(sys.argv[2]), 0))' \
		"${PAUSE_NS:-200000}" "${TURNS_PER_WRITE:-4000000000}"
}

domain_xml() {
	local type=qemu
	[ "${ACCEL:-tcg}" = tcg ] || type=kvm
	sed -e "s|@NAME@|$1|g; s|@TYPE@|$type|; s|@RAM_MIB@|${RAM_MIB:-16}|; s|@FOLDER@|$shared|" \
		-e "s|@MACHINE@|${MACHINE:-pc-q35-7.2}|; s|@EMULATOR@|${EMULATOR:-/usr/bin/qemu-system-x86_64}|" \
		"$libvirt/domain.xml.in"
}

# qemu_pid HOST DOMAIN: as all the world sees it.
qemu_pid() {
	cat "$scratch/$1/run/libvirt/qemu/$2.pid" 2>/dev/null
}

# The turns of the guest's loop, as its telemetry has them: they count on in whatever QEMU it is.
guest_ticks() {
	od -An -tu8 -j $((0x100100)) -N 8 "$scratch/$1"/var/lib/libvirt/qemu/ram/[0-9]*-"$2"/pc.ram | tr -d ' '
}

guest_moves() {
	local ticks
	ticks=$(guest_ticks "$1" "$2") && await "$host_limit" guest_has_moved "$1" "$2" "$ticks"
}

guest_has_moved() {
	[ "$(guest_ticks "$1" "$2")" -gt "$3" ]
}

state_of() {
	virsh_on "$1" domstate "$2" 2>/dev/null
}

# What tells a process from another that has its pid later: the pid and when it began.
process_identity() {
	local stat
	stat=$(cat "/proc/$1/stat" 2>/dev/null) && set -- "$1" ${stat##*)} && echo "$1 ${21}"
}

# decoy HOST: a domain of somebody else, which is to live on whatever is done to others.
decoy() {
	domain "$1" decoy && decoy_was[$1]=$(process_identity "$(qemu_pid "$1" decoy)")
}

decoy_runs() {
	same "$(state_of "$1" decoy) $(process_identity "$(qemu_pid "$1" decoy)")" "running ${decoy_was[$1]}"
}

# Ends all hosts and what runs on them.
hosts_end() {
	local host
	for host in "${!keeper[@]}"; do
		kill "${keeper[$host]}" 2>/dev/null
	done
	for host in "${!keeper[@]}"; do
		await 40 gone "${keeper[$host]}" || echo "# host $host does not end"
	done
	keeper=()
}

end() {
	trap '' HUP INT TERM
	hosts_end
	finish
}
trap end EXIT
# Otherwise bash would run `end` in the midst of what it does.
trap 'exit 1' HUP INT TERM
