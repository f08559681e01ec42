#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Bad input gets one clear line and exit code 2, and nothing is started.
. "$(dirname "$0")/../lib.sh"

profile 2 'loops: 4' good >"$scratch/good.yaml"

# refused NAME EXPECTED ARGUMENT...: qsoak with these arguments prints EXPECTED and exits with 2.
refused() {
	local name=$1 expected=$2 output status
	shift 2
	output=$("$BUILD/qsoak" "$@" 2>&1 >/dev/null)
	status=$?
	check "$name: exit code 2" same "$status" 2
	check "$name: says what and where" contains "$output" "$expected"
	check "$name: in one line" same "$(grep -c . <<<"$output")" "${LINES_EXPECTED:-1}"
	check "$name: nothing is started" same "$(ls "$scratch/state/incidents" 2>/dev/null)" ''
}

# profile_refused NAME SED-SCRIPT EXPECTED: the good profile, changed.
profile_refused() {
	sed "$2" "$scratch/good.yaml" >"$scratch/bad.yaml"
	refused "$1" "$scratch/bad.yaml:$3" run "$scratch/bad.yaml" --local --state-dir "$scratch/state"
}

profile_refused 'unknown key' 's/fleet: {vms/fleet: {vmss/' \
	'4: fleet.vmss: unknown key, expected vms, loops-per-vm, shutdown, boots, vm-memory or vm-cpus'
profile_refused 'wrong type' 's/vms: 2/vms: many/' '4: fleet.vms: found many, expected 1 to 256'
profile_refused 'zero VMs' 's/vms: 2/vms: 0/' '4: fleet.vms: found 0, expected 1 to 256'
profile_refused 'a limit of 0' 's/boot: 20s/boot: 0s/' '11: limits.boot: found 0s, expected 1ms to 24h'
profile_refused 'duplicate build' '$p' '18: builds[1].name: found good, expected a name that builds[0] has not'
profile_refused 'YAML alias' 's/guest: {name: pflash-hammer}/guest: *a/' '3:'
profile_refused 'not YAML' 's/^fleet.*/fleet: {]/' '4:'
profile_refused 'empty' d '1: '

state=(--local --state-dir "$scratch/state")
head -c 50000000 /dev/zero >"$scratch/big.yaml"
refused '50 MB' "$scratch/big.yaml: longer than" run "$scratch/big.yaml" "${state[@]}"
refused 'missing profile' "cannot open the profile $scratch/none.yaml" \
	run "$scratch/none.yaml" "${state[@]}"
refused 'a folder as profile' "cannot read the profile $scratch" run "$scratch" "${state[@]}"
sed 's|binary: [^,]*|binary: /nonexistent/qemu|' "$scratch/good.yaml" >"$scratch/bad.yaml"
refused 'missing binary' 'build good: cannot open /nonexistent/qemu: No such file' \
	run "$scratch/bad.yaml" "${state[@]}"
sed 's|binary: [^,]*|binary: /dev/zero|' "$scratch/good.yaml" >"$scratch/bad.yaml"
refused 'a device as binary' 'build good: /dev/zero is not a program' \
	run "$scratch/bad.yaml" "${state[@]}"
printf '#!/bin/sh\nprintf "\\377oops\\n"; exit 1\n' >"$scratch/babble"
chmod +x "$scratch/babble"
sed "s|binary: [^,]*|binary: $scratch/babble|" "$scratch/good.yaml" >"$scratch/bad.yaml"
refused 'a binary that babbles' "$scratch/babble exited with status 1: ?oops" \
	run "$scratch/bad.yaml" "${state[@]}"
refused '--build that is no UTF-8' '--build good: ' run "$scratch/good.yaml" "${state[@]}" \
	--build good=$'/tmp/\377'
sed 's|binary: [^,]*|binary: /bin/false|' "$scratch/good.yaml" >"$scratch/bad.yaml"
refused 'a binary that is no QEMU' 'build good: /bin/false exited with status 1' \
	run "$scratch/bad.yaml" "${state[@]}"
sed 's|pflash-hammer|no-such-guest|' "$scratch/good.yaml" >"$scratch/bad.yaml"
refused 'missing guest' 'guest.name: found no-such-guest, but there is no ' run "$scratch/bad.yaml" "${state[@]}"
refused '--build of a missing file' '--build good: /nonexistent/qemu: No such file' \
	run "$scratch/good.yaml" "${state[@]}" --build good=/nonexistent/qemu
refused '--build without a name' '--build: found "=/bin/true", expected NAME=BINARY' \
	run "$scratch/good.yaml" "${state[@]}" --build =/bin/true
refused '--vms 0' 'vms: expected a whole number from 1 to 256' \
	run "$scratch/good.yaml" "${state[@]}" --vms 0
refused '--vms x' '--vms: found "x", expected a whole number' \
	run "$scratch/good.yaml" "${state[@]}" --vms x
refused '--duration 10' '--duration: ' run "$scratch/good.yaml" "${state[@]}" --duration 10
refused '--seed too big' 'seed: expected a number from 0 to 2^64-1' \
	run "$scratch/good.yaml" "${state[@]}" --seed 99999999999999999999
refused 'an option of another command' 'failures does not take --vms' failures --vms 3
refused 'two profiles' 'run: found 2 arguments, expected PROFILE' run "$scratch/good.yaml" "$scratch/good.yaml"
refused 'results that are not there' "there are no results in $scratch/nowhere" \
	failures --state-dir "$scratch/nowhere"

"$BUILD/qsoak" run "$scratch/good.yaml" "${state[@]}" --vms 3 --loops 7 --seed 5 --json \
	>"$scratch/good.json" 2>/dev/null
(
	trap '' CHLD
	exec "$BUILD/qsoak" run "$scratch/good.yaml" --local --state-dir "$scratch/deaf" --json
) >"$scratch/deaf.json" 2>/dev/null
check 'children whose end our parent did not want to know of are reaped all the same' same $? 0
check 'after all that a good profile runs' same $? 0
check '--vms is heard' same "$(result good .campaign.vms)" 3
check '--seed is heard' same "$(result good .campaign.seed)" 5
check '--loops is heard' test "$(result good .campaign.loops)" -ge 7
check 'operations of all five kinds, and boot' same \
	"$(result good '[.operations[].kind] | sort | join(" ")')" \
	'boot shutdown snapshot-delete snapshot-load snapshot-save'

sed "s|binary: [^,]*|binary: $fake, args: [\"-fake\", \"exit=1@boot\"]|; s|, args: \[\]||" \
	"$scratch/good.yaml" >"$scratch/dead.yaml"
run_campaign dead
check 'a build that never boots ends the campaign by itself' same "$status" 3
check 'and says so, once' same "$(grep -c 'boots in a row failed' "$scratch/dead.log")" 1
profile 2 'loops: 5' good=-fake,error@snapshot-save >"$scratch/barren.yaml"
run_campaign barren
check 'a campaign that gets nowhere is given up' same "$status" 1
check 'and says so' contains "$(cat "$scratch/barren.log")" '100 failures in a row without a loop'
