#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# An incident becomes a script that repeats the failure in an empty folder, without qsoak.
. "$(dirname "$0")/../lib.sh"

# Runs a campaign until its first failure, and makes the script of it: incident NAME FAULTS.
incident() {
	profile 1 'failures: 1' "bad=$2" >"$scratch/$1.yaml"
	run_campaign "$1"
	id=$("$BUILD/qsoak" failures --state-dir "$scratch/$1" --json | jq -r '.failures[0].id')
	"$BUILD/qsoak" reproducer "$id" --state-dir "$scratch/$1" >"$scratch/$1.sh" 2>"$scratch/$1.err"
}

# Runs the script of NAME in an empty folder with nothing of ours around it; sets status and said.
play() {
	local name=$1
	shift
	rm -rf "$scratch/empty"
	mkdir "$scratch/empty"
	said=$(cd "$scratch/empty" && env -i PATH="$PATH" TRIES=2 VMS=2 LIMIT=20 "$@" \
		bash "$scratch/$name.sh" 2>&1 </dev/null)
	status=$?
}

folder_is_empty() {
	same "$(ls -A "$scratch/empty")" ''
}

# story NAME FAULTS WORDS [VARIABLE=VALUE]...: the script shows the failure in each try, in these words.
story() {
	local name=$1 words=$3
	incident "$name" "$2"
	shift 3
	check "$name: the script is one of bash" bash -n "$scratch/$name.sh"
	if command -v shellcheck >/dev/null; then
		check "$name: and well written" shellcheck "$scratch/$name.sh"
	fi
	play "$name" "$@"
	check "$name: it exits with 0" same "$status" 0
	check "$name: each try shows the failure" contains "$said" "reproduced in 2 of 2 tries, median"
	check "$name: in its words" contains "$said" "$words"
	check "$name: the folder is as empty as before" folder_is_empty
}

story assert -fake,assert@snapshot-save:3 'in round 3: QEMU ended in snapshot-save with signal 6'
check 'the header has the signature' grep -q \
	'^# assertion in bdrv_poll_co: qemu_get_current_aio_context() == qemu_get_aio_context()$' \
	"$scratch/assert.sh"
check 'and what QEMU said' grep -q '^#   fake-qemu: ./block/block-gen.h:44: bdrv_poll_co: Assertion' \
	"$scratch/assert.sh"
check 'the script has a help' contains "$(bash "$scratch/assert.sh" --help)" 'usage: [VARIABLE=VALUE]'

# The same script against QEMUs that do something else.
other=$scratch/other-qemu
printf '#!/bin/sh\nfor word; do shift; [ "$word" = assert@snapshot-save:3 ] && word=%s; set -- "$@" "$word"; done\nexec %s "$@"\n' \
	exit=3@snapshot-save:2 "$fake" >"$other"
chmod +x "$other"
play assert QEMU="$other"
check 'another failure is another' contains "$said" 'try 1: OTHER in round 2: QEMU ended'
check 'and not counted' contains "$said" 'reproduced in 0 of 2 tries'
check 'then it exits with 1' same "$status" 1
play assert ROUNDS=2
check 'fewer rounds do not show it' contains "$said" 'try 1: NOT in 2 rounds'
play assert QEMU=/nowhere/qemu
check 'without a QEMU it exits with 2' same "$status" 2
play assert TRIES=many
check 'and so with a number that is none' same "$status" 2

story segv -fake,segv@snapshot-load 'with signal 11'
story exit -fake,exit=3@snapshot-delete 'QEMU ended in snapshot-delete with status 3'
story error -fake,error@snapshot-load 'snapshot-load failed: fake: error at snapshot-load'
story job-error -fake,job-error@snapshot-load 'snapshot-load failed: fake: job error at snapshot-load'
story reply-first -fake,reply-first@snapshot-save:*,-fake,event-first@snapshot-delete:*,-fake,segv@snapshot-load:3 \
	'in round 3'
MIGRATE=1
story dead-incoming -fake,dead-incoming@migrate-incoming 'QEMU ended in migrate with status 1'
LIMIT=1s
story stuck-migration -fake,stuck-migration@migrate 'QEMU hangs in migrate: after 2 s without' LIMIT=2
unset MIGRATE
story stuck-main -fake,stuck-main@snapshot-save:2 'QEMU hangs in snapshot-save: after 2 s without' \
	LIMIT=2
story stuck-job -fake,stuck-job@snapshot-delete \
	'after 2 s without JOB_STATUS_CHANGE concluded' LIMIT=2
story stuck-quit -fake,stuck-quit@quit 'QEMU hangs in quit' LIMIT=2

# Nothing but the save, its delete and the fault are needed.
profile 2 'failures: 1' bad=-fake,assert@snapshot-save:3,-fake-lacks,zstd >"$scratch/shrink.yaml"
run_campaign shrink
id=$("$BUILD/qsoak" failures --state-dir "$scratch/shrink" --json | jq -r '.failures[0].id')
"$BUILD/qsoak" reproducer "$id" --state-dir "$scratch/shrink" --shrink --tries 2 \
	>"$scratch/shrink.sh" 2>"$scratch/shrink.err"
check 'shrinking: it exits with 0' same "$?" 0
sed 's/^/# /' "$scratch/shrink.err"
check 'one machine is left' grep -qF 'VMS=${VMS:-1}' "$scratch/shrink.sh"
check 'and two operations' same "$(grep -c '^  {"operation"' "$scratch/shrink.sh")" 2
check 'and the option without which it does not fail' same "$(grep -c '"-fake' "$scratch/shrink.sh")" 1
check 'the header says what was left out' grep -q '^# - Left out: .*-fake-lacks zstd' "$scratch/shrink.sh"
check 'and at which rates' grep -q '^# - What is left: 2 of 2 tries.$' "$scratch/shrink.sh"
check 'progress is on standard error' grep -q '^shrink: without snapshot-load' "$scratch/shrink.err"
play shrink
check 'and it shows the failure still' contains "$said" 'reproduced in 2 of 2 tries'
"$BUILD/qsoak" reproducer "$id" --state-dir "$scratch/shrink" --shrink --tries 2 --qemu /bin/true \
	>"$scratch/shrink.sh" 2>"$scratch/shrink.err"
check 'one that does not fail stays whole' grep -q '^# - That is too seldom' "$scratch/shrink.sh"
"$BUILD/qsoak" reproducer "$id" --state-dir "$scratch/shrink" --shrink --tries 100000 2>/dev/null
check 'too many tries are refused' same "$?" 2

# One that waits can be ended.
start_waiting() {
	rm -rf "$scratch/empty"
	mkdir "$scratch/empty"
	(cd "$scratch/empty" && LIMIT=300 exec bash "$scratch/stuck-main.sh") >"$scratch/waiting.log" 2>&1 &
	waiting=$!
	started+=("$waiting")
	await 20 qemu_waits
}

qemu_waits() {
	processes | grep -q 'fake-qemu.*-name'
}

start_waiting
kill -TERM "$waiting"
wait "$waiting"
check 'SIGTERM ends it with 130' same "$?" 130
check 'and all QEMUs' nothing_left
check 'and leaves nothing in the folder' folder_is_empty
start_waiting
kill -KILL "$waiting" 2>/dev/null
wait "$waiting" 2>/dev/null
check 'SIGKILL takes the QEMUs along' await 20 nothing_left

incident no-words -fake,wrong-tag@snapshot-load:2
check 'what does not show in QMP is refused' contains "$(cat "$scratch/no-words.err")" \
	'a failure of class corruption shows in what qsoak watches'
rm "$scratch"/assert/incidents/*/firmware.bin*
id=$("$BUILD/qsoak" failures --state-dir "$scratch/assert" --json | jq -r '.failures[0].id')
check 'what is missing is named' contains \
	"$("$BUILD/qsoak" reproducer "$id" --state-dir "$scratch/assert" 2>&1)" \
	'the incident has no firmware.bin'
