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

# refused NAME CODE EXPECTED COMMAND...: an error of one line.
refused() {
	local name=$1 code=$2 expected=$3 output status
	shift 3
	output=$("$@" 2>&1 >/dev/null)
	status=$?
	check "$name: exit code $code" same "$status" "$code"
	check "$name: says what" contains "$output" "$expected"
	check "$name: in one line" same "$(grep -c . <<<"$output")" 1
}

# What goes on the longest is begun first: a server that greets and says no more.
python3 "$top/tests/fake/silent-server.py" "$scratch/greets.port" greets &
started+=($!)
python3 "$top/tests/fake/silent-server.py" "$scratch/silent.port" &
started+=($!)

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

check 'a push' push one >"$scratch/pushed"
check 'says how much' grep -q '^# pushed [1-9][0-9]* rows of 1 campaigns; 0 in progress$' <(sed 's/^/# /' "$scratch/pushed")
check 'each row is there' same_rows one
before=$(same_rows one)
check 'once more' same "$(push one)" 'pushed 0 rows of 0 campaigns; 0 in progress'
check 'nothing is changed by it' same "$(same_rows one)" "$before"
check 'a second host' push two >/dev/null
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
check 'the next one' push one >/dev/null
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

wait "$greets"
check 'a server that says no more' same "$(cat "$scratch/greets.out")" \
	"$(printf 'qsoak: upstream: cannot set up the session: the server did not answer in time\n3')"
pg_stop
