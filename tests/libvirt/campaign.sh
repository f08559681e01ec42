# SPDX-License-Identifier: GPL-2.0-or-later
# Campaigns of one VM on the hosts of lib.sh, and what their store says.

# profile NAME GUEST-KEYS STOP OPERATION...: of one VM, in $scratch/NAME.yaml.
profile() {
	local name=$1 guest=$2 stop=$3 operation
	shift 3
	cat >"$scratch/$name.yaml" <<-END
		name: $name
		backend: libvirt
		uris: ["$(uri a)", "$(uri b)"]
		machine: {type: pc-q35-7.2, accel: tcg, ram: 32MiB}
		guest: {name: pflash-hammer$guest}
		fleet: {vms: 1, loops-per-vm: 1000}
		limits: {reply: 20s, snapshot-save: 20s, snapshot-load: 20s, migrate: 60s, boot: 60s, stall: 20s}
		watch: {stolen-cpu: 100}
		stop: {$stop}
		builds:
		  - {name: stock, binary: /usr/bin/qemu-system-x86_64}
		operations:
	END
	for operation; do
		echo "  - {operation: $operation}" >>"$scratch/$name.yaml"
	done
}

# begin NAME: the campaign of that profile, in the background; its client is $client.
begin() {
	state=$scratch/shared/$1
	"$BUILD/qsoak" run "$scratch/$1.yaml" --local --state-dir "$state" >"$scratch/$1.out" 2>"$scratch/$1.log" &
	client=$!
	started+=("$client")
}

sql() {
	sqlite3 -cmd '.timeout 5000' "file:$state/results.db?mode=ro" "$1" 2>/dev/null
}

has_done() {
	[ "$(sql "SELECT count(*) FROM operation WHERE outcome = 'ok' AND kind = '$1'")" -ge "$2" ] 2>/dev/null
}

failures() {
	sql "SELECT count(*) FROM failure"
}

has_failed() {
	[ "$(failures)" -ge "$1" ] 2>/dev/null
}

# Of the failure with this number, from 1 on.
failure() {
	sql "SELECT s.class || ' ' || coalesce(f.place, '-') FROM failure f JOIN signature s ON s.id = f.signature_id
		ORDER BY f.id LIMIT 1 OFFSET $(($1 - 1))"
}

ends() {
	kill -INT "$client" 2>/dev/null
	wait "$client"
}

ours_left() {
	{ virsh_on a list --name; virsh_on b list --name; } | grep '^qsoak-' | xargs
}

describe() {
	sed 's/^/# /' "$scratch/${1}.log"
	sql 'SELECT * FROM failure' | sed 's/^/# /'
	false
}
