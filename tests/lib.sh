# SPDX-License-Identifier: GPL-2.0-or-later
# For test scripts: TAP, a scratch folder that goes with the script, and words to tell a story with.
# The caller sets BUILD to the folder of the build under test.
set -u

: "${BUILD:?is not set: the folder of the build under test}"
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
scratch=$(mktemp -d)
tests=0 failures=0
fake=$BUILD/tests/fake-qemu
started=()

# Ends what the script started and nothing else.
finish() {
	local pid
	for pid in "${started[@]}"; do
		kill -9 "$pid" 2>/dev/null
	done
	# What they started ends by itself, and writes until then.
	await 10 nothing_left >/dev/null
	rm -rf "$scratch"
	echo "1..$tests"
	[ "$failures" = 0 ]
	exit
}
trap finish EXIT

# check TITLE COMMAND...: a test of that title, which passes if the command does.
check() {
	local title=$1
	shift
	tests=$((tests + 1))
	if "$@"; then
		echo "ok $tests - $title"
	else
		failures=$((failures + 1))
		echo "not ok $tests - $title"
		echo "# failed: $*"
	fi
}

skip() {
	tests=$((tests + 1))
	echo "ok $tests - $1 # SKIP $2"
}

same() {
	[ "$1" = "$2" ] || { echo "# found \"$1\", expected \"$2\""; false; }
}

contains() {
	[[ $1 == *"$2"* ]] || { echo "# found \"$1\", expected it to contain \"$2\""; false; }
}

# refused NAME STATUS EXPECTED COMMAND...: exits with STATUS and one line that contains EXPECTED.
refused() {
	local name=$1 expected_status=$2 expected=$3 output status
	shift 3
	output=$("$@" 2>&1 >/dev/null)
	status=$?
	check "$name: exit code" same "$status" "$expected_status"
	check "$name: says why" contains "$output" "$expected"
	check "$name: in one line" same "$(grep -c . <<<"$output")" 1
}

# A profile on standard output: profile VMS STOP-RULE BUILD..., each build NAME[=ARG,ARG...]. LIMIT
# is that of every step but the boot's, STALL what may stand still within one, LOOPS how many
# a VM lives, MIGRATE what a loop has of migrations, MORE an operation more, WATCH the keys of watch.
# Whatever this machine's hypervisor does, a hang is a hang.
profile() {
	local vms=$1 stop=$2 build args
	shift 2
	cat <<-END
		name: story
		machine: {type: pc-q35-7.2, accel: tcg, ram: 16MiB}
		guest: {name: pflash-hammer}
		fleet: {vms: $vms, loops-per-vm: ${LOOPS:-5}}
		operations:
		  - {operation: snapshot-save, verify: 0}
		  - {operation: snapshot-load, verify: 0}
		  ${MIGRATE+- {operation: migrate, channels: 2, every: $MIGRATE\}}
		  - {operation: snapshot-delete}
		  ${MORE+- {operation: $MORE\}}
		limits: {boot: 20s, reply: ${LIMIT:-20s}, snapshot-save: ${LIMIT:-20s},
		  snapshot-load: ${LIMIT:-20s}, snapshot-delete: ${LIMIT:-20s},
		  migrate: ${LIMIT:-20s}, shutdown: ${LIMIT:-20s}, stall: ${STALL:-20s}}
		watch: {stolen-cpu: 100${WATCH:+, $WATCH}}
		stop: {$stop, duration: 120s}
		builds:
	END
	for build; do
		args=${build#*=}
		[ "$args" = "$build" ] && args=
		echo "  - {name: ${build%%=*}, binary: $fake, args: [${args//,/, }]}"
	done
}

# qsoak run: run_campaign NAME, reads $scratch/NAME.yaml, writes NAME.json and NAME.log, sets status.
run_campaign() {
	local name=$1
	shift
	"$BUILD/qsoak" run "$scratch/$name.yaml" --local --state-dir "$scratch/$name" --json "$@" \
		>"$scratch/$name.json" 2>"$scratch/$name.log"
	status=$?
}

# The value of a jq expression over the result of a campaign.
result() {
	jq -r "$2" "$scratch/$1.json"
}

# Processes whose command line names the scratch folder or that work in it, but for ourselves.
processes() {
	local pid
	for pid in /proc/[0-9]*; do
		pid=${pid#/proc/}
		[ "$pid" = $$ ] || [ "$pid" = "$BASHPID" ] && continue
		if [[ $(readlink "/proc/$pid/cwd" 2>/dev/null) == "$scratch"* ]] ||
			tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep -qF "$scratch"; then
			echo "$pid $(tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | cut -c1-100)"
		fi
	done 2>/dev/null
}

# Waits until a command succeeds, at most SECONDS.
await() {
	local end=$((SECONDS + $1))
	shift
	until "$@"; do
		[ "$SECONDS" -lt "$end" ] || return 1
		read -rt 0.02 <> <(:) || :
	done
}

nothing_left() {
	local left
	left=$(processes)
	[ -z "$left" ] || { echo "# $left"; false; }
}

no_work_left() {
	[ ! -e "$scratch/$1/work" ] || { ls -lR "$scratch/$1/work" | sed 's/^/# /'; false; }
}
