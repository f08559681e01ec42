#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# In a list of builds the first one is found that has a failure, or the first that has it no more; and
# one build is judged for `git bisect run`.
. "$(dirname "$0")/../lib.sh"
. "$top/tests/service.sh"

# build NAME ARGUMENTS: a build that is a script, which gives the fake these, unless it is only asked who it is.
build() {
	printf '#!/bin/bash\n[[ " $* " == *" -name "* ]] && set -- "$@" %s\nexec %q "$@"\n' "$2" "$fake" \
		>"$scratch/$1"
	chmod +x "$scratch/$1"
}

# bisect NAME ARGUMENT...: writes NAME.json and NAME.log, sets status.
bisect() {
	local name=$1
	shift
	"$BUILD/qsoak" bisect --profile "$scratch/story.yaml" --state-dir "$scratch/state" --json "$@" \
		>"$scratch/$name.json" 2>"$scratch/$name.log"
	status=$?
}

# builds NAME...: each as NAME=BINARY.
builds() {
	local name
	for name; do
		printf '%s\n' "$name=$scratch/$name"
	done
}

steps() {
	result "$1" '[.steps[] | "\(.purpose) \(.build) \(.verdict)"] | join(", ")'
}

# The profile's own builds, expectations and stop rule are not what is run.
{
	LOOPS=6 profile 2 'failures: 1, expected: true' unused
	echo 'expect: [{signature: "*", build: unused}]'
} | sed "s|binary: $fake|binary: /nonexistent/qemu|" >"$scratch/story.yaml"
for name in a b c d e f; do
	build $name ''
done
for name in r s t u; do
	build $name '-fake assert@snapshot-save:4'
done
build foreign '-fake segv@snapshot-load:3'
build dead '-fake exit=3@boot'
# Two of three VMs of this one live to their end.
mkdir "$scratch/turns"
cat >"$scratch/moody" <<-END
	#!/bin/bash
	n=0
	if [[ " \$* " == *" -name "* ]]; then
		while ! mkdir "$scratch/turns/\$n" 2>/dev/null; do n=\$((n + 1)); done
		[ \$((n % 3)) = 1 ] && set -- "\$@" -fake assert@snapshot-save:4
	fi
	exec "$fake" "\$@"
END
chmod +x "$scratch/moody"
mapfile -t list < <(builds a b foreign moody s t)
mapfile -t mended < <(builds u t s c b a)

# Where it began. The third build fails too, but otherwise.
bisect began --good a --bad t "${list[@]}"
check 'the first build with the failure is found' same "$status $(result began '"\(.found) \(.direction)"')" \
	'0 moody with'
check 'the failure is the one that the bad build has most' contains "$(result began .signature)" \
	'assertion in bdrv_poll_co'
check 'the bad end is measured, the good one verified, others by halves' same "$(steps began)" \
	'choose t bad, measure t bad, verify a good, test foreign good, test moody bad'
check 'another failure makes no build bad, and is told' test \
	"$(result began '.steps[] | select(.build == "foreign") | .others')" -ge 1
check 'builds that are good have done their loops' same \
	"$(result began '[.loops_per_good_build as $n | .steps[] | select(.verdict == "good") | .loops >= $n] | all')" true
check 'they are as many as the rate takes' same "$(result began '.rate_lower as $p |
	.loops_per_good_build >= ((0.05 / 5 | log) / (1 - $p | log))')" true
check 'and let a fleet get as old as what failed' test "$(result began .loops_per_good_build)" -ge 8
check 'loops, builds and time are told' same \
	"$(result began '.loops == ([.steps[].loops] | add) and .builds == 4 and .duration_ns > 0')" true
check 'each step has its line' same "$(grep -cE '^(choose|measure|verify|test): build' "$scratch/began.log")" 5

# Where it ended.
bisect ended --bad u --good a "${mended[@]}"
check 'the first build without it is found' same "$status $(result ended '"\(.found) \(.direction)"')" \
	'0 c without'
check 'so it is for a part of the list, by names that stand in it' same \
	"$(bisect part --good "$(builds b)" --bad s "${mended[@]}"; result part '"\(.found) \(.builds)"')" 'c 3'
text=$("$BUILD/qsoak" bisect --profile "$scratch/story.yaml" --state-dir "$scratch/state" --good c --bad s \
	--signature '*poll_co*' --confidence 0.9 "${mended[@]}" 2>"$scratch/text.log")
check 'the answer is a sentence' grep -qE \
	'^the first build without "\*poll_co\*" is c, with 90 % confidence: [0-9]+ loops in 2 builds, [0-9]+ s$' \
	<<<"$text"
check 'a signature that is given need not be chosen' same \
	"$(grep -cE '^(choose|measure|verify|test)' "$scratch/text.log")" 2

# A crash whose core tells the frames: in the build in which it began one function has another name.
crashes() {
	# A sanitizer would keep the core from us.
	export FAKE_QEMU_CORE=1 ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}disable_coredump=0"
	objcopy --redefine-sym strike_segv=strike_otherwise "$fake" "$scratch/renamed" || return
	build y '-fake segv@snapshot-save:4'
	fake=$scratch/renamed build x '-fake segv@snapshot-save:4'
	bisect crashed --good a --bad y $(builds a b x y)
	check 'a crash is looked for by what it was doing' same "$(result crashed .signature)" \
		'crash by SIGSEGV in snapshot-save'
	check 'so a build with other frames has it too' same "$status $(result crashed .found)" '0 x'
	check 'frames were there, and differ' same "$(sqlite3 "$scratch/state/results.db" "SELECT count(*)
		FROM signature WHERE title GLOB 'crash by SIGSEGV in strike_*'")" 2
	check 'without warnings' same "$(result crashed '.warnings | length')" 0
	bisect framed --good a --bad y --signature '*strike_segv*' $(builds a x y)
	check 'by its frames it is not found there' same "$status $(result framed .found)" '0 y'
	check 'which is told: other failures of that class' same \
		"$(result framed '.warnings[] | "\(.build) \(.class) \(.failures > 0)"')" 'x crash true'
	text=$("$BUILD/qsoak" bisect --profile "$scratch/story.yaml" --state-dir "$scratch/state" --good x \
		--bad y --signature '*strike_segv*' $(builds x y) 2>/dev/null)
	check 'in words' grep -qE '^warning: build x counts as good, but has [0-9]+ failures? of class crash' \
		<<<"$text"
	# So few loops would do for this confidence that the age decides: that of the fourth loop, of 8 VMs.
	bisect aged --good a --bad y --signature 'crash by SIGSEGV in snapshot-save' --vms 8 \
		--confidence 0.1 $(builds a y)
	check 'good builds get as old as what failed, whichever title it was found by' same \
		"$(result aged .loops_per_good_build)" 32
	unset FAKE_QEMU_CORE
}
if [[ $(</proc/sys/kernel/core_pattern) != '|'* && $(ulimit -Hc) != 0 ]] && command -v objcopy >/dev/null; then
	crashes
else
	skip 'a crash is looked for by what it was doing' 'a core goes elsewhere, or there is no objcopy'
fi

# Where it cannot tell.
bisect both --good r --bad t $(builds r t)
check 'both ends fail: cannot tell' same "$status $(result both .reason)" \
	'4 build r, which is to be good, has the failure too'
bisect neither --good a --bad b --loops 20 $(builds a b)
# The loops that other VMs are in when the last one that was asked for ends count, too.
check 'no end fails: cannot tell' same \
	"$status $(result neither '.reason | sub("(?<n>[0-9]+) loops"; if (.n | tonumber) >= 20 then "enough" else .n end)')" \
	'4 build b, which is to be bad, has done enough without the failure'

# A profile that compares: its 6 blocks would be 72 loops, and are no stop rule of a search.
{
	LOOPS=6 profile 2 'failures: 1' A B | sed 's/, binary: [^,}]*//'
	echo 'compare: {blocks: 6}'
} >"$scratch/compare.yaml"
"$BUILD/qsoak" bisect --run --profile "$scratch/compare.yaml" --state-dir "$scratch/state" --json \
	--build a="$scratch/a" --signature 'hang *' --loops 100 >"$scratch/compare.json" 2>/dev/null
check 'a profile that compares: the build is good' same "$?" 0
check 'a profile that compares: all loops were done' same "$(result compare '.loops >= 100')" true

bisect few --good a --bad t --loops 30 $(builds a t)
check 'too few loops are allowed' same "$status $(result few '.reason | sub("[0-9]+"; "N")')" \
	'4 a build would take N loops, --loops allows 30'
bisect hole --good a --bad t $(builds a dead t)
check 'one cannot boot' same "$status $(result hole .reason)" '4 build dead cannot boot'

# Ctrl-C.
build slow '-fake-slow snapshot-save=600000'
interrupted() {
	rm -f "$scratch/interrupted.log"
	"$BUILD/qsoak" bisect --profile "$scratch/story.yaml" --state-dir "$scratch/state" "$@" \
		>"$scratch/interrupted.txt" 2>"$scratch/interrupted.log" &
	local client=$!
	started+=("$client")
	await 60 grep -q '^campaign' "$scratch/interrupted.log"
	kill -INT "$client"
	wait "$client"
}
interrupted --good a --bad slow $(builds a slow)
check 'Ctrl-C ends the campaign and the search: 130' same $? 130
check 'nothing is left behind' nothing_left
check 'the campaign is interrupted in the store' same \
	"$(sqlite3 "$scratch/state/results.db" 'SELECT end FROM campaign ORDER BY id DESC LIMIT 1')" interrupted

# Of one build, by its exit code alone.
judge() {
	local name=$1
	shift
	bisect "$name" --run --signature '*poll_co*' --build it="$scratch/$name" "$@"
}
judge a --loops 20
check 'run: a build that has done its loops is good' same "$status $(result a '"\(.verdict) \(.loops >= 20)"')" \
	'0 good true'
judge foreign --loops 20
check 'run: another failure does not matter' same "$status $(result foreign '.others > 0')" '0 true'
judge s --loops 20
check 'run: one failure makes it bad' same "$status $(result s .verdict)" '1 bad'
judge b --rate 0.2 --confidence 0.99
check 'run: as many loops as the rate takes' same "$status $(result b .wanted_loops)" '0 21'
judge dead --loops 20
check 'run: cannot boot: 125' same "$status $(result dead .verdict)" '125 unclear'
judge missing --loops 20
check 'run: was not built: 125' same "$status" 125
printf '#!/bin/bash\nexit 1\n' >"$scratch/nothing"
chmod +x "$scratch/nothing"
judge nothing --loops 20
check 'run: is no QEMU: 125' same "$status" 125
interrupted --run --signature x --loops 5 --build it="$scratch/slow"
check 'run: Ctrl-C: git gives up' same $? 130
aborts() {
	local title=$1 expected=$2
	shift 2
	"$BUILD/qsoak" bisect --run "$@" >/dev/null 2>"$scratch/abort.log"
	check "run: $title: git gives up" same $? 128
	check "run: $title: and why" contains "$(cat "$scratch/abort.log")" "$expected"
}
good=(--profile "$scratch/story.yaml" --signature x --build it="$fake")
aborts 'no profile' '--profile is missing' --signature x --loops 5 --build it="$fake"
aborts 'no signature' '--signature is missing' --profile x --loops 5 --build it="$fake"
aborts 'no build' 'expected one --build' --profile x --signature x --loops 5
aborts 'no loops' 'either --loops or --rate' "${good[@]}"
aborts 'no profile of that name' 'there is no profile no-such' --profile no-such --signature x --loops 5 \
	--build it="$fake"
aborts 'an unknown option' 'unrecognized option' "${good[@]}" --lops 5
aborts 'an option of others' 'does not take --times' "${good[@]}" --times 5
aborts 'no share' 'expected a number between 0 and 1' "${good[@]}" --rate 1

# Five commits, the fourth of which has it.
git_finds() {
	export GIT_CONFIG_GLOBAL=/dev/null GIT_AUTHOR_NAME=x GIT_AUTHOR_EMAIL=x GIT_COMMITTER_NAME=x \
		GIT_COMMITTER_EMAIL=x
	local name
	git init -q "$scratch/tree" && cd "$scratch/tree" || return
	for name in a dead b s t; do
		cp "$scratch/$name" qemu && git add qemu && git commit -qm "$name" --allow-empty || return
		git tag "$name"
	done
	git bisect start t a && git bisect run "$BUILD/qsoak" bisect --run --profile "$scratch/story.yaml" \
		--state-dir "$scratch/state" --signature '*poll_co*' --loops 20 --build it=qemu
}
if command -v git >/dev/null; then
	(git_finds) >"$scratch/git.log" 2>&1
	check 'git bisect run names the commit' grep -q "^$(git -C "$scratch/tree" rev-parse s) is the first bad commit" \
		"$scratch/git.log"
else
	skip 'git bisect run names the commit' 'there is no git'
fi

# By the service, with builds that are registered.
export XDG_CACHE_HOME=$scratch/cache
mkdir -p "$XDG_CACHE_HOME/qsoak/builds"
for name in a s; do
	printf 'name: %s\nbinary: %s\n' $name "$scratch/$name" >"$XDG_CACHE_HOME/qsoak/builds/$name.yaml"
done
serve
qsoak bisect --profile "$scratch/story.yaml" --good a --bad s a s --json >"$scratch/service.json" 2>/dev/null
check 'a service bisects too' same "$? $(result service .found)" '0 s'
check 'by campaigns of its own' same "$(qsoak campaigns --json | jq '.campaigns | length')" 3

refused() {
	local title=$1 expected=$2
	shift 2
	"$BUILD/qsoak" bisect "$@" >/dev/null 2>"$scratch/refused.log"
	check "$title: exit code" same $? 2
	check "$title: and why" contains "$(cat "$scratch/refused.log")" "$expected"
}
ends=(--profile "$scratch/story.yaml" --good a --bad s --local)
refused 'no good end' '--good is missing' --profile x --bad s a s
refused 'an end that is not in the list' '--good: found x, expected one of the builds' --profile x --good x --bad s a s
refused 'one end' 'are the same build' --profile x --good s --bad s a s
refused 'a build twice' 'found a twice' "${ends[@]}" a s a
refused 'no such binary' 'BUILD s: /nonexistent: No such file' "${ends[@]}" a s=/nonexistent
refused 'a build that is nowhere' 'no such build is registered' --profile "$scratch/story.yaml" --good a \
	--bad nowhere --state-dir "$scratch/state" a nowhere
refused 'no loops' '--loops: found 0, expected 1 to' "${ends[@]}" --loops 0 a s
refused 'too many VMs' '--vms: found 257, expected 1 to 256' "${ends[@]}" --vms 257 a s
refused '--rate without --run' '--rate goes with --run' "${ends[@]}" --rate 0.1 a s
