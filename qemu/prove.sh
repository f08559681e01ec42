#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Runs the profile bql-setup and says in three sentences whether what the patch "migration: hold the BQL
# during setup" says of itself held on this host: prove.sh BUILD-FOLDER. Status 0 if all of it held.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
build=$1
state=$build/prove

ASSERTION='assertion in bdrv_poll_co'
HANG='hang of main-loop in migrate/setup'
SAVES=2000 MIGRATIONS=500

rm -rf "$state"
mkdir -p "$state"
cp "$here/../profiles/bql-setup.yaml" "$state/"
# A mirror without backports has no upstream; the claims need none.
if [ ! -e "${XDG_CACHE_HOME:-$HOME/.cache}/qsoak/builds/upstream.yaml" ]; then
	echo 'prove: there is no build upstream, it is left out' >&2
	sed -i '/{name: upstream}/d' "$state/bql-setup.yaml"
fi

# Builds that fail as they should, and otherwise, are what this is about.
status=0
"$build/qsoak" run "$state/bql-setup.yaml" --local --state-dir "$state" || status=$?
case $status in
0 | 1 | 4) ;;
*)
	echo "prove: the campaign ended with $status" >&2
	exit "$status"
	;;
esac
"$build/qsoak" report --state-dir "$state" --json >"$state/report.json"

# of_build BUILD WHERE: how many operations that began on the build are so.
of_build() {
	sqlite3 -readonly "$state/results.db" "SELECT count(*) FROM operation AS o
		JOIN run AS r ON r.id = o.src_run_id JOIN build AS b ON b.id = r.build_id
		LEFT JOIN measure AS m ON m.operation_id = o.id AND m.name = 'multifd_bytes'
		WHERE b.name = '$1' AND $2"
}

saves() {
	of_build "$1" "o.kind LIKE 'snapshot-save%' AND o.outcome IN ('ok', 'failed')"
}

# Those that sent data by their channels, to the end.
migrations() {
	of_build "$1" "o.kind = 'migrate' AND o.outcome = 'ok' AND m.value > 0"
}

# report EXPRESSION BUILD TITLE [BUILD]: a jq expression over the result; $build, $title and $other are the
# arguments, sig(b) are the failures of build b whose signature begins with $title.
report() {
	jq -r --arg build "$2" --arg title "$3" --arg other "${4:-}" \
		"def sig(b): [.signatures[] | select(.build == b and (.signature | startswith(\$title)))];
		def real: any(.differences[]; (.signature | startswith(\$title)) and
			.a == \$build and .b == \$other and .fisher_p < 0.05 / 3);
		$1" "$state/report.json"
}

failures() {
	report '[sig($build)[] | .failures] | add // 0' "$@"
}

# The median of the loops to the failure, with its interval, if it was reached.
after() {
	report 'sig($build) | sort_by(-.failures) | .[0].loops_to_failure // {} |
		if .median then "median after \(.median) loops, 95 % interval \(.lower // "-") to \(.upper // "-")"
		else "fewer than half of its VMs" end' "$@"
}

# differ BUILD TITLE OTHER: "really" or "not shown to be", in failures per loop. There are three such
# comparisons, and they were chosen before: so each has a third of the 5 %.
differ() {
	report 'if real then "really" else "not shown to be" end' "$@"
}

# none FAILURES TRIES: "0 of 2000 (rate below 0.15 %)", or how many.
none() {
	awk -v k="$1" -v n="$2" 'BEGIN {
		printf "%d of %d", k, n
		if (k == 0 && n > 0)
			printf " (rate below %.2g %% with 95 %% confidence)", 100 * (1 - exp(log(0.05) / n))
	}'
}

stock=$(failures stock "$ASSERTION")
naive=$(failures bql-naive "$ASSERTION")
fixed=$(failures bql-fixed "$ASSERTION")
stock_saves=$(saves stock)
naive_saves=$(saves bql-naive)
fixed_saves=$(saves bql-fixed)
naive_differs=$(differ stock "$ASSERTION" bql-naive)
fixed_differs=$(differ stock "$ASSERTION" bql-fixed)
naive_hangs=$(failures bql-naive "$HANG")
# Wherever in its migrations.
fixed_hangs=$(failures bql-fixed 'hang of main-loop in migrate/')
naive_migrations=$(migrations bql-naive)
fixed_migrations=$(migrations bql-fixed)
hangs_differ=$(differ bql-naive "$HANG" bql-fixed)
stock_after=$(after stock "$ASSERTION")
naive_after=$(after bql-naive "$HANG")

held=0
# claim TEXT CONDITION...: the claim, and whether the condition, of test(1), says that it held.
claim() {
	local text=$1
	shift
	if test "$@"; then
		held=$((held + 1))
		printf '%s: it held.\n' "$text"
	else
		printf '%s: it was NOT shown.\n' "$text"
	fi
}

echo
claim "1. Without the patch snapshot-save under pflash writes asserts (stock: $stock assertions in \
$stock_saves saves, $stock_after)" "$stock" -gt 0
claim "2. Holding the BQL over the setup cures that (bql-naive: $(none "$naive" "$naive_saves") saves, \
$naive_differs different from stock; bql-fixed: $(none "$fixed" "$fixed_saves"), $fixed_differs different)" \
	"$naive" = 0 -a "$fixed" = 0 -a "$fixed_saves" -ge $SAVES -a "$naive_differs" = really \
	-a "$fixed_differs" = really
claim "3. Not unlocking it around multifd_send_sync_main deadlocks multifd (bql-naive: $naive_hangs times \
\"$HANG\", $naive_after, $naive_migrations migrations came through; bql-fixed: \
$(none "$fixed_hangs" "$fixed_migrations") multifd migrations, $hangs_differ different)" \
	"$naive_hangs" -gt 0 -a "$fixed_hangs" = 0 -a "$fixed_migrations" -ge $MIGRATIONS \
	-a "$hangs_differ" = really
[ "$held" = 3 ]
