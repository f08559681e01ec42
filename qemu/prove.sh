#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Runs the profile bql-setup and says in three sentences whether what the patch "migration: hold the BQL
# during setup" says of itself held on this host: prove.sh BUILD-FOLDER. Status 0 if all of it held.
set -eu
build=$1
state=$build/prove

ASSERTION='assertion in bdrv_poll_co'
HANG='hang of main-loop in migrate/setup'
SAVES=2000 MIGRATIONS=500

rm -rf "$state"
# Builds that fail as they should, and others, are what this is about: the status says nothing.
"$build/qsoak" run bql-setup --local --state-dir "$state" || [ $? = 1 ] || [ $? = 4 ]
"$build/qsoak" report --state-dir "$state" --json >"$state/report.json"

sql() {
	sqlite3 -readonly "$state/results.db" "$1"
}

# saves BUILD: how many ended, well or not.
saves() {
	sql "SELECT count(*) FROM operation AS o JOIN run AS r ON r.id = o.src_run_id
		JOIN build AS b ON b.id = r.build_id WHERE b.name = '$1'
		AND o.kind LIKE 'snapshot-save%' AND o.outcome IN ('ok', 'failed')"
}

# migrations BUILD: how many sent data by their channels to the end.
migrations() {
	sql "SELECT count(*) FROM operation AS o JOIN run AS r ON r.id = o.src_run_id
		JOIN build AS b ON b.id = r.build_id JOIN measure AS m ON m.operation_id = o.id
		WHERE b.name = '$1' AND o.kind = 'migrate' AND m.name = 'multifd_bytes' AND m.value > 0"
}

# failures BUILD TITLE: how many failures have a signature that begins so.
failures() {
	jq -r --arg build "$1" --arg title "$2" \
		'[.signatures[] | select(.build == $build and (.signature | startswith($title))) |
		.failures] | add // 0' "$state/report.json"
}

# after BUILD TITLE: the median of the loops to that failure, with its interval.
after() {
	jq -r --arg build "$1" --arg title "$2" \
		'[.signatures[] | select(.build == $build and (.signature | startswith($title))) |
		.loops_to_failure | "\(.median // "-") loops, 95 % interval \(.lower // "-") to \(.upper // "-")"][0] //
		"none"' "$state/report.json"
}

# p A B TITLE: of the difference between two builds, adjusted for all comparisons of the campaign.
p() {
	jq -r --arg a "$1" --arg b "$2" --arg title "$3" \
		'[.differences[] | select(.a == $a and .b == $b and (.signature | startswith($title))) |
		.fisher_p][0] // 1 | if . < 0.001 then "below 0.001" else (. * 1000 | round / 1000) end' \
		"$state/report.json"
}

# bound N: with 95 % confidence what happened in none of N tries happens less often.
bound() {
	awk -v n="$1" 'BEGIN { printf n ? "%.2g %%" : "100 %%", n ? 100 * (1 - exp(log(0.05) / n)) : 0 }'
}

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

stock=$(failures stock "$ASSERTION") naive=$(failures bql-naive "$ASSERTION")
fixed=$(failures bql-fixed "$ASSERTION")
naive_hangs=$(failures bql-naive "$HANG") fixed_hangs=$(failures bql-fixed "$HANG")
fixed_saves=$(saves bql-fixed) fixed_migrations=$(migrations bql-fixed)

echo
claim "1. Without the patch snapshot-save under pflash writes asserts (stock: $stock of $(saves stock) saves, \
median after $(after stock "$ASSERTION"))" "$stock" -gt 0
claim "2. Holding the BQL over the setup cures that (bql-naive: $naive of $(saves bql-naive) saves, \
rate below $(bound "$(saves bql-naive)"), against stock p $(p stock bql-naive "$ASSERTION"); \
bql-fixed: $fixed of $fixed_saves, below $(bound "$fixed_saves"), p $(p stock bql-fixed "$ASSERTION"))" \
	"$naive" = 0 -a "$fixed" = 0 -a "$fixed_saves" -ge $SAVES
claim "3. Not unlocking it around multifd_send_sync_main deadlocks multifd (bql-naive: $naive_hangs times \
\"$HANG\", median after $(after bql-naive "$HANG"), $(migrations bql-naive) migrations came through; \
bql-fixed: $fixed_hangs in $fixed_migrations multifd migrations, rate below $(bound "$fixed_migrations"), \
p $(p bql-naive bql-fixed "$HANG"))" \
	"$naive_hangs" -gt 0 -a "$fixed_hangs" = 0 -a "$fixed_migrations" -ge $MIGRATIONS
[ "$held" = 3 ]
