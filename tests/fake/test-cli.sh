#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The command line of the client: every command and option has its help, errors have one line.
. "$(dirname "$0")/../lib.sh"

qsoak=$BUILD/qsoak

# refused NAME EXPECTED ARGUMENT...
refused() {
	local name=$1 expected=$2 output status
	shift 2
	output=$("$qsoak" "$@" 2>&1 >/dev/null)
	status=$?
	check "$name: exit code 2" same "$status" 2
	check "$name: says what" contains "$output" "$expected"
	check "$name: in one line" same "$(grep -c . <<<"$output")" 1
}

takes() {
	"$qsoak" "$@" >/dev/null
}

commands=$("$qsoak" --help | sed -n 's/^  \([a-z]*\) .*/\1/p')
check '--help lists the commands' same "$(tr '\n' ' ' <<<"$commands")" \
	'run status watch stop pause resume release campaigns builds profiles failures signatures show reproducer replay bisect report compare history selfcheck gate export import push config '
check '--help fits a terminal' same "$("$qsoak" --help | awk 'length > 100')" ''
for command in $commands; do
	help=$("$qsoak" "$command" --help)
	check "$command --help: exit code 0" same $? 0
	check "$command --help: fits a terminal" same "$(awk 'length > 100' <<<"$help")" ''
	# What the help lists is taken; an option of nobody is not.
	for option in $(sed -n 's/^  --\([a-z-]*\) .*/\1/p' <<<"$help"); do
		case $option in
		vms | loops | campaign | times | tries | operation | experiments) value=1 ;;
		confidence | rate) value=0.5 ;;
		good | bad | profile | signature | qemu | html | of | store) value=x ;;
		build) value=x=/bin/true ;;
		duration | wait) value=1s ;;
		seed | format | list | state-dir | socket | on-failure | known | rules | junit | tap) value=x ;;
		*) value= ;;
		esac
		check "$command --$option" takes "$command" "--$option" $value --help
	done
	refused "$command --nonsense" "unrecognized option '--nonsense'" "$command" --nonsense
done
refused 'profiles takes no state' 'profiles does not take --state-dir' profiles --state-dir x
for command in status watch stop 'release 1'; do
	refused "$command has one service" '--socket and --local exclude each other' \
		$command --local --socket x
done
refused 'nobody waits for a private one' '--wait and --local exclude each other' watch --local --wait 1s
refused 'how long is a time' '--wait: found 5, expected' watch --wait 5
refused 'resume has one, too' '--socket and --state-dir exclude each other' \
	resume --state-dir x --socket x
check 'resume of a state where nobody is at work' contains "$("$qsoak" resume --state-dir x 2>&1)" \
	'no private qsoakd is at work in x'
for command in status watch stop profiles; do
	refused "$command takes no argument" "$command: found 1 arguments, expected none" "$command" x
done
for command in run show replay gate export import; do
	refused "$command wants an argument" "$command: found 0 arguments, expected" "$command"
done
check 'no command: exit code 2' same "$("$qsoak" 2>/dev/null; echo $?)" 2
refused 'unknown command' 'there is no command "soak"' soak
refused 'a missing value' "option '--vms' requires an argument" run x --vms
refused 'ids are numbers' 'INCIDENT: found "x", expected a whole number' show x --local
refused 'above 0' 'CAMPAIGN: found "0", expected a number above 0' report 0 --local
refused 'and nothing else' '--campaign: found "1x"' failures --campaign 1x
refused '--detach of a private daemon' '--local excludes --detach' run x.yaml --local --detach
refused '--local has its own socket' '--local and --socket exclude' run x.yaml --local --socket x
refused '--state-dir of a service' '--state-dir goes with --local' run x.yaml --state-dir x
refused 'two formats' 'exclude each other' export 1 --format csv --json
refused 'import to a service' 'give --local or --state-dir' import x
refused 'import for a binary' '--build: expected one NAME' import x --local --build x=/bin/true
refused 'a list of JSON' '--list goes with --format csv' export 1 --list runs
check '--version' same "$("$qsoak" --version | grep -c '^qsoak [0-9]')" 1

# Profiles by name.
check 'profiles: each has a name and a description' same \
	"$("$qsoak" profiles --json | jq -r '.profiles[] | select(.description | length < 20) | .name')" ''
check 'profiles: the description is a whole sentence' same \
	"$("$qsoak" profiles --json | jq -r '.profiles[] | select(.description | test("[.?]$") | not) | .name')" ''
check 'profiles: all that are there' same "$("$qsoak" profiles --json | jq -r '.profiles[].name')" \
	"$(cd "$top/profiles" && ls *.yaml | sed 's/\.yaml$//')"
check 'profiles: as a table' contains "$("$qsoak" profiles)" 'quick'
refused 'a name of no profile' 'there is no profile no-such in ' run no-such
check 'a name of a profile is found' contains \
	"$("$qsoak" run quick --socket "$scratch/none" 2>&1)" 'no qsoakd listens on'

refused 'results that are not there' "there are no results in $scratch/nowhere" \
	report --state-dir "$scratch/nowhere"
