#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# A file of daemon/ includes only its own folder and the folders before it; TAP, a test a folder.
set -eu
cd "$(dirname "$0")/../daemon"

layers='base qmp domain vm op watch stack triage campaign store upstream report control http config cli'

allowed=
tests=0
status=0

# report TITLE BREACHES
report() {
	tests=$((tests + 1))
	if [ -z "$2" ]; then
		echo "ok $tests - $1"
	else
		echo "not ok $tests - $1"
		printf '# %s\n' "$2"
		status=1
	fi
}

for layer in $layers; do
	allowed="$allowed $layer"
	breaches=
	for file in "$layer"/*.[ch]; do
		[ -e "$file" ] || continue
		for include in $(sed -n 's/^#include "\([a-z]*\)\/.*/\1/p' "$file" | sort -u); do
			case " $allowed guests " in
			*" $include "*) ;;
			*)
				breaches="$breaches$file includes $include/ "
				;;
			esac
		done
	done
	report "$layer includes only itself and what comes before it" "$breaches"
done

unknown=

for folder in */; do
	case " $layers " in
	*" ${folder%/} "*) ;;
	*) unknown="$unknown$folder " ;;
	esac
done
report 'every folder of daemon/ is a layer' "$unknown"
echo "1..$tests"
exit $status
