#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The ledger of known issues: what is known, what came back, what is new, and what was expected and did
# not happen; in text and JSON, of a campaign and over the store.
. "$(dirname "$0")/../lib.sh"

export XDG_CONFIG_HOME=$scratch/config
own=$XDG_CONFIG_HOME/qsoak/known-issues.yaml
mkdir -p "${own%/*}"
known=$scratch/known.yaml
cat >"$known" <<-END
	issues:
	  - signature: "assertion in bdrv_poll_co: *"
	    title: it sets up without the lock
	    reference: commit 1234
	    affects: {fixed-in: "8.2"}
	  - {signature: "hang of *", title: it waits, profiles: [story]}
	  - {signature: "corruption of *", title: it forgets, affects: {from: "9.0"}, profiles: [story]}
	  - {signature: "crash *", title: it dies, profiles: [other]}
END

printf '#!/bin/sh\nexec %s -fake-schema 10.0 "$@"\n' "$fake" >"$scratch/newer"
chmod +x "$scratch/newer"

# Each build fails in its third save: two of them by what is known, one of these in a QEMU that should have
# it no more; the third by something else.
LOOPS=1000000 profile 3 'loops-per-build: 3' old=-fake,assert@snapshot-save:3 \
	fixed=-fake,assert@snapshot-save:3 other=-fake,exit=3@snapshot-save:3 \
	| sed "s|fixed, binary: [^,]*|fixed, binary: $scratch/newer|" >"$scratch/all.yaml"
run_campaign all --known "$known"
check 'known issues stay failures' same "$status" 1

ledger() {
	result all ".signatures[] | select(.build == \"$1\") | .ledger | \"$2\""
}

check 'JSON: known, with all that is known' same \
	"$(ledger old '\(.status), \(.title), \(.reference), \(.fixed_in), \(.pattern), \(.came_back_in)')" \
	'known, it sets up without the lock, commit 1234, 8.2, assertion in bdrv_poll_co: *, []'
check 'JSON: what a fixed QEMU has came back' same \
	"$(ledger fixed '\(.status) \(.came_back_in)')" 'came-back ["fixed"]'
check 'JSON: new' same "$(ledger other '\(.status) \(.title)')" 'new null'
check 'JSON: seen, and by which versions' same \
	"$(result all '.signatures[] | select(.build == "fixed") |
		"\(.first_seen_unix_ns <= .last_seen_unix_ns) \(.first_seen_unix_ns > 0) \(.versions)"')" \
	'true true ["QEMU emulator version 10.0.99 (fake)"]'
check 'JSON: what the profile shows, of versions that have it, did not happen' same \
	"$(result all '.did_not_happen | map("\(.build): \(.title)") | sort | join(", ")')" \
	'fixed: it forgets, fixed: it waits, old: it waits, other: it waits'

qsoak() {
	"$BUILD/qsoak" "$@" --state-dir "$scratch/all"
}

qsoak report --known "$known" >"$scratch/all.txt"
paragraph() {
	sed -n "/^$1/,/^[^ ]/p" "$scratch/all.txt" | sed '1!{/^[^ ]/d;/^$/d}'
}

check 'text: a paragraph of what came back' same \
	"$(paragraph 'known, fixed' | sed 's/20..-[^ ,]*Z/TIME/g')" \
	"known, fixed in 8.2: came back: assertion in bdrv_poll_co: qemu_get_current_aio_context() == \
qemu_get_aio_context()
    it sets up without the lock
    commit 1234
    came back in fixed
    first seen TIME, last seen TIME"
check 'text: and of what is new' contains "$(paragraph new)" 'new: exit with status 3 in snapshot-save'
check 'text: what did not happen' contains "$(cat "$scratch/all.txt")" \
	"expected and did not happen on old: hang of *
    it waits"
check 'text: the table is as wide as it was' same \
	"$(sed -n 's/^BUILD  CLASS.*/&/p' "$scratch/all.txt")" \
	'BUILD  CLASS      FAILURES  FIRST AFTER  MEDIAN AFTER  SIGNATURE'
qsoak failures --known "$known" >"$scratch/failures.txt"
check 'failures: a note on each' same \
	"$(sed 1d "$scratch/failures.txt" | awk '{ print $3, $NF }' | sort -u)" \
	"$(printf 'fixed came-back\nold known\nother new')"

# Of an incident, too; a migration between two is of both.
incident=$(result all '.signatures[] | select(.build == "fixed") | .incident')
manifest=$scratch/all/$incident/manifest.json
of_incident() {
	qsoak show "$incident" --known "$known" --json | jq -r '.ledger | "\(.status) \(.came_back_in)"'
}
# second_run BUILD VERSION
second_run() {
	jq --arg build "$1" --arg version "$2" '.runs[1] = .runs[0] + {build: $build, version: $version}' \
		"$scratch/manifest" >"$manifest"
}
cp "$manifest" "$scratch/manifest"
check 'show: what came back' same "$(of_incident)" 'came-back ["fixed"]'
second_run fixed 'QEMU emulator version 10.0.99 (fake)'
check 'show: a build that migrated to itself' same "$(of_incident)" 'came-back ["fixed"]'
second_run next 'QEMU emulator version 10.1.0 (fake)'
check 'show: between two that should have it no more' same "$(of_incident)" 'came-back ["fixed -> next"]'
second_run old 'QEMU emulator version 7.2.0 (fake)'
check 'show: to one that has it' same "$(of_incident)" 'known []'
jq '.runs = 1' "$scratch/manifest" >"$manifest"
check 'show: of no known build' same "$(of_incident)" 'known []'

# A second campaign, in the same store, of one build.
LOOPS=1000000 profile 1 'failures: 1' old=-fake,assert@snapshot-save:3 >"$scratch/second.yaml"
"$BUILD/qsoak" run "$scratch/second.yaml" --local --state-dir "$scratch/all" --json >"$scratch/second.json" \
	2>/dev/null
campaign=$(result second .campaign.id)
check 'first seen is of the whole store' same \
	"$(result second '.signatures[0] | .first_seen_unix_ns')" \
	"$(result all '.signatures[] | select(.build == "old") | .first_seen_unix_ns')"
check 'last seen, too' same "$(result second '.signatures[0] | .first_seen_unix_ns < .last_seen_unix_ns')" true

of_store() {
	qsoak signatures --known "$known" --json "$@" | jq -r '.signatures | map("\(.class) \(.failures) \(.campaigns) " +
		(.builds | map("\(.build)=\(.failures)") | sort | join(",")) + " \(.ledger.status)") | sort[]'
}

count() {
	sqlite3 "$scratch/all/results.db" "SELECT count(*) FROM failure AS f JOIN run AS r ON r.id = f.src_run_id
		JOIN build AS b ON b.id = r.build_id WHERE b.name = '$1'"
}

olds=$(count old) fixeds=$(count fixed) others=$(count other)
check 'signatures: counts by build over the store' same "$(of_store)" \
	"assertion $((olds + fixeds)) 2 fixed=$fixeds,old=$olds came-back
exit $others 1 other=$others new"
check 'signatures --campaign: what came there' same "$(of_store --campaign "$campaign")" \
	'assertion 1 1 old=1 known'
check 'signatures as text' contains "$(qsoak signatures --known "$known")" \
	" in 1 campaign: other $others"
check 'signatures of a campaign that is not there' contains "$(qsoak signatures --campaign 999999 2>&1)" \
	'has no campaign 999999'
check 'the rows of a campaign have them, too' same \
	"$(qsoak export "$campaign" --format csv --list signatures | sed 1d | cut -d, -f2)" assertion

# The other title of a failure may be what is known: of that one, not of others with its signature.
sqlite3 "$scratch/all/results.db" "CREATE TEMP TABLE more AS SELECT f.* FROM failure AS f
		JOIN signature AS s ON s.id = f.signature_id WHERE s.class = 'exit' LIMIT 1;
	UPDATE more SET id = (SELECT max(id) FROM failure) + 1;
	INSERT INTO failure SELECT * FROM more;
	INSERT INTO alternative(title) VALUES ('exit in f of g'), ('exit in h');
	UPDATE failure SET alternative_id = (SELECT id FROM alternative WHERE title = 'exit in h')
	WHERE signature_id = (SELECT id FROM signature WHERE class = 'exit');
	UPDATE failure SET alternative_id = (SELECT id FROM alternative WHERE title = 'exit in f of g')
	WHERE id = (SELECT min(f.id) FROM failure AS f JOIN signature AS s ON s.id = f.signature_id
		WHERE s.class = 'exit')"
echo 'issues: [{signature: "exit in f *", title: it leaves}]' >"$scratch/frames.yaml"
check 'a pattern of an alternative title: known' same \
	"$(qsoak failures --known "$scratch/frames.yaml" --json |
		jq -r '.failures | map(select(.class == "exit") | "\(.alternative) \(.ledger.status)") | unique[]')" \
	"$(printf 'exit in f of g known\nexit in h new')"
others=$((others + 1))
first=$(sqlite3 "$scratch/all/results.db" "SELECT campaign_id FROM failure ORDER BY id LIMIT 1")
check 'of a signature: how many of its failures' same \
	"$(qsoak signatures --known "$scratch/frames.yaml" --json |
		jq -r '.signatures[] | select(.class == "exit") | "\(.ledger.status) \(.ledger.failures) \(.failures)"')" \
	"known 1 $others"
check 'in words, too' contains "$(qsoak report "$first" --known "$scratch/frames.yaml")" \
	"known, 1 of $others failures: exit with status 3 in snapshot-save"
check 'and the report shows the titles' contains "$(qsoak report "$first")" '    also: exit in f of g'
check 'which are exported, too' same \
	"$(qsoak export "$first" --format csv --list failures | grep -c ',exit in h$')" "$((others - 1))"

# The usual places: the user's own comes before the one that comes with qsoak.
titles() {
	qsoak signatures --json | jq -r '.signatures | map(.ledger.title // "-") | sort[]'
}

check 'the ledger that comes with qsoak is used' contains "$(titles)" \
	'snapshot-save sets up without the BQL'
cp "$known" "$own"
check "the user's own comes first" same "$(titles)" "$(printf -- '-\nit sets up without the lock')"
echo 'issues: [{signature: "exit *", title: mine}]' >"$own"
check 'what it does not know is looked up in the next one' contains "$(titles)" \
	'snapshot-save sets up without the BQL'
check 'and what it knows is told' contains "$(titles)" mine
echo 'issues: [{signature: "exit *", title: mine, fixed: 8.2}]' >"$own"
for command in signatures failures report "run $scratch/second.yaml"; do
	case $command in
	run*) output=$("$BUILD/qsoak" $command --local --state-dir "$scratch/never" 2>&1) ;;
	*) output=$(qsoak $command 2>&1) ;;
	esac
	check "${command%% *}: a ledger that is wrong: exit code 2" same $? 2
	check "${command%% *}: and said where" same "$output" \
		"qsoak: $own:1: issues[0].fixed: unknown key, expected signature, title, reference, affects or profiles"
done
check 'before a campaign is begun' test ! -e "$scratch/never/results.db"
check '--known takes its place' same "$(of_store --campaign "$campaign")" 'assertion 1 1 old=1 known'
check 'a file that is not there' contains "$(qsoak report --known "$scratch/none" 2>&1)" "$scratch/none"
check 'no process is left behind' nothing_left
