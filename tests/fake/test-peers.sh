#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Whatever a peer of the control socket does, the others are served and qsoakd lives.
. "$(dirname "$0")/../lib.sh"
. "$top/tests/service.sh"

profile 2 'loops: 3' good >"$scratch/short.yaml"
serve
qsoak run "$scratch/short.yaml" >/dev/null 2>&1

check 'a session as of qmp-shell' peer shell
check 'negotiation comes first, and once' peer negotiation
check 'bad commands and arguments get an error, and the connection goes on' peer bad_input
check 'so does what is no JSON object' peer garbage
check 'and nesting without end' peer nesting
check 'a line of 100 MB is cut off' peer long_line
check 'half a line and silence are given up' peer half_line
check '1000 connections' peer many
check 'commands in a pipeline are answered in order, up to a limit' peer pipeline
check 'a peer that never reads is given up' peer deaf
check 'after all that qsoakd is the same' kill -0 "$daemon"
qsoak run "$scratch/short.yaml" >/dev/null 2>&1
check 'and runs a campaign' same $? 0

kill -TERM "$daemon"
wait "$daemon"
check 'and ends with 0 when asked to' same $? 0
check 'no process is left behind' nothing_left
