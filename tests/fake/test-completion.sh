#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What the completion for bash offers is what there is: commands, their options, profiles, values; alone, and as the
# package bash-completion loads it.
. "$(dirname "$0")/../lib.sh"

# offered WORD...: what a bash that has sourced the completion offers for the last word, sorted.
offered() {
	bash --norc -uc '. "$1" && shift && COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) &&
		{ _qsoak; printf "%s\n" "${COMPREPLY[@]}"; }' - "$top/completion/qsoak.bash" "$BUILD/qsoak" "$@" |
		sed 's/ $//' | sort
}

# The rows of a table of the client.
table() {
	sed -n "/^static const struct $1/,/^};/p" "$top/daemon/cli/options.c"
}

options_of() {
	"$BUILD/qsoak" "$1" --help | grep -o '^  --[a-z-]*' | tr -d ' ' | sort
}

commands=$(table command | sed -n 's/^\t{ "\([a-z]*\)".*/\1/p' | sort)
check 'the table of commands is read' [ "$(wc -l <<<"$commands")" -gt 20 ]
check 'each command is offered, and no other' same "$(offered '')" \
	"$(printf '%s\n' $commands --help --version | sort)"
check 'a command is completed' same "$(offered repl)" replay
for command in $commands; do
	check "$command: each of its options is offered" same "$(offered "$command" --)" "$(options_of "$command")"
done
check 'the options that are offered are all that there are' same \
	"$(for command in $commands; do offered "$command" --; done | sort -u)" \
	"$(sed -n 's/^\t\[OPTION_[A-Z_]*\] = { "\([a-z-]*\)".*/--\1/p' "$top/daemon/cli/options.c" | sort)"
profiles=$(cd "$top/profiles" && ls *.yaml | sed 's/\.yaml$//' | sort)
check 'run: profiles are offered' same "$(offered run '')" "$profiles"
check 'bisect --profile: profiles are offered' same "$(offered bisect --profile '')" "$profiles"
check 'run: behind an option without a value, too' same "$(offered run --detach snapshot-s)" snapshot-storm
check 'behind an option with a value no profile is offered' same "$(offered run --vms '')" ''

# Values that are offered are accepted, as far as a value goes.
accepted() {
	local command=$1 option=$2 value values
	shift 2
	values=$(offered "$command" "$option" '')
	[ -n "$values" ] || return
	for value in $values; do
		"$BUILD/qsoak" "$command" "$@" "$option" "$value" --socket "$scratch/none" 2>&1 |
			grep -F -- "$option" && return 1
	done
	"$BUILD/qsoak" "$command" "$@" "$option" nonsense --socket "$scratch/none" 2>&1 | grep -qF -- "$option"
}
check 'export --format: what is offered is accepted' accepted export --format 1
check 'compare --format: what is offered is accepted' accepted compare --format a b
check 'run --on-failure: what is offered is what --help tells' same "$(offered run --on-failure '' | xargs)" \
	"$("$BUILD/qsoak" run --help | grep -oE 'go-on, or hold' | sed 's/, or//')"

# The package's loader finds it by its name, below a prefix.
loads() {
	local home=$scratch/home/bash-completion/completions
	mkdir -p "$home" && cp "$top/completion/qsoak.bash" "$home/qsoak"
	XDG_DATA_HOME=$scratch/home bash --norc -c '. /usr/share/bash-completion/bash_completion &&
		_completion_loader qsoak; complete -p qsoak' | grep -qF -- '-F _qsoak'
}
if [ -e /usr/share/bash-completion/bash_completion ]; then
	check 'bash-completion loads it' loads
else
	skip 'bash-completion loads it' 'there is no bash-completion'
fi
