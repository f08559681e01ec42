# SPDX-License-Identifier: GPL-2.0-or-later
# bash completion of qsoak: the words come from its own --help.

_qsoak() {
	local word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} command= i words
	local program=${COMP_WORDS[0]}

	for ((i = 1; i < COMP_CWORD; i++)); do
		[[ ${COMP_WORDS[i]} == -* ]] || { command=${COMP_WORDS[i]}; break; }
	done
	COMPREPLY=()
	case $previous in
	--state-dir | --known | --rules | --junit | --tap | --html | --qemu | --socket | --build)
		compopt -o default
		return
		;;
	--on-failure)
		mapfile -t COMPREPLY < <(compgen -W 'go-on hold' -- "$word")
		return
		;;
	--format)
		mapfile -t COMPREPLY < <(compgen -W 'json csv guestperf text benchstat' -- "$word")
		return
		;;
	esac
	if [[ -z $command ]]; then
		words=$("$program" --help 2>/dev/null | sed -n 's/^  \([a-z]*\) .*/\1/p')
	elif [[ $word == -* ]]; then
		words=$("$program" "$command" --help 2>/dev/null | sed -n 's/^  \(--[a-z-]*\) .*/\1/p')
	else
		case $command in
		run) words=$("$program" profiles --json 2>/dev/null | sed -n 's/.*"name": *"\([^"]*\)".*/\1/p') ;;
		esac
		compopt -o default
	fi
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}

complete -F _qsoak qsoak
