#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Builds that are registered: profiles name them without knowing where they lie. And operations that a
# build may lack: they are left out, and that is told.
. "$(dirname "$0")/../lib.sh"

export XDG_CACHE_HOME=$scratch/cache
builds=$XDG_CACHE_HOME/qsoak/builds
mkdir -p "$builds"

cat >"$builds/made.yaml" <<-END
	name: made
	binary: $fake
	args: [-fake-lacks, zstd]
	origin: our own hands
END

# naming NAME MORE: a profile of one VM with the build "made", and what else its entry says.
naming() {
	cat >"$scratch/$1.yaml" <<-END
		name: story
		machine: {type: pc-q35-7.2, accel: tcg, ram: 16MiB}
		guest: {name: pflash-hammer}
		fleet: {vms: 1, loops-per-vm: 5}
		operations:
		  - {operation: stop-cont}
		  - {operation: migrate, compression: zstd, optional: true}
		stop: {loops: 3, duration: 60s}
		builds:
		  - {name: made$2}
	END
}

naming made ''
run_campaign made
check 'a build without a binary is the one that is registered' same "$status" 0
check 'what it cannot do is left out' same \
	"$(result made '[.operations[] | select(.kind == "migrate")] | length')" 0
check 'and the loops are done without it' same "$(result made .campaign.loops)" 3
check 'the result says what and why' same "$(result made '.left_out[] | "\(.build) \(.position) \(.kind): \(.reason)"')" \
	'made 1 migrate: build made (QEMU emulator version 7.2.99 (fake)) has no multifd compression zstd, says its query-qmp-schema'
"$BUILD/qsoak" report --state-dir "$scratch/made" >"$scratch/made.txt"
check 'so does the text' grep -q '^left out: operations\[1\] (migrate): .*has no multifd compression zstd' \
	"$scratch/made.txt"
check 'where it came from is stored' same \
	"$(sqlite3 "$scratch/made/results.db" 'SELECT origin FROM build')" 'our own hands'
"$BUILD/qsoak" builds --state-dir "$scratch/made" >"$scratch/builds.txt"
check 'builds: those that were soaked' grep -q "^made .* our own hands  *$fake" "$scratch/builds.txt"
check 'builds: those that are registered, with their version' same \
	"$("$BUILD/qsoak" builds --state-dir "$scratch/made" --json |
		jq -r '.registered[] | "\(.name) \(.version) \(.origin) \(.error)"')" \
	'made QEMU emulator version 7.2.99 (fake) our own hands null'

# The one that cannot is the destination, which nobody knows before it was there once.
{
	profile 1 'loops: 3' good "lacking=-fake-lacks,zstd"
	echo 'expect: [{signature: none}]'
} | sed 's/^  - {operation: snapshot-load.*/  - {operation: migrate, compression: zstd, optional: true, to: lacking}/' \
	>"$scratch/to.yaml"
run_campaign to
check 'a destination that cannot: no failure, and the loops are done' same \
	"$status $(result to '"\(.campaign.failures) \(.campaign.loops)"')" '0 0 3'
check 'the build that lacks it is the one that is told' same \
	"$(result to '.left_out[] | .build')" lacking

naming own ', args: [], binary: /usr/bin/true'
run_campaign own
check 'a binary of its own comes first' contains "$(cat "$scratch/own.log")" \
	'build made does not know it'

naming args ', args: [-fake, exit=3@stop]'
run_campaign args
check "the profile's arguments take the place of what is registered" same \
	"$status $(result args '.signatures[0].class')" '1 exit'

rm "$builds/made.yaml"
naming missing ''
run_campaign missing
check 'one that is not registered: exit code 2' same "$status" 2
check 'one that is not registered: file, line, and where it was looked for' contains \
	"$(cat "$scratch/missing.log")" \
	"$scratch/missing.yaml:10: builds[0].name: found made without a binary, and no such build is registered in $builds or /etc/qsoak/builds"
"$BUILD/qsoak" run "$scratch/missing.yaml" --local --state-dir "$scratch/given" --build "made=$fake" \
	--loops 1 >/dev/null 2>&1
check 'unless the command line gives its binary' same $? 0

printf 'name: bad\nbinary: /nowhere/qemu\n' >"$builds/bad.yaml"
printf 'name: broken\nbinery: /x\n' >"$builds/broken.yaml"
check 'builds: what keeps a registered one from running' same \
	"$("$BUILD/qsoak" builds --state-dir "$scratch/made" --json | jq -r '.registered[] | "\(.name): \(.error)"')" \
	"$(printf '%s\n' 'bad: build bad: cannot open /nowhere/qemu: No such file or directory' \
		"broken: $builds/broken.yaml:2: binery: unknown key, expected name, binary, origin, args, data, env, trace or wrapper")"
rm "$builds/bad.yaml"
printf 'name: other\nbinary: %s\n' "$fake" >"$builds/bad.yaml"
mkfifo "$builds/pipe.yaml"
printf 'name: nul\n\0binary: /x\n' >"$builds/nul.yaml"
check 'builds: a name that is not that of the file, a pipe, and what is no text' same \
	"$("$BUILD/qsoak" builds --state-dir "$scratch/made" --json |
		jq -r '.registered[] | select(.name != "broken") | "\(.name): \(.error)"')" \
	"$(printf '%s\n' "bad: $builds/bad.yaml: name: found other, expected bad, as the file is called" \
		"nul: $builds/nul.yaml: has a NUL byte: not text" \
		"pipe: cannot read the registered build $builds/pipe.yaml: not a regular file")"
profile 1 'loops: 1' good >"$scratch/good.yaml"
run_campaign good
check 'a bad registration harms nobody who does not name it' same "$status" 0
run_campaign good --build broken
check 'and is an error with its file and line to who does' contains "$status $(cat "$scratch/good.log")" \
	"$builds/broken.yaml:2: binery: unknown key"
run_campaign good --build nobody
check '--build NAME: a build that nobody has registered' contains "$status $(cat "$scratch/good.log")" \
	'--build: found nobody without a binary'
run_campaign good --build bad
check '--build NAME: a file with another name in it' contains "$status $(cat "$scratch/good.log")" \
	'name: found other, expected bad'
cp "$builds/bad.yaml" "$builds/good.yaml"
sed -i 's/other/good/' "$builds/good.yaml"
run_campaign good --build good
check '--build NAME: the profile has a binary of that name' contains "$status $(cat "$scratch/good.log")" \
	'a registered build cannot take its place'
printf 'name: second\nbinary: %s\n' "$fake" >"$builds/second.yaml"
run_campaign good --build second --vms 2 --loops 4
check '--build NAME adds a registered build' same "$status $(result good '[.builds[].build] | join(" ")')" \
	'0 good second'
check 'no process is left behind' nothing_left
