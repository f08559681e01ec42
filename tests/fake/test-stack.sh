#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# qsoak-stack as people and programs call it: what it prints, writes, refuses, and when it ends.
. "$(dirname "$0")/../lib.sh"

stack=$BUILD/qsoak-stack

# A process whose thread sleeps, and its id.
sleep 600 &
sleeper=$!
started+=("$sleeper")

asleep() {
	[ "$(cut -d' ' -f1 "/proc/$sleeper/syscall")" != running ] &&
		[ "$(cat "/proc/$sleeper/comm")" = sleep ]
}
await 60 asleep

out=$scratch/out
"$stack" --pid "$sleeper" --limit 60 --json "$scratch/json" >"$out" 2>&1
check 'a process is read' same "$?" 0
check 'its text has the process' contains "$(cat "$out")" "process $sleeper, 1 threads"
check 'its text has the circle' contains "$(cat "$out")" "circle: none was found"
check 'its text has the stack' grep -q '^#0  .*nanosleep.* - libc\.so' "$out"
check 'its JSON has the same thread' same "$(jq -c '[.pid, .threads[0].tid, .threads[0].role]' \
	"$scratch/json")" "[$sleeper,$sleeper,\"main\"]"
check 'its JSON has the same frames' same \
	"$(jq -r '.threads[0].frames[] | select(.inlined | not).pc' "$scratch/json")" \
	"$(sed -n '/inlined/!s/^#[0-9]* *0x0*\([0-9a-f]*\) .*/0x\1/p' "$out")"
check 'each has a build-id, and an offset in its file' same \
	"$(jq '[.threads[0].frames[] | select(."build-id" == null or .offset == null)] | length' \
	"$scratch/json")" 0
check 'the process goes on' asleep

check 'gdb is not asked without debug symbols' contains \
	"$("$stack" --pid "$sleeper" --gdb)" 'gdb tells nothing of coroutines: the process has no debug symbols'

# Says what is wrong, on one line, and exits with the status.
refuses() {
	local status=$1 text=$2 found
	shift 2
	found=$("$stack" "$@" 2>&1 >/dev/null)
	same "$?" "$status" && contains "$found" "$text" && same "$(wc -l <<<"$found")" 1
}

check 'no process and no core is refused' refuses 2 'expected either --pid or --core'
check 'both are refused' refuses 2 'expected either' --pid 1 --core x
check 'an empty process id is refused' refuses 2 'the id of a process, found ' --pid ''
check 'no limit is refused' refuses 2 'seconds above 0, 3600 at most, found 0' --pid 1 --limit 0
check 'a limit without end is refused' refuses 2 'found inf' --pid 1 --limit inf
check 'a limit that is no number is refused' refuses 2 'found 2s' --pid 1 --limit 2s
check 'gdb without a process is refused' refuses 2 '--gdb goes with --pid' --core x --gdb
check 'a script without gdb is refused' refuses 2 'goes with --gdb' --pid 1 --gdb-script x
check 'a core that is none is said' refuses 1 "$out is no ELF file" --core "$out"
check 'a core that is empty is said' refuses 1 '/dev/null is no ELF file' --core /dev/null
check 'JSON that cannot be written is said' refuses 1 'cannot write beside /nowhere/x' \
	--pid "$sleeper" --json /nowhere/x

# A limit that is over before the first thread.
"$stack" --pid "$sleeper" --limit 0.000000001 --json "$scratch/json" >"$out"
check 'a limit that is over is no failure' same "$?" 0
check 'it says so' contains "$(cat "$out")" 'the stack is not whole: no time was left'
check 'it has what /proc says' same "$(jq -c '[.threads[0] | .name, .state, .missing]' \
	"$scratch/json")" '["sleep","S","no time was left"]'

# A server of debug information, which says when it is asked and gives none.
python3 - >"$scratch/server" <<'END' &
import socket
server = socket.create_server(('127.0.0.1', 0))
print(server.getsockname()[1], flush=True)
while True:
    server.accept()[0].close()
    print('asked', flush=True)
END
started+=("$!")
disown
await 60 test -s "$scratch/server"

ask_server() {
	DEBUGINFOD_URLS=http://127.0.0.1:$(head -1 "$scratch/server") DEBUGINFOD_TIMEOUT=60 \
		DEBUGINFOD_CACHE_PATH=$scratch/cache HOME=$scratch \
		"$stack" --pid "$sleeper" --limit 60 "$@" >"$out" 2>&1
}

asked() {
	grep -q asked "$scratch/server"
}

if ldconfig -p | grep -q libdebuginfod; then
	check 'with a server of debug information it reads' ask_server
	check 'the server was not asked' eval '! asked'
	check 'with --debuginfod it reads' ask_server --debuginfod
	check 'the server was asked' await 60 asked
else
	skip 'a server of debug information' 'there is no libdebuginfod'
fi

kill "$sleeper"
wait "$sleeper" 2>/dev/null
check 'a process that has gone is said' refuses 1 "there is no process $sleeper" --pid "$sleeper"
