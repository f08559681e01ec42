#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Two builds are compared in blocks: what is said of them, when a campaign ends, and what is refused.
# Where a verdict is sure, one build takes a multiple of the other's time.
. "$(dirname "$0")/../lib.sh"

# A build whose snapshot-save takes MS, as a program of its own: build NAME MS. No option tells them apart.
build() {
	printf '#!/bin/sh\nexec %s -fake-slow snapshot-save=%s "$@"\n' "$fake" "$2" >"$scratch/$1"
	chmod +x "$scratch/$1"
}

build fast 20
build slow 160

# A profile of two VMs at once that compares: comparing COMPARE NAME=BINARY NAME=BINARY [KEYS]; KEYS are of both
# builds.
comparing() {
	LOOPS=3 profile 2 'loops: 1000000' | sed 's/duration: 120s/duration: 600s/'
	echo "  - {name: ${2%%=*}, binary: ${2#*=}${4:+, $4}}"
	echo "  - {name: ${3%%=*}, binary: ${3#*=}${4:+, $4}}"
	echo "compare: {$1}"
}

# compare NAME ARGUMENT...: of the state folder of campaign NAME; writes $scratch/out and err, sets status.
compare() {
	local name=$1
	shift
	"$BUILD/qsoak" compare --state-dir "$scratch/$name" "$@" >"$scratch/out" 2>"$scratch/err"
	status=$?
}

# The value of a jq expression over what compare said.
said() {
	jq -r "$1" "$scratch/out"
}

rows() {
	sqlite3 -cmd '.timeout 5000' "$scratch/$1/results.db" "$2"
}

metric='metrics: [{metric: snapshot-save.duration, margin: 10%}]'

comparing "blocks: 30, looks: [12], $metric" old="$scratch/fast" new="$scratch/slow" \
	>"$scratch/slower.yaml"
run_campaign slower
check 'a slower build: exit code of run' same "$status" 1
check 'a slower build: no failure' same "$(result slower .campaign.failures)" 0
check 'a slower build: the report says so' same "$(result slower .comparison.verdict)" slower
check 'a look that decides: a row of it' same "$(rows slower 'SELECT blocks FROM look')" 12
check 'a look that decides: it was the first' same "$(result slower .comparison.blocks.look)" 1
check 'a look that decides: so many blocks count' same "$(result slower .comparison.blocks.used)" 12
check 'a look that decides ends the campaign' same \
	"$(result slower '.comparison.blocks | .complete < .planned')" true
check 'a look that decides: the campaign came to its end' same \
	"$(result slower .campaign.end)" complete

compare slower old new
check 'compare: exit code' same "$status" 1
check 'compare: the sentence is first' contains "$(head -1 "$scratch/out")" \
	'new is slower than old: snapshot-save.duration +'
check 'compare: the metric' contains "$(cat "$scratch/out")" 'snapshot-save.duration'
check 'compare: nothing is wider than 100 columns' same \
	"$(tail -n +2 "$scratch/out" | awk 'length > 100')" ''
check 'compare: a host that was never compared with itself' contains "$(tail -1 "$scratch/out")" \
	'this host was never compared with itself'

"$BUILD/qsoak" report --state-dir "$scratch/slower" >"$scratch/out"
check 'report: the sentence' contains "$(cat "$scratch/out")" \
	'new is slower than old: snapshot-save.duration +'
check 'report: a host that was never compared with itself' contains "$(tail -1 "$scratch/out")" \
	'this host was never compared with itself'

compare slower old new --json
check 'compare --json: exit code' same "$status" 1
check 'compare --json: the keys' same "$(said 'keys | join(" ")')" \
	"a alpha b blocks campaign confidence environment failures metrics selfcheck sentence verdict"
check 'compare --json: those of a metric' same "$(said '.metrics[0] | keys | join(" ")')" \
	"a adjusted_p b better blocks detectable differences lower margin metric more_blocks p p95 p99 \
primary ratio title unit upper verdict"
check 'compare --json: of a build' same "$(said '.a | keys | join(" ")')" 'build version'
check 'compare --json: of the blocks' same "$(said '.blocks | keys | join(" ")')" \
	'complete look looks planned used warm_up_loops'
check 'compare --json: of the samples' same "$(said '.metrics[0].a | keys | join(" ")')" \
	'p50 p95 p99 samples'
check 'compare --json: two samples of each VM but the warm-up' same \
	"$(said '.metrics[0].a.samples, .metrics[0].b.samples' | xargs)" '24 24'
check 'compare --json: a ratio for each block' same "$(said '.metrics[0].differences | length')" 12
check 'compare --json: all of them upwards' same \
	"$(said '[.metrics[0].differences[] > 0] | all')" true
check 'compare --json: as in the report' same "$(said .metrics[0].ratio)" \
	"$(result slower .comparison.metrics[0].ratio)"
check 'compare --json: metrics that were not asked for' same \
	"$(said '[.metrics[] | select(.primary | not) | .metric] | index("boot.duration") != null')" true
check 'compare --json: the environment' same "$(said '.environment.host.accelerator,
	.environment.a.sandbox, (.environment.differences | length)' | xargs)" 'tcg on 0'

compare slower new old --json
check 'the other way round: exit code' same "$status" 0
check 'the other way round: verdict' same "$(said '.verdict, .a.build' | xargs)" 'faster new'

compare slower old new --campaign 1 --experiments 6 --json
check '--campaign, --experiments: two experiments at least' same \
	"$(said '.experiments | .blocks == 6 and .count >= 2')" true
check '--experiments: of each metric' same \
	"$(said '.experiments.metrics[0] | .metric, (.list | length >= 2), has("alarms")' | xargs)" \
	'snapshot-save.duration true true'

compare slower old other
check 'names that nobody compared: exit code' same "$status" 2
check 'names that nobody compared: said' contains "$(cat "$scratch/err")" \
	'no campaign compares builds old and other in blocks'
compare slower old other --campaign 1
check 'names of other builds: exit code' same "$status" 2
check 'names of other builds: said' contains "$(cat "$scratch/err")" \
	'campaign 1 compares old and new, and not old and other'
compare slower old new --campaign 7777
check 'a campaign that is not there: exit code' same "$status" 2
check 'a campaign that is not there: said' contains "$(cat "$scratch/err")" 'has no campaign 7777'
compare slower old new --experiments 0
check 'experiments of no block: exit code' same "$status" 2
compare slower old
check 'one name only: exit code' same "$status" 2

profile 1 'loops: 1' good >"$scratch/plain.yaml"
run_campaign plain
check 'a campaign that compares nothing has no verdict' same \
	"$(result plain '.comparison, .selfcheck' | xargs)" 'null null'
compare plain good good
check 'compare without any comparison: exit code' same "$status" 2
check 'compare without any comparison: said' contains "$(cat "$scratch/err")" \
	'no campaign compares builds good and good in blocks'
compare plain good good --campaign 1
check 'compare of a campaign that compares nothing: exit code' same "$status" 2
check 'compare of a campaign that compares nothing: said' contains "$(cat "$scratch/err")" \
	'compares nothing: its profile has no `compare`'

# What is found of equal builds is chance: it has to fit together.
code_of() {
	case $1 in
	slower) echo 1 ;;
	unclear) echo 4 ;;
	same | faster) echo 0 ;;
	esac
}

comparing "blocks: 6, margin: 100%, metrics: [{metric: snapshot-save.duration}]" \
	A="$scratch/fast" B="$scratch/fast" >"$scratch/equal.yaml"
run_campaign equal
check 'equal builds: exit code by the verdict' same "$status" \
	"$(code_of "$(result equal .comparison.verdict)")"
check 'equal builds: all blocks' same "$(result equal '.comparison.blocks | .complete, .used, .look' |
	xargs)" '6 6 1'
check 'equal builds: the last look needs no row' same "$(rows equal 'SELECT count(*) FROM look')" 0
verdict=$(result equal .comparison.verdict)
compare equal A B
check 'equal builds: compare by the same verdict' same "$status" "$(code_of "$verdict")"

# Options of QEMU tell these apart: every time may come of them.
comparing "blocks: 6, $metric" A="$fake" B="$fake" |
	sed 's/name: A,/& args: [-fake-slow, snapshot-save=20],/
		s/name: B,/& args: [-fake-slow, snapshot-save=160],/' >"$scratch/args.yaml"
run_campaign args
check 'different environments: no verdict of run' same "$status" 4
compare args A B
check 'different environments: exit code' same "$status" 2
check 'different environments: said' contains "$(cat "$scratch/err")" \
	'without --force A and B cannot be compared: they ran in different environments: args (-fake-slow '"\
snapshot-save=20, -fake-slow snapshot-save=160)"
check 'different environments: nothing else' same "$(cat "$scratch/out")" ''
compare args A B --force
check '--force: exit code' same "$status" 1
check '--force: labelled' contains "$(cat "$scratch/out")" \
	'environments differ: args: A -fake-slow snapshot-save=20, B -fake-slow snapshot-save=160'
compare args A B --force --json
check '--force --json: labelled' same "$(said '.environment.forced, .verdict' | xargs)" 'true slower'

printf 'slower: {margin: 10%%}\n' >"$scratch/same.yaml"
printf '{slower: {margin: 10%%}, environment: any}\n' >"$scratch/any.yaml"
gate() {
	"$BUILD/qsoak" gate 1 --state-dir "$scratch/args" --rules "$scratch/$1.yaml" >"$scratch/out"
}
gate same
check 'different environments: the gate cannot tell' same $? 4
check 'different environments: the gate says why' contains "$(cat "$scratch/out")" \
	'the two builds ran in different environments: args'
gate any
check 'rules that take any environment: the gate judges' same $? 1
check 'rules that take any environment: a metric is beyond its margin' contains \
	"$(cat "$scratch/out")" 'broken        snapshot-save.duration: B is slower by '

# Every seventh VM fails, of whichever build.
cat >"$scratch/seventh" <<END
#!/bin/sh
case "\$*" in *" -name "*) ;; *) exec "\$@" ;; esac
n=\$( (flock 9; echo \$((\$(cat $scratch/boots) + 1)) >$scratch/boots; cat $scratch/boots) 9>$scratch/lock)
[ \$((n % 7)) = 0 ] && exec "\$@" -fake exit=3@snapshot-save:2
exec "\$@"
END
chmod +x "$scratch/seventh"
echo 0 >"$scratch/boots"
comparing "blocks: 6, $metric" A="$scratch/fast" B="$scratch/slow" "wrapper: [$scratch/seventh]" \
	>"$scratch/flaky.yaml"
run_campaign flaky
check 'builds that fail now and then: the failures say the exit code' same "$status" 1
check 'builds that fail now and then: there are some' same \
	"$(result flaky '.campaign.failures > 0')" true
check 'a failure costs its block, and another one is run' same \
	"$(result flaky .comparison.blocks.complete)" 6
check 'more VMs than those of the blocks that count' same \
	"$(rows flaky 'SELECT count(DISTINCT slot * 1000 + vm) > 12 FROM run')" 1
check 'both builds have run equally often' same \
	"$(rows flaky 'SELECT count(DISTINCT n) FROM (SELECT count(*) AS n FROM run GROUP BY build_id)')" 1
check 'a VM of each build in each block' same "$(rows flaky 'SELECT count(*) FROM
	(SELECT count(DISTINCT build_id) AS n FROM run GROUP BY slot, vm / 2) WHERE n <> 2')" 0

# A build that always fails.
comparing "blocks: 6, $metric" A="$fake" B="$fake" |
	sed 's/name: B,/& args: [-fake, exit=3@snapshot-save],/' >"$scratch/never.yaml"
run_campaign never
check 'a build that always fails: it ends' same "$status" 1
check 'a build that always fails: no block' same "$(result never .comparison.blocks.complete)" 0
check 'a build that always fails: none of the verdicts' same \
	"$(result never .comparison.verdict)" unclear

comparing "blocks: 100000, $metric" A="$scratch/fast" B="$scratch/slow" >"$scratch/cut.yaml"
"$BUILD/qsoak" run "$scratch/cut.yaml" --local --state-dir "$scratch/cut" --json \
	>"$scratch/cut.json" 2>"$scratch/cut.log" &
client=$!
started+=("$client")

has_blocks() {
	[ "$(rows cut 'SELECT count(*) > 4 FROM vm WHERE loops = 3' 2>/dev/null)" = 1 ]
}

check 'a campaign to be cut short' await 60 has_blocks
kill -INT "$client"
wait "$client"
check 'Ctrl-C: exit code' same $? 130
check 'Ctrl-C: no verdict' same "$(result cut '.comparison | .verdict, .blocks.look' | xargs)" \
	'unclear null'
compare cut A B
check 'Ctrl-C: no verdict later either' same "$status" 4
check 'Ctrl-C: it says why' contains "$(head -1 "$scratch/out")" 'no verdict on B against A yet: '
check 'no process is left behind' nothing_left
