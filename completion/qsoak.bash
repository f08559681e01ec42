# SPDX-License-Identifier: GPL-2.0-or-later
# bash completion of qsoak: the words come from its own --help.

_qsoak() {
	local word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
	local program=${COMP_WORDS[0]} command=${COMP_WORDS[1]} help words=

	COMPREPLY=()
	[[ $program != '~'* ]] || program=$HOME${program#\~}
	if ((COMP_CWORD == 1)); then
		words="$("$program" --help 2>/dev/null | sed -n 's/^  \([a-z]*\) .*/\1/p') --help --version"
		mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
		return
	fi

	help=$("$program" "$command" --help 2>/dev/null)
	case $previous in
	--on-failure) words='go-on hold' ;;
	--format)
		case $command in
		export) words='json csv guestperf' ;;
		compare) words='text json benchstat' ;;
		esac
		;;
	--profile) words=$(_qsoak_profiles "$program") ;;
	--*)
		# A value of another option: a file, if anything.
		if grep -q "^  $previous [A-Z]" <<<"$help"; then
			compopt -o default 2>/dev/null
			return
		fi
		;;&
	*)
		if [[ $word == -* ]]; then
			words=$(sed -n 's/^  \(--[a-z-]*\) .*/\1/p' <<<"$help")
		elif [[ $command == run ]]; then
			words=$(_qsoak_profiles "$program")
		fi
		;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
	[[ $word == -* ]] || compopt -o default 2>/dev/null
}

_qsoak_profiles() {
	"$1" profiles --json 2>/dev/null | sed -n 's/^ *"name": *"\([^"]*\)".*/\1/p'
}

complete -F _qsoak qsoak
