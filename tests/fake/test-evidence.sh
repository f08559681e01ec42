#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What is kept of a failure: cores, limits, and disks and QEMUs that do not play along.
. "$(dirname "$0")/watch.sh"

# campaign NAME STOP-RULE FAULTS [KEYS]: one VM, with more lines at the end of the profile.
campaign() {
	local name=$1
	{
		profile 1 "$2" "bad=$3"
		echo "${4:-}"
	} >"$scratch/$name.yaml"
	run_campaign "$name"
}
# The value of a jq expression over the manifest of the newest incident.
manifest() {
	jq -r "$2" "$scratch/$1/incidents/$(incidents "$1" | tail -1)/manifest.json"
}
incidents() {
	ls "$scratch/$1/incidents" | sort -n
}
stacks_of() {
	zstd -dcf "$scratch/$1/incidents/$(incidents "$1" | tail -1)"/qemu.stacks*
}
failures() {
	"$BUILD/qsoak" failures --state-dir "$scratch/$1" --json | jq "[.failures[]$2] | length"
}

# A sanitizer would keep the core from us.
export FAKE_QEMU_CORE=1 ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}disable_coredump=0"
SECRET=x campaign assert 'failures: 1' -fake,assert@snapshot-save
newest=$(incidents assert)
check 'a bundle has the plan, the firmware, the looks and the words' test \
	"$(cd "$scratch/assert/incidents/$newest" && ls profile.yaml firmware.bin* guest-config \
		qemu.heartbeats qemu.output qemu.qmp | wc -l)" = 6
check 'the environment is there' same "$(manifest assert '.runs[0].environment.PATH')" "$PATH"
check 'but for what may be secret' same "$(manifest assert '.runs[0].environment.SECRET')" null
check 'it tells where in the plan the VM began' same \
	"$(manifest assert '"\(.fleet) \(.["first-loop"]) \(.loops)"')" '1 0 0'
case $(</proc/sys/kernel/core_pattern) in
"|"*)
	check 'without its core it says where that went' contains \
		"$(manifest assert '.missing[].reason')" core
	;;
*)
	if [ "$(ulimit -Hc)" = 0 ]; then
		check 'without a core it says why' contains \
			"$(manifest assert '.missing[].reason')" 'ulimit -Hc'
	else
		check 'the dead tell by their core where it was' contains "$(stacks_of assert)" \
			strike_before_greeting
		check 'that is a title, too' contains "$(manifest assert .alternative)" \
			'assertion by SIGABRT in strike'
		campaign segv 'failures: 1' -fake,segv@snapshot-save
		check 'a crash counts where it was' contains "$(the_failure segv)" \
			'crash null crash by SIGSEGV in strike_'
		check 'and in what it was' same "$(manifest segv .alternative)" \
			'crash by SIGSEGV in snapshot-save'
		check 'which the store has with the failure' same "$(sqlite3 "$scratch/segv/results.db" \
			'SELECT title FROM failure AS f JOIN alternative AS a ON a.id = f.alternative_id')" \
			'crash by SIGSEGV in snapshot-save'
		check 'nothing is missing' same "$(manifest assert '.missing | length')" 0
		campaign keep 'failures: 1' -fake,assert@snapshot-save 'evidence: {cores: keep}'
		check 'a core can be kept' zstd -qt \
			"$scratch/keep/incidents/$(incidents keep)/qemu.core.zst"
	fi
	;;
esac
ulimit -Sc "$(ulimit -Hc)"
campaign none 'failures: 1' -fake,assert@snapshot-save 'evidence: {cores: none}'
check 'a profile may do without cores' same \
	"$(manifest none '.runs[0].exit["core-dumped"], (.missing | length)' | paste -sd ' ')" \
	'false 0'

# Five failures, two kinds: the flood goes, the rare one stays.
LOOPS=1 campaign limits 'failures: 5' '-fake,assert@snapshot-save,-fake,exit=1@snapshot-delete:2' \
	'evidence: {incidents: 2}'
check 'limits: all failures are in the store' same "$(failures limits '')" 5
check 'limits: two incidents are left' same "$(incidents limits | wc -l)" 2
gone=$("$BUILD/qsoak" failures --state-dir "$scratch/limits" --json |
	jq -r '.failures[0].id')
check 'limits: show tells that the evidence has gone' contains \
	"$("$BUILD/qsoak" show "$gone" --state-dir "$scratch/limits" 2>&1)" \
	'is gone: the limits of evidence'

# Files of an incident that are damaged, or longer than what is shown of them.
folder=$scratch/assert/incidents/$newest
show() {
	"$BUILD/qsoak" show "$newest" --state-dir "$scratch/assert" "$@"
}
# of_file NAME EXPRESSION: of the last `show --json`.
of_file() {
	jq -r ".files[] | select(.file == \"$1\") | $2" "$scratch/show.json"
}
rm "$folder/qemu.output"
echo 'no zstd' >"$folder/qemu.output.zst"
text=$(show)
check 'a damaged file: show goes on' same $? 0
check 'a damaged file: the screen says so' contains "$text" 'last words: cannot be read: qemu.output.zst: '
check 'a damaged file: and has all else' contains "$text" 'last of QMP'
check 'a damaged file: so has --all' contains "$(show --all)" 'cannot be read: qemu.output.zst: '
show --json >"$scratch/show.json"
check 'a damaged file: JSON has an error in the place of the text' same \
	"$(of_file qemu.output.zst '"\(.error | length > 0) \(.text)"')" 'true null'
check 'a damaged file: and the text of others' same \
	"$(jq '[.files[] | select(.text == null)] | length' "$scratch/show.json")" 1
# frame EMPTY-BLOCKS: a frame of zstd with those before "the end".
frame() {
	python3 -c 'import sys
sys.stdout.buffer.write(b"\x28\xb5\x2f\xfd\0\0" + bytes(3 * int(sys.argv[1])) + b"\x39\0\0the end")' "$1"
}
head -c $(((8 << 20) + 1)) /dev/zero | tr '\0' x >"$folder/long"
zstd -qc "$folder/long" >"$folder/packed.zst"
frame $((((64 << 20) - 16) / 3)) >"$folder/most.zst"
frame $((((64 << 20) - 16) / 3 + 4)) >"$folder/more.zst"
show --json >"$scratch/show.json"
check 'no more than 8 MiB of a file are shown' same "$(of_file long '.text | length')" $((8 << 20))
check 'nor of one that was packed' same "$(of_file packed.zst '.text | length')" $((8 << 20))
check '64 MiB of a packed file are read' same "$(of_file most.zst '"\(.size) \(.text)"')" \
	"$((64 << 20)) the end"
check 'and no more' same "$(of_file more.zst .text)" ''
rm "$folder"/{long,packed.zst,most.zst,more.zst}

# On a disk of its own: sourced in a mount namespace that goes with it.
# disk OPTIONS NAME: the campaign whose incidents lie there; the newest manifest is copied out.
disk() {
	local options=$1 name=$2
	mkdir -p "$scratch/$name/incidents"
	profile 1 'failures: 1' bad=-fake,assert@snapshot-save >"$scratch/$name.yaml"
	unshare --mount bash -c '
		mount -t tmpfs -o "$1" none "$2/incidents" || exit 77
		shift
		"${@:2}" || status=$?
		cp "$1"/incidents/*/manifest.json "$1/manifest.json" 2>/dev/null
		exit "${status:-0}"' disk "$options" "$scratch/$name" \
		"$BUILD/qsoak" run "$scratch/$name.yaml" --local \
		--state-dir "$scratch/$name" >"$scratch/$name.out" 2>&1
}
if unshare --mount true 2>/dev/null; then
	disk size=20m full
	check 'a full disk: the campaign ends with its failure' same "$?" 1
	check 'a full disk: the failure is in the store' same "$(failures full '')" 1
	check 'a full disk: the manifest says what is missing' contains \
		"$(jq -r '.missing[] | "\(.file): \(.reason)"' "$scratch/full/manifest.json")" \
		'qemu.qmp: less than 32 MiB of the disk are free'
	disk size=4k tiny
	check 'no room for a manifest: the failure is in the store' same "$(failures tiny '')" 1
	disk ro unwritable
	check 'an unwritable folder: the campaign ends with its failure' same "$?" 1
	check 'an unwritable folder: the failure is in the store, without an incident' same \
		"$(failures unwritable ' | select(.incident == null)')" 1
	check 'an unwritable folder: the log says so' grep -q 'evidence of failure.*Read-only' \
		"$scratch/unwritable.out"
else
	skip 'a full disk, an unwritable folder' 'there is no mount namespace to be had'
fi

campaign deep 'failures: 1' -fake,sleep-deep@snapshot-load
check 'D state: the failure is found' same "$(the_failure deep)" \
	'hang process hang of process in snapshot-load/load'
check 'D state: the other threads have stacks' contains "$(stacks_of deep)" 'CPU 0/TCG'
check 'D state: nothing is left behind' nothing_left

# A qsoak-stack of the story's own, beside a copy of the programs.
mkdir "$scratch/bin"
cp "$BUILD/qsoak" "$BUILD/qsoakd" "$scratch/bin"
cp -r "$BUILD/guests" "$scratch/bin"
# stacks NAME SCRIPT [FAULT [KEYS]]
stacks() {
	printf '#!/bin/sh\n%s\n' "$2" >"$scratch/bin/qsoak-stack"
	chmod +x "$scratch/bin/qsoak-stack"
	BUILD=$scratch/bin campaign "$1" 'failures: 1' "-fake,${3:-stuck-main@job-dismiss}" "${4:-}"
}
# It is dead for certain before it is looked at.
stacks dies "kill -9 \$2
while grep -q '^State:.[^Z]' /proc/\$2/status 2>/dev/null; do :; done
exec '$BUILD/qsoak-stack' \"\$@\""
check 'it dies while it is read: the failure is what it was' same "$(the_failure dies)" \
	'hang main-loop hang of main-loop in snapshot-save/dismiss'
check 'it dies while it is read: the bundle says so' contains \
	"$(manifest dies '.missing[] | "\(.file): \(.reason)"')" 'qemu.stacks: qsoak-stack exited'
stacks late 'echo the beginning; touch "$4.half"; exec sleep 1000'
check 'stacks that never end: what there is' same \
	"$(cat "$scratch/late/incidents/$(incidents late)/qemu.stacks")" 'the beginning'
check 'stacks that never end: the bundle says so' contains \
	"$(manifest late '.missing[] | "\(.file): \(.reason)"')" 'qemu.stacks: not all of it came'
check 'stacks that never end: half a file is no evidence' same \
	"$(ls "$scratch/late/incidents/$(incidents late)" | grep half)" ''
check 'stacks that never end: nothing is left behind' nothing_left
if [ -e "$scratch/keep/incidents/$(incidents keep)/qemu.core.zst" ]; then
	stacks cut 'exec sleep 1000' assert@snapshot-save 'evidence: {cores: keep}'
	check 'a core is kept, also where its stacks are not' zstd -qt \
		"$scratch/cut/incidents/$(incidents cut)/qemu.core.zst"
	stacks foreign 'echo "{\"pid\": 1}" >"$4"' assert@snapshot-save
	check 'the core of another process is not taken for ours' contains \
		"$(manifest foreign '.missing[] | "\(.file): \(.reason)"')" \
		'qemu.stacks: the core that was found, '
fi

# What the incidents of all these campaigns have that the man page does not tell of.
page_lacks() {
	comm -23 - <(sed -n 's/^``\(.*\)``$/\1/p' "$top/man/qsoak-incident.5.rst" | sed 's/\.zst$//' | sort -u)
}
files() {
	ls "$scratch"/*/incidents/*/ | sed -n '/:$/d; s/\.zst$//; s/^qemu\./ROLE./; /./p' | sort -u
}
# Of the environment and of what is not there the names are not ours.
members() {
	cat "$scratch"/*/incidents/*/manifest.json | jq -r 'paths | map(if type == "number" then "[]"
		else ".\(.)" end) | join("") | ltrimstr(".") | sub("\\[\\]$"; "") |
		select(test("env(ironment)?\\.") | not)' | sort -u
}
check 'there were files of most kinds' test "$(files | wc -l)" -ge 8
check 'the man page tells of each file' same "$(files | page_lacks)" ''
check 'there were members of most kinds' test "$(members | wc -l)" -ge 50
check 'the man page tells of each member' same "$(members | page_lacks)" ''
