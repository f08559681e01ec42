#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What a profile says of its builds reaches their QEMUs, and what runs is what was meant.
. "$(dirname "$0")/../lib.sh"

# A profile of one VM whose build, called good, has other keys, too: with KEYS [ARG,ARG...] >FILE.
with() {
	profile 1 'failures: 1' "good${2:+=$2}" | sed "s|, args:|, $1&|"
}

# The value of a jq expression over the manifest of the first incident of a campaign.
manifest() {
	jq -r "$2" "$scratch/$1"/incidents/*/manifest.json
}

mkdir "$scratch/data"
QSOAK_INHERITED=yes
export QSOAK_INHERITED
keys="data: [$scratch/data], trace: ['migration_*', job_state]"
keys="$keys, env: {QSOAK_SET: 'a=b c', EMPTY: }, wrapper: [/usr/bin/env, QSOAK_WRAPPED=1]"
LOOPS=1000000 with "$keys" | sed 's/failures: 1/loops: 1000000/' >"$scratch/all.yaml"
"$BUILD/qsoak" run "$scratch/all.yaml" --local --state-dir "$scratch/all" >/dev/null 2>&1 &
client=$!
started+=("$client")

# The one QEMU, once it is one.
found() {
	qemu=$(processes | sed -n 's/^\([0-9]*\) [^ ]*fake-qemu -name.*/\1/p')
	[ -n "$qemu" ]
}

environment() {
	tr '\0' '\n' <"/proc/$qemu/environ" | sed -n "s/^$1=//p"
}

check 'a QEMU is there to be looked at' await 30 found
check 'env: set over the inherited environment' same \
	"$(environment QSOAK_SET) $(environment EMPTY) $(environment QSOAK_INHERITED)" 'a=b c  yes'
check 'wrapper: has run' same "$(environment QSOAK_WRAPPED)" 1
check 'wrapper: and is QEMU now' same "$(readlink "/proc/$qemu/exe")" "$(readlink -f "$fake")"
check 'data, trace: options of the QEMU' contains \
	"$(tr '\0' ' ' <"/proc/$qemu/cmdline")" \
	"-L $scratch/data -trace enable=migration_* -trace enable=job_state "
kill -INT "$client"
wait "$client"

with "env: {QSOAK_SET: 'a=b c'}, wrapper: [/usr/bin/env, QSOAK_WRAPPED=1]" \
	-fake,error@snapshot-save >"$scratch/told.yaml"
run_campaign told
check 'the manifest has what was set' same "$(manifest told '.runs[0].env | tojson')" \
	'{"QSOAK_SET":"a=b c"}'
check 'and the command line from the wrapper on' same \
	"$(manifest told '.runs[0].argv[:4] | join(" ")')" \
	"/usr/bin/env QSOAK_WRAPPED=1 $fake -name"

with "data: [$scratch/nowhere]" >"$scratch/none.yaml"
run_campaign none
check 'data that is not there: the profile is at fault' same "$status" 2
check 'data that is not there: named' contains "$(cat "$scratch/none.log")" \
	"build good: data: cannot find $scratch/nowhere: No such file"

# A wrapper that runs what follows as a child of its own when WHEN stands in the command line.
wrapper_that_stays() {
	printf '#!/bin/sh\ncase "$*" in *"%s"*) "$@"; exit;; esac\nexec "$@"\n' "$1" >"$scratch/stays"
	chmod +x "$scratch/stays"
}

wrapper_that_stays '-machine none'
with "wrapper: [$scratch/stays]" >"$scratch/early.yaml"
run_campaign early
check 'a wrapper that never execs: the profile is at fault' same "$status" 2
check 'a wrapper that never execs: named' contains "$(cat "$scratch/early.log")" \
	'the wrapper of build good does not exec: process '
check 'a wrapper that never execs: nothing stays' nothing_left

wrapper_that_stays '-name'
with "wrapper: [$scratch/stays]" >"$scratch/boot.yaml"
run_campaign boot
check 'a wrapper that does not exec at boot: no failure of the build' same "$status" 3
check 'a wrapper that does not exec at boot: named' contains "$(cat "$scratch/boot.log")" \
	'the wrapper of build good does not exec: process '
check 'a wrapper that does not exec at boot: class host' same \
	"$(result boot '[.signatures[].class] | unique | join(" ")')" host
check 'a wrapper that does not exec at boot: nothing stays' nothing_left

wrapper_that_stays '-incoming'
MIGRATE=1 profile 1 'failures: 1' good | sed "s|, args:|, wrapper: [$scratch/stays]&|" \
	>"$scratch/incoming.yaml"
"$BUILD/qsoak" run "$scratch/incoming.yaml" --local --state-dir "$scratch/incoming" \
	>/dev/null 2>"$scratch/incoming.log" &
client=$!
started+=("$client")
await 60 grep -q '^failure' "$scratch/incoming.log"
kill -INT "$client"
wait "$client"
check 'a wrapper that does not exec a destination: named' contains \
	"$(cat "$scratch/incoming.log")" 'the wrapper of build good does not exec: process '
check 'a wrapper that does not exec a destination: nothing stays' nothing_left

# A QEMU that knows another machine type than the fake.
cat >"$scratch/newer" <<END
#!/bin/sh
[ "\$*" = "-machine help" ] && printf 'pc-q35-9.0  Standard PC\npc-q35-7.1  Standard PC\n' && exit
exec $fake "\$@"
END
chmod +x "$scratch/newer"
profile 2 'loops: 1' good newer | sed "s|newer, binary: [^,]*|newer, binary: $scratch/newer|" \
	>"$scratch/machine.yaml"
run_campaign machine
check 'a machine type that one build lacks: the profile is at fault' same "$status" 2
check 'a machine type that one build lacks: said which, and what all know' contains \
	"$(cat "$scratch/machine.log")" 'machine.type: found pc-q35-7.2, but build newer does not know it, '
check 'only what all builds know is offered' contains \
	"$(cat "$scratch/machine.log")" 'expected one that all builds know: pc-q35-7.1'
sed -i 's/pc-q35-7.2/pc-q35-7.1/' "$scratch/machine.yaml"
run_campaign machine
check 'the machine type that all builds know: the campaign runs' same "$status" 0

cp "$fake" "$scratch/qemu"
LOOPS=1 profile 2 'loops: 1000000' good | sed "s|binary: [^,]*|binary: $scratch/qemu|" \
	>"$scratch/rebuilt.yaml"
"$BUILD/qsoak" run "$scratch/rebuilt.yaml" --local --state-dir "$scratch/rebuilt" --json \
	>"$scratch/rebuilt.json" 2>"$scratch/rebuilt.log" &
client=$!
started+=("$client")

build_id() {
	sqlite3 -cmd '.timeout 5000' "$scratch/rebuilt/results.db" 'SELECT build_id FROM build
		WHERE (SELECT count(*) FROM run) > 2' 2>/dev/null
}

has_booted() {
	[ -n "$(build_id)" ]
}

await 60 has_booted
id=$(build_id)
cp "$fake" "$scratch/same"
mv "$scratch/same" "$scratch/qemu"
runs=$(sqlite3 -cmd '.timeout 5000' "$scratch/rebuilt/results.db" 'SELECT max(id) FROM run')

has_gone_on() {
	[ "$(sqlite3 -cmd '.timeout 5000' "$scratch/rebuilt/results.db" "SELECT count(*) FROM run
		WHERE id > $runs")" -gt 4 ]
}

check 'the same binary put there anew: the campaign goes on' await 60 has_gone_on
python3 -c 'import sys
old = bytes.fromhex(sys.argv[1])
data = open(sys.argv[2], "rb").read()
open(sys.argv[3], "wb").write(data.replace(old, old[::-1]))' "$id" "$fake" "$scratch/other"
chmod +x "$scratch/other"
mv "$scratch/other" "$scratch/qemu"
wait "$client"
check 'a binary that was rebuilt: the campaign ends' same $? 3
check 'a binary that was rebuilt: said with both build-ids' contains "$(cat "$scratch/rebuilt.log")" \
	"the binary of build good has changed since the campaign began: build-id was $id, is "
check 'a binary that was rebuilt: class host' same \
	"$(result rebuilt '[.signatures[].class] | unique | join(" ")')" host
check 'no process is left behind' nothing_left
