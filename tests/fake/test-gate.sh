#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The release gate, over campaigns of a build that is fine and of one that fails in its third save: what it
# says and which exit code it has, by built-in rules, by rules of a file, and with a ledger of known issues.
. "$(dirname "$0")/../lib.sh"

export XDG_CONFIG_HOME=$scratch/config
profile 2 'loops: 40' good >"$scratch/all.yaml"
run_campaign all
check 'a campaign without failures' same "$status" 0
good=$(result all .campaign.id)
loops=$(result all '.builds[0].loops')
LOOPS=1000000 profile 2 'failures: 2' bad=-fake,assert@snapshot-save:3 >"$scratch/bad.yaml"
"$BUILD/qsoak" run "$scratch/bad.yaml" --local --state-dir "$scratch/all" --json >"$scratch/bad.json" \
	2>/dev/null
check 'a campaign with failures' same $? 1
bad=$(result bad .campaign.id)

# gate CAMPAIGN [RULES [OPTION...]]: sets output and status.
gate() {
	local campaign=$1 rules=()
	if [ $# -gt 1 ]; then
		printf '%s\n' "$2" >"$scratch/rules.yaml"
		rules=(--rules "$scratch/rules.yaml")
		shift
	fi
	shift
	output=$("$BUILD/qsoak" gate "$campaign" --state-dir "$scratch/all" "${rules[@]}" "$@" 2>&1)
	status=$?
}

gate "$good"
check 'built-in rules, few loops: inconclusive' same "$status" 4
check 'and how many are missing' contains "$output" \
	"(95 % confidence, 0 of $loops loops), the bound is 1 %; $((299 - loops)) more loops without a failure"
check 'and a sentence of all' contains "$output" 'the gate is shut: of 1 rules 0 broken, 1 inconclusive'
gate "$good" 'failures: {below: 50%}'
check 'a bound that so many loops can show: pass' same "$status" 0
check 'in words' contains "$output" 'the gate is open: 1 of 1 rules hold'
gate "$good" "{failures: {below: 50%}, min-loops: $((loops + 1))}"
check 'too few loops: inconclusive' same "$status" 4
gate "$good" 'need: [migrate.blackout]'
check 'no comparison: inconclusive' same "$status" 4
check 'and why' contains "$output" 'migrate.blackout was not compared'

gate "$bad" 'failures: {below: 0.1%}'
check 'failures: broken' same "$status" 1
check 'and of how many loops' contains "$output" 'broken        bad fails in more than '
known=$(result bad '.builds[0].failures')

cat >"$scratch/known.yaml" <<-END
	issues:
	  - {signature: "assertion in bdrv_poll_co: *", title: it sets up without the lock}
END
gate "$bad" 'failures: {below: 90%}' --known "$scratch/known.yaml" --json
check 'known failures count' same \
	"$(jq -r '.rules[0].value * 1000 | round > 0' <<<"$output")" true
gate "$bad" 'failures: {below: 90%, ignore: known}' --known "$scratch/known.yaml" --json
check 'but for rules that ignore them' same "$status $(jq -r '.rules[0].value == 0' <<<"$output")" '0 true'
check 'which is said' contains "$output" "loops, $known ignored)"
check 'JSON: the verdict, the campaign, and the file' same \
	"$(jq -r '"\(.verdict) \(.campaign.id) \(.campaign.name) \(.candidate) \(.rules_file)"' <<<"$output")" \
	"pass $bad story null $scratch/rules.yaml"
printf 'issues: [{signature: "hang *", title: x}]\n' >"$scratch/known.yaml"
gate "$bad" 'failures: {below: 0.1%, ignore: known}' --known "$scratch/known.yaml"
check 'and no others' same "$status" 1

gate "$good" 'failures: {bellow: 1%}'
check 'rules that are wrong: exit code 2' same "$status" 2
check 'and said where' same "$output" "qsoak: $scratch/rules.yaml:1: failures.bellow: unknown key, \
expected below, confidence, builds, ignore or worse"
head -c 70000 /dev/zero | tr '\0' '#' >"$scratch/long.yaml"
gate "$good" 'failures: {}' --rules "$scratch/long.yaml"
check 'rules that are too long' same "$status" 2
check 'and how long they may be' contains "$output" 'longer than 65536 bytes'
output=$("$BUILD/qsoak" gate "$good" --state-dir "$scratch/all" --rules "$scratch/none" 2>&1)
check 'rules that are not there: exit code 2' same $? 2
check 'and which' contains "$output" "$scratch/none"
gate 999999
check 'a campaign that is not there: exit code 2' same "$status" 2
"$BUILD/qsoak" gate 1 --socket "$scratch/none.sock" >/dev/null 2>&1
check 'no service: exit code 3' same $? 3
"$BUILD/qsoak" gate --state-dir "$scratch/all" >/dev/null 2>&1
check 'no campaign is named: exit code 2' same $? 2
check 'no process is left behind' nothing_left
