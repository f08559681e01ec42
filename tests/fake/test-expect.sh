#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Failures that the profile expects: recorded and shown, but no reason to stop or to complain; and
# campaigns that end when each build has shown what it had to.
. "$(dirname "$0")/../lib.sh"

# expecting NAME EXPECT VMS STOP BUILD...
expecting() {
	local name=$1 expect=$2
	shift 2
	{
		profile "$@"
		echo "expect: $expect"
	} >"$scratch/$name.yaml"
	run_campaign "$name"
}

counts() {
	result "$1" '"\(.campaign.failures) \(.campaign.expected)"'
}

# The foil fails in its third save, each of its VMs anew; the other build must be clean.
foil=foil=-fake,assert@snapshot-save:3
poll='{signature: "*bdrv_poll_co*", build: foil}'

expecting both "[$poll]" 2 'expected: true, loops-per-build: 12' "$foil" good
check 'what was expected came, the other build is clean: exit code 0' same "$status" 0
check 'it is counted, as expected' same "$(counts both)" '1 1'
check 'the foil drained once it had failed: it did no loop more' same \
	"$(sqlite3 "$scratch/both/results.db" "SELECT sum(loops) FROM vm WHERE slot = 0")" 2
check 'the other build did its loops' same \
	"$(sqlite3 "$scratch/both/results.db" "SELECT sum(loops) FROM vm WHERE slot = 1")" 12
check 'it is announced as expected' grep -q \
	'^failure [0-9]*, expected: build foil, .*: assertion in bdrv_poll_co' "$scratch/both.log"
"$BUILD/qsoak" report --state-dir "$scratch/both" >"$scratch/both.txt"
check 'the report says so in its first line' contains "$(head -1 "$scratch/both.txt")" \
	'1 failure (1 expected)'
check 'and in the line of the signature' grep -qE '^foil +assertion .* 1$' "$scratch/both.txt"
check 'failures says so' grep -q 'incidents/[0-9]* *[a-z-]*, expected$' \
	<("$BUILD/qsoak" failures --state-dir "$scratch/both")
check 'the evidence is there' test -s \
	"$scratch/both/$(result both '.signatures[0].incident')/manifest.json"

# The same failure on the wrong build, and another failure of the right one, are failures.
expecting wrong-build "[$poll]" 1 'failures: 1' good=-fake,assert@snapshot-save:3 foil
check 'of another build it is a failure' same "$status $(counts wrong-build)" '1 1 0'
expecting other "[$poll]" 1 'failures: 1' foil=-fake,exit=3@snapshot-save:3
check 'another signature is a failure' same "$status $(counts other)" '1 1 0'

# Expected ones do not count for the rule `failures`: what ends this is the loops, two a VM.
expecting rule "[{signature: 'assertion in *'}]" 1 'failures: 1, loops: 6' "$foil"
check 'they do not count for the rule failures' same "$status $(counts rule)" '0 2 2'

# What never comes.
expecting never "[$poll, {signature: 'crash*', build: foil}, {signature: 'hang*', build: good}]" 2 \
	'expected: true, loops-per-build: 4' "$foil" good
check 'what never came makes it inconclusive' same "$status" 4
check 'and is named, with its build' same "$(grep '^inconclusive' "$scratch/never.log")" \
	"$(printf '%s\n%s' 'inconclusive: expected of build foil, but never seen: crash*' \
		'inconclusive: expected of build good, but never seen: hang*')"

# A foil that fails before any loop does what it should, as often as it likes; what nobody expects
# is given up as always.
failures_above() {
	[ "$(sqlite3 "$scratch/boots/results.db" 'SELECT count(*) FROM failure' 2>/dev/null)" -gt "$1" ]
} 2>/dev/null
{
	profile 1 'loops: 1' foil=-fake,exit=3@boot
	echo "expect: [{signature: 'exit * in boot*'}]"
} >"$scratch/boots.yaml"
"$BUILD/qsoak" run "$scratch/boots.yaml" --local --state-dir "$scratch/boots" >/dev/null 2>&1 &
client=$!
started+=("$client")
check 'boots that fail as expected do not end the campaign' await 60 failures_above 6
kill -INT "$client"
wait "$client"
expecting seen "[{signature: 'exit * in boot*'}]" 1 'expected: true, loops: 1' \
	foil=-fake,exit=3@boot
check 'unless that is what was wanted' same "$status $(counts seen)" '0 1 1'
expecting unwanted "[$poll]" 1 'loops: 1' foil=-fake,exit=3@boot
check 'other boots that fail do' same "$status $(counts unwanted)" '3 3 0'
profile 1 'loops: 1' 'late=-fake-slow,boot=2500' >"$scratch/late.yaml"
run_campaign late --duration 1s
check 'without any loop there is no verdict' same \
	"$status $(grep '^inconclusive' "$scratch/late.log")" '4 inconclusive: no loop was finished'

# The build may be one that the command line adds, and must be one.
profile 1 'loops: 1' good >"$scratch/added.yaml"
echo 'expect: [{signature: x, build: fresh}]' >>"$scratch/added.yaml"
run_campaign added --build "fresh=$fake"
check 'a build of the command line may be expected to fail' same "$status" 0
run_campaign added
check 'one of nobody may not' same "$status" 2
check 'and the line is named' contains "$(cat "$scratch/added.log")" \
	"added.yaml:$(grep -n '^expect' "$scratch/added.yaml" | cut -d: -f1): expect[0].build: found \
fresh, expected the name of one of the builds"
