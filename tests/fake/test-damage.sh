#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A results store that is damaged is set aside at the next start, with every byte of it, and a new one is
# begun; what only looks like one is left alone.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../service.sh"

profile 2 'loops: 60' good "bad=-fake,exit=3@snapshot-load:5" >"$scratch/p.yaml"

stop_service() {
	kill "$daemon"
	wait "$daemon"
}

aside() {
	ls "$state" | grep '^results\.db\.corrupt-[0-9]*T[0-9]*Z\(-[0-9]*\)\?$'
}

# A store with results; $highest is its highest id.
fill() {
	rm -rf "$state"
	serve
	qsoak run "$scratch/p.yaml" >/dev/null 2>&1
	stop_service
	highest=$(sqlite3 "$state/results.db" 'SELECT max(id) FROM operation')
	: >"$scratch/daemon.log"
}

# damaged NAME: the service starts on a store of which copy is what it found.
damaged() {
	local name=$1 id
	cp "$state/results.db" "$scratch/copy"
	serve
	check "$name: set aside" test "$(aside | wc -l)" = 1
	check "$name: not a byte of it is changed" cmp "$scratch/copy" "$state/$(aside)"
	check "$name: the log names both" contains "$(<"$scratch/daemon.log")" \
		"the results store is damaged: $state/results.db"
	check "$name: and where it is now" contains "$(<"$scratch/daemon.log")" "it is now $state/$(aside)"
	check "$name: status says so" contains "$(qsoak status)" "set aside: $state/$(aside)"
	check "$name: a new one is begun" same "$(qsoak campaigns --json | jq '.campaigns | length')" 0
	id=$(qsoak run "$scratch/p.yaml" --detach | sed 's/campaign //')
	check "$name: and takes results" await 20 idle
	check "$name: ids go on above the incidents" test "$id" -gt \
		"$(ls "$state/incidents" | sort -n | tail -1 | grep . || echo 0)" -o "$id" -gt 1
	stop_service
}

flip_page() {
	dd if=/dev/urandom of="$state/results.db" bs=4096 count=1 seek="$1" conv=notrunc status=none
}

fill
flip_page 2
damaged 'a flipped page'
check 'a flipped page: ids go on above the old ones' test "$(sqlite3 "$state/results.db" \
	'SELECT min(id) FROM campaign')" -gt "$highest"

fill
flip_page 0
damaged 'a flipped first page'

fill
truncate -s $(($(stat -c %s "$state/results.db") / 2 / 4096 * 4096)) "$state/results.db"
damaged 'a truncated file'

# --- what a large store is spared

fill
touch "$state/results.db-suspect"
serve
check 'a store under suspicion that is well' test ! -e "$state/results.db-suspect" -a -z "$(aside)"
stop_service

# --- a folder of any name, which texts for people quote

state=$(printf '%s/not-utf8-\xff' "$scratch")
mkdir -p "$scratch/etc"
fill
flip_page 2
echo 'disk: {pause-below: 1048576GiB}' >"$scratch/etc/qsoakd.conf"
serve
check 'a name that is no UTF-8: it is said where the store is now' contains \
	"$(qsoak status)" "set aside: $scratch/not-utf8-\\xff/$(aside)"
check '... and of what there is a shortage' contains \
	"$(qsoak status --json | jq -r .paused)" "$scratch/not-utf8-?: "
stop_service
check '... and it ends well' same $? 0
rm "$scratch/etc/qsoakd.conf"
state=$scratch/service

# --- what is none of ours

fill
sqlite3 "$state/results.db" 'PRAGMA user_version = 99'
"$BUILD/qsoakd" --state-dir "$state" --socket "$sock" 2>"$scratch/log"
check 'a store of a later qsoakd is refused' contains "$(<"$scratch/log")" 'has version 99'
check '... and left alone' test -z "$(aside)"
rm "$state"/results.db*
sqlite3 "$state/results.db" 'CREATE TABLE t (x)'
"$BUILD/qsoakd" --state-dir "$state" --socket "$sock" 2>"$scratch/log"
check 'a file of another program is refused' contains "$(<"$scratch/log")" 'is not a results store'
check '... and left alone' test -z "$(aside)"
