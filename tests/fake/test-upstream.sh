#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Results of many hosts in one PostgreSQL, a real one: pushed, however often and wherever a push is killed, each row
# is there exactly once; read from there, reports are those of the file.
. "$(dirname "$0")/../lib.sh"
. "$top/tests/upstream.sh"

push() {
	timeout 120 "$BUILD/qsoak" push --state-dir "$scratch/$1" "${2-$upstream}" "${@:3}"
}

same_rows() {
	local stores=()
	for state; do
		stores+=("$scratch/$state/results.db")
	done
	python3 "$top/tests/fake/upstream-rows.py" "$upstream" "${stores[@]}"
}

# What goes on the longest is begun first: a server that greets and says no more.
python3 "$top/tests/fake/silent-server.py" "$scratch/greets.port" greets &
started+=($!)
python3 "$top/tests/fake/silent-server.py" "$scratch/silent.port" &
started+=($!)
for lie in empty copies; do
	python3 "$top/tests/fake/silent-server.py" "$scratch/$lie.port" "$lie" &
	started+=($!)
done

MIGRATE=2
profile 2 'loops: 40' good bad=-fake,assert@snapshot-load:2 >"$scratch/one.yaml"
profile 1 'loops: 30' good >"$scratch/two.yaml"
run_campaign one
run_campaign two
unset MIGRATE
await 20 test -s "$scratch/greets.port" -a -s "$scratch/silent.port"
{ push two "postgresql://127.0.0.1:$(cat "$scratch/greets.port")/x" 2>&1; echo $?; } >"$scratch/greets.out" &
greets=$!

check 'a PostgreSQL of its own' pg_init
check 'answers' pg_start
pg_create

#--- a push, and another

check 'a push' eval 'push one >"$scratch/pushed"'
check 'says how much' grep -q '^pushed [1-9][0-9]* rows of 1 campaigns; 0 in progress$' "$scratch/pushed"
check 'each row is there' same_rows one
before=$(same_rows one)
check 'once more' same "$(push one)" 'pushed 0 rows of 0 campaigns; 0 in progress'
check 'nothing is changed by it' same "$(same_rows one)" "$before"
check 'a second host' eval 'push two >/dev/null'
check 'each row of both is there' same_rows one two
check 'the ids of campaigns are upstream their own' same "$(psql_ -c 'SELECT id, local_id FROM qsoak.campaign ORDER BY 1')" \
	"$(printf '1|1\n2|1')"
check 'as JSON' same "$(push two "$upstream" --json)" '{"campaigns": 0, "rows": 0, "unfinished": 0}'

#--- killed in the middle, at a moment that a lock upstream makes

# hold SQL: a session that keeps a lock until release.
hold() {
	coproc holder { exec psql -qAtX "$upstream" 2>&1; }
	holder_pid=$!
	started+=("$holder_pid")
	printf 'BEGIN; %s; SELECT 1;\n' "$1" >&"${holder[1]}"
	read -rt 20 <&"${holder[0]}"
}

release() {
	local in=${holder[1]}
	exec {in}>&-
	wait "$holder_pid" 2>/dev/null
}

# waiting N: so many sessions wait for a lock.
waiting() {
	[ "$(psql_ -c "SELECT count(DISTINCT pid) FROM pg_locks WHERE NOT granted")" -ge "$1" ]
}

sessions_gone() {
	[ "$(psql_ -c "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'qsoak'")" = 0 ]
}

psql_ -c 'DROP SCHEMA qsoak CASCADE' 2>/dev/null
killed=0 partial=0
for lock in 'SELECT pg_advisory_lock(487267983723)' {operation,step,measure,failure,incident,vm,summary,run,environment,build}; do
	case $lock in
	SELECT*) hold "${lock}" ;;
	*) hold "LOCK TABLE qsoak.$lock IN EXCLUSIVE MODE" ;;
	esac
	"$BUILD/qsoak" push --state-dir "$scratch/one" "$upstream" >/dev/null 2>&1 &
	pusher=$!
	started+=("$pusher")
	await 20 waiting 1 && kill -9 "$pusher" 2>/dev/null
	wait "$pusher" 2>/dev/null
	[ $? = 137 ] && killed=$((killed + 1))
	release
	await 20 sessions_gone
	[ "$lock" = "${lock#SELECT}" ] && ! same_rows one >/dev/null && partial=$((partial + 1))
	# The first of them has made no table.
	[ "$lock" = "${lock#SELECT}" ] || { push two >/dev/null; psql_ -c 'DELETE FROM qsoak.campaign; DELETE FROM qsoak.host' ; }
done
check 'eleven pushes were killed' same "$killed" 11
check 'ten of them in the middle of the rows' same "$partial" 10
check 'the next one' eval 'push one >/dev/null'
check 'has each row there once' same_rows one

#--- twice at once

psql_ -c 'DELETE FROM qsoak.campaign; DELETE FROM qsoak.host; DELETE FROM qsoak.signature'
hold 'LOCK TABLE qsoak.operation IN EXCLUSIVE MODE'
push one >"$scratch/first" 2>&1 &
first=$!
push one >"$scratch/second" 2>&1 &
second=$!
push two >"$scratch/third" 2>&1 &
third=$!
check 'three pushes at once, two of them of one host' await 20 waiting 3
release
wait "$first" && wait "$second" && wait "$third"
check 'all end well' same $? 0
check 'each row is there once' same_rows one two

#--- what is refused, and in bounded time

began=$SECONDS
refused 'a server that never answers' 3 'upstream: cannot connect: the server did not answer in time' \
	push two "postgresql://127.0.0.1:$(cat "$scratch/silent.port")/x"
check 'is left within a minute' [ $((SECONDS - began)) -lt 60 ]
await 20 test -s "$scratch/empty.port" -a -s "$scratch/copies.port"
refused 'a server whose rows have no columns' 3 'upstream: it answers what was not asked' \
	push two "postgresql://127.0.0.1:$(cat "$scratch/empty.port")/x"
refused 'a server that wants a COPY in the place of an answer' 3 'upstream: cannot read the version of the tables: the server answers what was not asked' \
	push two "postgresql://127.0.0.1:$(cat "$scratch/copies.port")/x"
refused 'reading from such a server' 3 'the server answers what was not asked' \
	timeout 60 "$BUILD/qsoak" campaigns --store "postgresql://127.0.0.1:$(cat "$scratch/copies.port")/x"
refused 'a server that is not there' 3 'Connection refused' push two postgresql://127.0.0.1:1/x
refused 'a database that is not there' 3 'database "none" does not exist' push two "postgresql://qsoak@/none?host=$pg"
refused 'no URL' 2 'found "x", expected a URL like postgresql://HOST/DATABASE' push two x
refused 'a URL that libpq cannot read' 2 'invalid URI query parameter: "nonsense"' push two 'postgresql://h/d?nonsense=1'
for url in postgresql://me:secret@h/d 'postgresql://h/d?password=secret' 'postgresql://h/d?p%61ssword=secret' \
	'postgres://h/d?sslpassword=secret'; do
	refused "$url" 2 'a password is not for the URL' push two "$url"
done
refused 'a state without results' 2 "$scratch/none/results.db: cannot open the store" push none
psql_ -c 'UPDATE qsoak.version SET version = 1000'
refused 'newer tables' 2 'its tables have version 1000, this qsoak knows versions up to' push one
check 'are left alone' same "$(psql_ -c 'SELECT version FROM qsoak.version')" 1000
psql_ -c "UPDATE qsoak.version SET version = $(sqlite3 "$scratch/one/results.db" 'PRAGMA user_version')"

#--- read from there

# file NAME COMMAND...: what a command says of the store of a host; there: of upstream.
file() {
	"$BUILD/qsoak" "${@:2}" --state-dir "$scratch/$1" 2>&1
	echo $?
}
there() {
	"$BUILD/qsoak" "$@" --store "$upstream" 2>&1
	echo $?
}

# alike TITLE FOUND EXPECTED: long texts.
alike() {
	printf '%s\n' "$2" >"$scratch/found"
	printf '%s\n' "$3" >"$scratch/expected"
	check "$1" eval 'diff "$scratch/expected" "$scratch/found" | head -6 | cut -c1-200 | sed "s/^/# /" | (! grep .)'
}

psql_ -c 'DROP SCHEMA qsoak CASCADE' 2>/dev/null
push one >/dev/null
push two >/dev/null
for command in 'report 1' 'report 1 --json' 'failures --campaign 1 --json' 'builds --campaign 1' 'signatures --json' \
	'gate 1 --json' 'export 1' 'export 1 --format csv --list steps' 'report 1 --html /dev/stdout'; do
	alike "$command says the same" "$(there $command)" "$(file one $command)"
done
alike 'of another host: report' "$(there report 2 | sed '1s/campaign 2/campaign 1/')" "$(file two report 1)"

# comparing NAME: 6 blocks of two builds that are the same.
comparing() {
	LOOPS=2 profile 2 'loops: 1000000' a b | sed "s/^name: .*/name: $1/"
	echo 'compare: {blocks: 6, metrics: [{metric: snapshot-save.duration, margin: 50%}]}'
}

# What this host can tell apart, and a comparison.
for name in selfcheck versus; do
	comparing $name >"$scratch/$name.yaml"
	"$BUILD/qsoak" run "$scratch/$name.yaml" --local --state-dir "$scratch/three" >/dev/null 2>&1
done
ids=($(sqlite3 "$scratch/three/results.db" 'SELECT id FROM campaign ORDER BY id'))
# Also a text that is no UTF-8, which PostgreSQL does not take.
sqlite3 "$scratch/three/results.db" \
	"UPDATE campaign SET request = CAST(x'6d61c36c5c09ff' AS TEXT) WHERE id = ${ids[0]}"
check 'a third host' eval 'push three >/dev/null'
check 'what is no UTF-8 comes with question marks' same "$(psql_ -c "SELECT request FROM qsoak.campaign WHERE id = 3")" \
	"$(printf 'ma?l\\\t?')"
renumbered() {
	sed "s/campaign 4\>/campaign ${ids[1]}/g; s/campaign 3\>/campaign ${ids[0]}/g"
}
alike 'compare, with what the host can tell apart' "$(there compare a b | renumbered)" "$(file three compare a b)"
check 'which there is' grep -q 'selfcheck of this host (campaign 3' <(there compare a b)
alike 'compare of a campaign' "$(there compare a b --campaign 4 | renumbered)" \
	"$(file three compare a b --campaign "${ids[1]}")"
alike 'report of it' "$(there report 4 | renumbered)" "$(file three report "${ids[1]}")"
alike 'the newest' "$(there report)" "$(there report 4)"
check 'the history of a metric is that of all hosts' same \
	"$(there history snapshot-save.duration --json | grep -c '"campaign"')" \
	"$(for state in one two three; do file "$state" history snapshot-save.duration --json; done | grep -c '"campaign"')"
check 'campaigns of all hosts' same "$(there campaigns --json | sed '$d' | jq -c '[.campaigns[].id]')" '[1,2,3,4]'
check 'failures of all hosts have ids of their own' same \
	"$(there failures --json | sed '$d' | jq '.failures[0].id % 10000000000')" \
	"$(file one failures --json | sed '$d' | jq '.failures[0].id')"
check 'and say where their evidence is' contains "$(there failures)" "$(uname -n):incidents/"
refused 'a campaign that is not there' 2 'upstream: there is no campaign 99' "$BUILD/qsoak" report 99 --store "$upstream"
refused 'two places' 2 '--store and --state-dir exclude each other' \
	"$BUILD/qsoak" report --store "$upstream" --state-dir "$scratch/one"
mkdir "$scratch/tmp"
TMPDIR=$scratch/tmp "$BUILD/qsoak" report --store "$upstream" >/dev/null
check 'nothing is left of it' same "$(ls -A "$scratch/tmp")" ''
hold 'LOCK TABLE qsoak.run IN ACCESS EXCLUSIVE MODE'
TMPDIR=$scratch/tmp "$BUILD/qsoak" report --store "$upstream" >/dev/null 2>&1 &
reader=$!
started+=("$reader")
await 20 waiting 1
check 'a reader that is killed has a private folder' same "$(stat -c %a "$scratch"/tmp/qsoak-*)" 700
kill -9 "$reader"
wait "$reader" 2>/dev/null
release
check 'of which nothing is left either' await 20 eval '[ -z "$(ls -A "$scratch/tmp")" ]'
psql_ -c 'UPDATE qsoak.version SET version = 1'
refused 'older tables' 2 'its tables have version 1, a `qsoak push` of this qsoak brings them to version' \
	"$BUILD/qsoak" report --store "$upstream"
check 'a push does' eval 'push one >/dev/null'
alike 'so that they are read' "$(there report 1)" "$(file one report 1)"
psql_ -c 'DROP SCHEMA qsoak CASCADE' 2>/dev/null
refused 'no tables' 2 'there are no results of qsoak yet: see `qsoak push`' "$BUILD/qsoak" report --store "$upstream"

#--- two hosts at work, and PostgreSQL goes and comes back, after OUTAGE seconds: by default no longer than it takes to see

outage=${OUTAGE:-5}
# host NAME: a qsoakd of that name, which pushes each second. Sets pids[NAME].
declare -A pids
host() {
	mkdir -p "$scratch/$1.etc"
	echo "store: {upstream: \"${2-$upstream}\", push-every: 1s}" >"$scratch/$1.etc/qsoakd.conf"
	CONFIGURATION_DIRECTORY=$scratch/$1.etc "$BUILD/qsoakd" --state-dir "$scratch/$1" --socket "$scratch/$1.sock" \
		--http 127.0.0.1:0 2>>"$scratch/$1.log" &
	pids[$1]=$!
	started+=("${pids[$1]}")
	await 20 on "$1" status >/dev/null 2>&1
}
on() {
	"$BUILD/qsoak" "${@:2}" --socket "$scratch/$1.sock"
}
upstream_is() {
	[ "$(on "$1" status --json | jq -r ".upstream.$2")" = "$3" ]
}
operations() {
	psql_ -c 'SELECT count(*) FROM qsoak.operation' 2>/dev/null
}
# looped HOST N: so many loops more than there were.
looped() {
	[ "$(on "$1" status --json | jq .loops)" -ge "$2" ]
}
metric() {
	curl -sf "http://$(on "$1" status --json | jq -r .http)/metrics" | awk -v name="$2" '$1 == name { print $2 }'
}

MIGRATE=3 profile 2 'loops: 1000000, failures: 1000000' good bad=-fake,assert@snapshot-load:9 |
	sed 's/duration: 120s/duration: 600s/' >"$scratch/long.yaml"
for name in four five; do
	check "host $name" host "$name"
	on "$name" run "$scratch/long.yaml" --detach >/dev/null
done
check 'what has finished is there while more is done' await 60 eval '[ "$(operations)" -gt 100 ]'
check 'from both' await 60 eval '[ "$(psql_ -c "SELECT count(*) FROM qsoak.campaign")" = 2 ]'
check 'none that runs is there' same "$(psql_ -c "SELECT count(*) FROM qsoak.operation WHERE outcome = 'running'")" 0
check 'one in progress can be read' contains "$(there report 1)" 'campaign 1 story'
check 'its age is told' eval '[ "$(on four status --json | jq ".upstream[\"age-ns\"] >= 0")" = true ]'
check 'also to Prometheus' eval '[ "$(metric four qsoak_upstream_failing)" = 0 ] && [ -n "$(metric four qsoak_upstream_age_seconds)" ]'
pg_stop
for name in four five; do
	check "$name: that it is gone is told" await 60 eval "! upstream_is $name failing null"
	loops=$(on "$name" status --json | jq .loops)
	check "$name: the campaign goes on" await 60 looped "$name" $((loops + 10))
done
check 'also to Prometheus' same "$(metric four qsoak_upstream_failing)" 1
check "nothing is pushed for $outage s" await $((outage + 60)) eval \
	'[ "$(on four status --json | jq ".upstream[\"age-ns\"] > $outage * 1e9")" = true ]'
# A campaign that ends meanwhile does not wait for it.
on five stop --kill >/dev/null
check 'a campaign ends without it' await 30 eval '[ "$(on five status --json | jq .campaign)" = null ]'
check 'it comes back' pg_start
for name in four five; do
	check "$name: pushes go on" await 60 upstream_is "$name" failing null
	check "$name: the log says once that they fail" same "$(grep -c 'results are not pushed to' "$scratch/$name.log")" 1
	check "$name: and once that they do no more" same "$(grep -c 'are pushed to .* again' "$scratch/$name.log")" 1
done
# pushes_each HOST TIME: from its next look at its configuration on.
pushes_each() {
	sed -i "s/push-every: [^}]*/push-every: $2/" "$scratch/$1.etc/qsoakd.conf"
	kill -HUP "${pids[$1]}"
}
age_is() {
	[ "$(on "$1" status --json | jq ".upstream[\"age-ns\"] $2 5e9")" = true ]
}
pushes_each four 1h
check 'pushes become rare on SIGHUP' await 60 age_is four '>'
pushes_each four 1s
check 'and frequent again, not only in an hour' await 60 age_is four '<'
on four stop --kill >/dev/null
check 'each row of both is there once, without another word' await $((60 + outage)) eval 'same_rows four five >/dev/null'
same_rows four five
check 'the campaigns are complete' await 30 eval \
	'[ "$(psql_ -c "SELECT count(*) FROM qsoak.campaign WHERE complete_unix_ns = ended_unix_ns")" = 2 ]'
echo 'store: {upstream: "postgresql://127.0.0.1:1/x", push-every: 1s}' >"$scratch/four.etc/qsoakd.conf"
kill -HUP "${pids[four]}"
check 'another URL counts on SIGHUP' await 30 eval '! upstream_is four failing null'
echo 'store: {upstream: none}' >"$scratch/four.etc/qsoakd.conf"
kill -HUP "${pids[four]}"
check 'and none' await 30 eval '[ "$(on four status --json | jq .upstream)" = null ]'
echo 'store: {upstream: "postgresql://me:secret@h/d"}' >"$scratch/four.etc/qsoakd.conf"
check 'a password is refused in qsoakd.conf' contains "$("$BUILD/qsoak" config "$scratch/four.etc/qsoakd.conf" --check 2>&1)" \
	'store.upstream: a password is not for the URL'
kill "${pids[four]}" "${pids[five]}"
wait "${pids[four]}" "${pids[five]}"

wait "$greets"
check 'a server that says no more' same "$(cat "$scratch/greets.out")" \
	"$(printf 'qsoak: upstream: cannot set up the session: the server did not answer in time\n3')"
pg_stop
