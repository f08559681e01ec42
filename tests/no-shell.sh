#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# No program of ours starts another one by a shell: what comes from a profile, a store or a peer would be read as
# shell code. TAP.
set -eu
cd "$(dirname "$0")/../daemon"

# The client runs the reproducer that it has written itself, as a user would.
allowed='^cli/shrink.c:.*"/bin/bash", SCRIPT'

# check TITLE PATTERN
check() {
	found=$(grep -rnE --include='*.[ch]' "$2" . | sed 's/^\.\///' | grep -v "$allowed" || :)
	n=$((n + 1))
	if [ -z "$found" ]; then
		echo "ok $n - $1"
	else
		echo "not ok $n - $1"
		echo "$found" | sed 's/^/# /'
		status=1
	fi
}

n=0
status=0
check 'nothing calls system() or popen()' '(^|[^_[:alnum:]])(system|popen|wordexp)[[:space:]]*\('
check 'nothing searches $PATH for a program' '(^|[^_[:alnum:]])(exec[lv]p|execvpe|posix_spawnp)[[:space:]]*\('
check 'nothing names a shell' '"(/usr)?(/bin/)?(ba|da|z|k)?sh"'
echo "1..$n"
exit $status
