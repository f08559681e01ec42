#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Each way by which a profile may name a libvirt, with real servers: a campaign runs. And the ways that lead nowhere: the
# host's fault, in a sentence.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/lib.sh"

hosts_or_exit 'the URIs of libvirt'
for program in sshd ssh-keygen openssl setpriv; do
	command -v "$program" >/dev/null || { skip 'the URIs of libvirt' "no $program here"; exit; }
done

# profile URI [LIMIT]
profile() {
	cat <<-END
		name: uri
		backend: libvirt
		uris: ["$1"]
		machine: {type: pc-q35-7.2, accel: tcg, ram: 32MiB}
		guest: {name: pflash-hammer, turns-per-write: 1000000000}
		fleet: {vms: 1}
		limits: {libvirt: ${2:-60s}}
		watch: {stolen-cpu: 100}
		stop: {loops: 2, duration: 3m}
		builds: [{name: stock, binary: /usr/bin/qemu-system-x86_64}]
		operations: [{operation: snapshot-save}, {operation: snapshot-load}, {operation: snapshot-delete}]
	END
}

# soaks WHAT STATE COMMAND...: the command, which runs a campaign there, ends well, after two loops.
soaks() {
	local what=$1 folder=$2
	shift 2
	"$@" >"$scratch/out" 2>&1
	check "$what: a campaign runs" eval 'same "$?" 0 || said'
	check "$what: it does its loops" same "$(sqlite3 "$folder/results.db" \
		"SELECT count(*) || ' ' || (SELECT count(*) FROM failure) FROM operation WHERE kind LIKE 'snapshot-load%' AND outcome = 'ok'")" \
		'2 0'
	check "$what: the guest is seen" same "$(sqlite3 "$folder/results.db" \
		"SELECT count(*) FROM measure AS m JOIN operation AS o ON o.id = m.operation_id
		 WHERE m.name = 'blackout_ns' AND o.kind LIKE 'snapshot-save%'")" 2
}

said() {
	sed 's/^/# /' "$scratch/out"
	false
}

# leads_nowhere WHAT URI WORDS: the campaign ends by the host's fault, and says these.
leads_nowhere() {
	local status words=$3
	profile "$2" 3s >"$scratch/nowhere.yaml"
	on a timeout 120 "$BUILD/qsoak" run "$scratch/nowhere.yaml" --local --state-dir "$shared/nowhere-$((++nowhere))" \
		>"$scratch/out" 2>&1
	status=$?
	check "$1: the host has failed" eval 'same "$status" 3 || said'
	check "$1: and it is said why" eval 'contains "$(<"$scratch/out")" "$words" || said'
}

nowhere=0
make_host a || { check 'a host comes up' false; exit; }

# --- TLS: a CA, and certificates of the server and of the client.

pki=$scratch/pki
mkdir -p "$pki/other"
certificate() {
	local name=$1
	shift
	openssl req -newkey rsa:2048 -nodes -keyout "$pki/$name" -out "$scratch/request" -subj "/CN=$2" 2>/dev/null &&
		openssl x509 -req -in "$scratch/request" -CA "$pki/cacert.pem" -CAkey "$pki/cakey.pem" -CAcreateserial -days 2 \
			-extfile <(echo "subjectAltName=DNS:$2") -out "$pki/$1" 2>/dev/null
}
for folder in "$pki" "$pki/other"; do
	openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=ca -keyout "$folder/cakey.pem" -out "$folder/cacert.pem" 2>/dev/null
done
certificate serverkey.pem servercert.pem localhost && certificate clientkey.pem clientcert.pem client
cp "$pki"/client*.pem "$pki/other"
cat >>"$scratch/a/etc/libvirt/libvirtd.conf" <<-END
	listen_tls = 1
	key_file = "$pki/serverkey.pem"
	cert_file = "$pki/servercert.pem"
	ca_file = "$pki/cacert.pem"
	unix_sock_group = "nogroup"
	unix_sock_rw_perms = "0770"
END
# QEMU may run as another user.
sed -i '/^security_driver/d' "$scratch/a/etc/libvirt/qemu.conf"
sed -i '/^listen_tls = 0/d' "$scratch/a/etc/libvirt/libvirtd.conf"
check 'a libvirtd listens, by TLS, too' libvirtd_start a

# --- ssh

mkdir -p "$scratch/a/run/sshd" "$scratch/ssh"
for key in host user; do
	ssh-keygen -q -t ed25519 -N '' -f "$scratch/ssh/$key"
done
cat >"$scratch/ssh/config" <<-END
	ListenAddress 127.0.0.1
	Port 2222
	HostKey $scratch/ssh/host
	AuthorizedKeysFile $scratch/ssh/user.pub
	PidFile $scratch/ssh/pid
	PermitRootLogin prohibit-password
	StrictModes no
END
start_on a "$(command -v sshd)" -D -f "$scratch/ssh/config" -E "$scratch/ssh/log"
check 'an sshd listens' await "$host_limit" test -s "$scratch/ssh/pid"

# --- what there is

for uri in qemu:///system "qemu+unix:///system?socket=/run/libvirt/libvirt-sock" qemu+tcp://localhost/system \
	"qemu+tls://localhost/system?pkipath=$pki" \
	"qemu+ssh://root@localhost:2222/system?keyfile=$scratch/ssh/user&no_verify=1&no_tty=1"; do
	what=${uri%%:*}
	profile "$uri" >"$scratch/$what.yaml"
	soaks "${uri%%\?*}" "$shared/$what" on a "$BUILD/qsoak" run "$scratch/$what.yaml" --local --state-dir "$shared/$what"
done

# As if it was on another host: its QEMUs are no processes that could be looked at.
profile "$(uri a)" >"$scratch/far.yaml"
unshare --pid --fork --mount-proc "$BUILD/qsoak" run "$scratch/far.yaml" --local --state-dir "$shared/far" >"$scratch/out" 2>&1
check 'guests that cannot be seen: a campaign runs' eval 'same "$?" 0 || said'
check 'guests that cannot be seen: the store says so' same \
	"$(sqlite3 "$shared/far/results.db" "SELECT DISTINCT unseen FROM run")" 1
check 'guests that cannot be seen: nothing is told of them' same "$(sqlite3 "$shared/far/results.db" \
	"SELECT count(*) FROM measure WHERE name LIKE 'blackout%'")" 0
check 'guests that cannot be seen: the report says so, once' same \
	"$("$BUILD/qsoak" report --state-dir "$shared/far" | grep -c "^not seen: the guests of 1 runs by $(uri a):")" 1
check 'those that can are not among them' same \
	"$(sqlite3 "$shared/qemu/results.db" "SELECT DISTINCT unseen FROM run")" 0

# A user who may use the libvirtd of root, as that of the service does. The folder of the build may be closed to him. A
# guest that is seen is that of a QEMU of his.
user=$scratch/user
chmod 711 "$scratch" "$scratch"/a{,/run{,/libvirt}}
mkdir -p "$user"/{bin,home} && mkdir -m 700 "$user/run"
cp -r "$BUILD"/{qsoak,qsoakd,qsoak-domain,qsoak-stack,guests} "$user/bin"
profile qemu:///session >"$user/session.yaml"
profile "$(uri a)" >"$user/group.yaml"
chown -R nobody:nogroup "$user"
soaks 'a user of its group' "$user/home/group" setpriv --reuid=nobody --regid=nogroup --clear-groups env -i "PATH=$PATH" \
	"HOME=$user/home" "$user/bin/qsoak" run "$user/group.yaml" --local --state-dir "$user/home/group"

# His own libvirtd is started by the first who asks, and ended by the keeper.
soaks qemu:///session "$user/home/state" python3 "$libvirt/keeper.py" setpriv --reuid=nobody --regid=nogroup --clear-groups \
	env -i "PATH=$PATH" "HOME=$user/home" "XDG_RUNTIME_DIR=$user/run" "$user/bin/qsoak" run "$user/session.yaml" --local \
	--state-dir "$user/home/state"

# libvirt's driver within qsoak-domain.
embedded=$scratch/embedded
mkdir -p "$embedded/etc"
cp "$scratch/a/etc/libvirt/qemu.conf" "$embedded/etc"
echo 'stdio_handler = "file"' >>"$embedded/etc/qemu.conf"
profile "qemu:///embed?root=$embedded" >"$scratch/embed.yaml"
soaks qemu:///embed "$shared/embed" python3 "$libvirt/keeper.py" "$BUILD/qsoak" run "$scratch/embed.yaml" --local \
	--state-dir "$shared/embed"

# --- what there is not

leads_nowhere 'nobody listens' qemu+tcp://localhost:1/system 'Connection refused'
leads_nowhere 'no such driver' qemu:///nonsense 'qemu:///nonsense: libvirt: '
leads_nowhere 'a certificate of somebody else' "qemu+tls://localhost/system?pkipath=$pki/other" 'certificate'
# What ssh says of it libvirt 9.0 does not always get to read.
leads_nowhere 'no key' "qemu+ssh://root@localhost:2222/system?keyfile=$scratch/ssh/host&no_verify=1&no_tty=1" 'libvirt: Cannot recv data'
libvirtd_stop a
leads_nowhere 'it hangs' qemu+tcp://localhost/system 'does not answer'
libvirtd_cont a
