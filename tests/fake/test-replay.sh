#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A failure is played again: the same plan on the same build, or on another one, and how often it comes.
. "$(dirname "$0")/../lib.sh"
. "$top/tests/service.sh"

# replay NAME INCIDENT ARGUMENT...: in the state of NAME; writes replay.json and replay.log, sets status.
replay() {
	local name=$1 incident=$2
	shift 2
	"$BUILD/qsoak" replay "$incident" --state-dir "$scratch/$name" --json "$@" \
		>"$scratch/replay.json" 2>"$scratch/replay.log"
	status=$?
}

# build NAME ARGUMENTS: a build that is a script, which gives the fake these, unless it is only asked who it is.
build() {
	printf '#!/bin/bash\n[[ " $* " == *" -name "* ]] && set -- "$@" %s\nexec %q "$@"\n' "$2" "$fake" \
		>"$scratch/$1"
	chmod +x "$scratch/$1"
}

sql() {
	sqlite3 "$scratch/$1/results.db" "$2"
}

# What a VM did, loop by loop, the failing one included: done_by STATE CAMPAIGN SLOT VM.
done_by() {
	sql "$1" "SELECT group_concat(loop || ' ' || kind, ', ') FROM (SELECT loop, kind FROM operation
		WHERE campaign_id = $2 AND slot = $3 AND vm = $4 AND loop >= 0 ORDER BY id)"
}

# Each slot has a plan of its own, so the incident's is told from others by what is done; it is not its
# slot's first VM. The third `stop` of a VM fails, wherever its plan has it.
bad=bad=-fake,assert@stop:3
{
	LOOPS=12 profile 2 'failures: 8' $bad good | sed '/^operations/,/^  *- .*delete}/d'
	cat <<-END
		order: weighted
		operations:
		  - {operation: stop-cont, weight: 2}
		  - {operation: reset, weight: 1}
		  - {operation: snapshot-save, verify: 0, weight: 1}
		  - {operation: snapshot-load, verify: 0}
		  - {operation: snapshot-delete}
		seed: 7
	END
} >"$scratch/plan.yaml"
run_campaign plan
read -r incident campaign slot vm loops < <(sql plan 'SELECT id, campaign_id, slot, vm, loops FROM failure
	WHERE vm > 2 AND loops > 3 ORDER BY id LIMIT 1' | tr '|' ' ')
original=$(done_by plan "$campaign" "$slot" "$vm")
check 'there is an incident of a later VM' test -n "$original"
replay plan "$incident" --times 5
check 'all attempts fail: exit code 1' same "$status" 1
check 'each of them is counted, after the loops that it took' same \
	"$(result replay '"\(.attempts) \(.reproduced) \(.loops_to_failure)"')" \
	"5 5 [$loops,$loops,$loops,$loops,$loops]"
check 'the rate has its interval' same \
	"$(result replay '"\(.rate_lower * 1000 | round) \(.rate_upper)"')" '478 1'
again=$(result replay .campaign)
check 'so many VMs, in as many slots' same "$(sql plan "SELECT count(DISTINCT slot) || ' ' || count(*)
	FROM vm WHERE campaign_id = $again")" '2 5'
while read -r slot vm; do
	check "slot $slot, VM $vm: the plan was the same, operation for operation" same \
		"$(done_by plan "$again" "$slot" "$vm")" "$original"
done < <(sql plan "SELECT slot, vm FROM vm WHERE campaign_id = $again" | tr '|' ' ')
guest_seed() {
	jq -r '.machine["guest-seed"]' "$scratch/plan/incidents/$1/manifest.json"
}
second=$(sql plan "SELECT max(id) FROM failure WHERE campaign_id = $again")
check 'the guest had the same seed' same "$(guest_seed "$second")" "$(guest_seed "$incident")"
replay plan "$second" --times 2
check 'a failure of a replay can be replayed' same "$(result replay '"\(.attempts) \(.loops_to_failure)"')" \
	"2 [$loops,$loops]"

replay plan "$incident" --times 30 --build good
check 'on another build of the profile it does not come: exit code 0' same "$status" 0
check 'what is excluded is the upper bound of none in 30' same \
	"$(result replay '"\(.attempts) \(.reproduced) \(.rate_upper * 1000 | round)"')" '30 0 95'
each=$((2 * (loops + 1) < 12 ? 2 * (loops + 1) : 12))
check 'each attempt had twice the loops of the incident, but no more than a VM' same \
	"$(sql plan "SELECT DISTINCT loops FROM vm WHERE campaign_id = $(result replay .campaign)")" "$each"
text=$("$BUILD/qsoak" replay "$incident" --state-dir "$scratch/plan" --build good 2>/dev/null)
check 'in words, of ten attempts without --times' contains "$text" \
	"not reproduced in 10 attempts of $each loops: with 95 % confidence it comes in less than 26 % of them"
replay plan "$incident" --times 3 --vms 1
check '--vms: one after the other' same "$(sql plan "SELECT count(DISTINCT slot) || ' ' || count(*) FROM vm
	WHERE campaign_id = $(result replay .campaign)")" '1 3'

# A build that fails now and then, and not always so: every third VM as the incident did.
mkdir "$scratch/turns"
cat >"$scratch/moody" <<-END
	#!/bin/bash
	n=0
	if [[ " \$* " == *" -name "* ]]; then
		while ! mkdir "$scratch/turns/\$n" 2>/dev/null; do n=\$((n + 1)); done
		[ \$((n % 3)) = 1 ] && set -- "\$@" -fake assert@stop:3
		[ \$((n % 3)) = 2 ] && set -- "\$@" -fake segv@cont:2
	fi
	exec "$fake" "\$@"
END
chmod +x "$scratch/moody"
replay plan "$incident" --times 9 --build moody="$scratch/moody"
check 'a third of the attempts' same "$status $(result replay '"\(.attempts) \(.reproduced)"')" '1 9 3'
check 'others are told apart' same \
	"$(result replay '.others[] | "\(.class) \(.failures)"')" 'crash 3'
check 'a build that is not the profile'\''s is used all the same' same "$(result replay .build)" moody

# What cannot be tried says nothing.
build dead '-fake exit=3@boot'
replay plan "$incident" --times 6 --build dead="$scratch/dead"
check 'a build that cannot boot: exit code 3' same "$status $(result replay '"\(.attempts) \(.reproduced)"')" '3 0 0'
replay plan "$incident" --times 2 --build dead="$scratch/dead"
check 'also where that was not yet sure: exit code 4' same "$status $(result replay .attempts)" '4 0'

# A boot that fails says that build cannot boot, and is what is tried here.
LOOPS=3 profile 1 'failures: 1' boot=-fake,exit=3@boot >"$scratch/boot.yaml"
run_campaign boot
replay boot "$(result boot '.signatures[0].incident')" --times 5
check 'a failed boot is tried as often as it was asked' same \
	"$status $(result replay '"\(.attempts) \(.reproduced) \(.wanted)"')" '1 5 5 5'

build killed '-fake kill-self@stop'
replay plan "$incident" --times 2 --build killed="$scratch/killed"
check 'a host that fails: exit code 3' same \
	"$status $(result replay '"\(.attempts) \(.host_failures)"')" '3 0 2'

# Ctrl-C. The log of the replay before must not be taken for that of this one.
build slow '-fake-slow stop=600000'
rm "$scratch/replay.log"
"$BUILD/qsoak" replay "$incident" --state-dir "$scratch/plan" --json --build slow="$scratch/slow" \
	>"$scratch/replay.json" 2>"$scratch/replay.log" &
client=$!
started+=("$client")
await 60 grep -q '^campaign' "$scratch/replay.log"
kill -INT "$client"
wait "$client"
check 'Ctrl-C ends it: 130' same $? 130
check 'and it says how far it came' same "$(result replay '"\(.end) \(.attempts)"')" 'interrupted 0'
check 'nothing is left behind' nothing_left

# The binary that failed, not the one that the profile names.
build other '-fake assert@snapshot-save:2'
LOOPS=5 profile 1 'failures: 1' which | sed "s|binary: $fake|binary: /nonexistent/qemu|" >"$scratch/which.yaml"
run_campaign which --build which="$scratch/other"
incident=$(result which '.signatures[0].incident')
replay which "$incident" --times 2
check 'the recorded binary is used' same "$status $(result replay .reproduced)" '1 2'
check 'INCIDENT may be the folder of the tables' contains "$incident" incidents/

# A failed shutdown comes after as many loops, or not at all.
LOOPS=3 profile 1 'failures: 1' down=-fake,stuck-quit@quit | sed 's/shutdown: 20s/shutdown: 1s/' >"$scratch/down.yaml"
run_campaign down
replay down "$(result down '.signatures[0].incident')" --times 1
check 'a hang of the shutdown is reached again' same \
	"$status $(result replay '"\(.reproduced) \(.loops_per_attempt)"')" '1 1 3'

# By the service: the evidence comes from it, and the campaign is its own.
serve
check 'the service listens' listens
profile 1 'failures: 1' bad=-fake,assert@snapshot-save:2 >"$scratch/service.yaml"
qsoak run "$scratch/service.yaml" --json >"$scratch/service.json" 2>/dev/null
served=$(result service '.signatures[0].incident')
qsoak replay "$served" --times 2 --json >"$scratch/replay.json" 2>"$scratch/replay.log"
check 'a service replays too' same "$? $(result replay '"\(.attempts) \(.reproduced)"')" '1 2 2'
check 'and has a campaign of it' same "$(qsoak campaigns --json | jq '.campaigns | length')" 2

refused() {
	local title=$1 expected=$2
	shift 2
	"$BUILD/qsoak" replay "$@" >/dev/null 2>"$scratch/replay.log"
	check "$title: exit code" same $? 2
	check "$title: and why" contains "$(cat "$scratch/replay.log")" "$expected"
}

incident=${incident#*/}
refused 'two builds' 'found several, expected one build' "$incident" --state-dir "$scratch/which" \
	--build a="$fake" --build b="$fake"
refused 'a build that is nowhere' 'no such build is registered' "$incident" --state-dir "$scratch/which" \
	--build nowhere
refused 'no attempts' 'expected a number above 0' "$incident" --state-dir "$scratch/which" --times 0
refused 'too many' 'replay: attempts: expected a whole number from 1 to 10000' "$incident" \
	--state-dir "$scratch/which" --times 10001
manifest=$scratch/which/incidents/$incident/manifest.json
cp "$manifest" "$scratch/whole"
# damaged KEY VALUE EXPECTED
damaged() {
	jq ".[\"$1\"] = $2" "$scratch/whole" >"$manifest"
	refused "a bundle whose $1 is $2" "incident $incident: its manifest's $1: found $2, expected $3" \
		"$incident" --state-dir "$scratch/which"
}
damaged loops 4611686018427388000 '0 to 1000000'
damaged loops -1 '0 to 1000000'
damaged loops 1000001 '0 to 1000000'
damaged fleet 0 '1 to 256'
damaged fleet 257 '1 to 256'
damaged plan-slot 256 '0 to 255'
damaged plan-vm -1 '0 to 2147483647'
damaged first-loop -1 '0 to 1000000000000'
cp "$scratch/whole" "$manifest"
{
	cat "$scratch/which.yaml"
	head -c $((300 * 1024)) /dev/zero | tr '\0' '#'
} >"$scratch/long.yaml"
cp "$scratch/long.yaml" "${manifest%/*}/profile.yaml"
refused 'a profile that is too long' 'found 262145 bytes, expected at most 262144' \
	"$incident" --state-dir "$scratch/which"
jq 'del(.["first-loop"])' "$scratch/whole" >"$manifest"
refused 'a bundle without a plan' 'its manifest has no first-loop' "$incident" --state-dir "$scratch/which"
