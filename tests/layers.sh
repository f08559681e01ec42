#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# A file of daemon/ includes only its own folder and the folders before it; prints every breach.
set -eu
cd "$(dirname "$0")/../daemon"

layers='base qmp vm op watch triage campaign store report control cli'

allowed=
status=0
for layer in $layers; do
	allowed="$allowed $layer"
	for file in "$layer"/*.[ch]; do
		[ -e "$file" ] || continue
		for include in $(sed -n 's/^#include "\([a-z]*\)\/.*/\1/p' "$file" | sort -u); do
			case " $allowed guests " in
			*" $include "*) ;;
			*)
				echo "$file includes $include/, which comes after $layer/"
				status=1
				;;
			esac
		done
	done
done

for folder in */; do
	case " $layers " in
	*" ${folder%/} "*) ;;
	*)
		echo "daemon/$folder is not a layer: tests/layers.sh has the list"
		status=1
		;;
	esac
done
exit $status
