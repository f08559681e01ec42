#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Who may talk to the service: root, its own user, the members of a group; by mode and by credentials.
. "$(dirname "$0")/../lib.sh"
. "$top/tests/service.sh"

if [ "$(id -u)" != 0 ]; then
	skip 'users of the service' 'only root can be somebody else'
	exit 0
fi
chmod 711 "$scratch"
cp "$BUILD/qsoak" "$scratch/client"
# The folder of the build may be closed to other users.
as() {
	setpriv --reuid=nobody --regid="$1" --${2:-clear-groups} "$scratch/client" status --socket "$sock"
}

serve
check 'another user is kept out by the mode' same "$(as nogroup 2>&1; echo $?)" \
	"$(printf 'qsoak: you may not connect to %s: its group may\n3' "$sock")"
chmod 666 "$sock"
check 'and by credentials' same "$(as nogroup 2>&1; echo $?)" \
	"$(printf 'qsoak: qsoakd has gone: QMP: this user may not talk to this qsoakd\n3')"
check 'which is logged' grep -q 'process [0-9]* of user 65534 was refused' "$scratch/daemon.log"
kill "$daemon"
wait "$daemon"

serve --group nogroup
check 'the group is that of the socket' same "$(stat -c '%a %G' "$sock")" '660 nogroup'
check 'a member may' contains "$(as nogroup 2>&1)" 'no campaign is in progress'
check 'a member by a supplementary group may' \
	contains "$(as daemon groups=nogroup 2>&1)" 'no campaign is in progress'
chmod 666 "$sock"
check 'who is no member may not' contains "$(as daemon 2>&1)" 'this user may not talk'
kill "$daemon"
wait "$daemon"

check 'an unknown group is refused' same \
	"$("$BUILD/qsoakd" --state-dir "$state" --socket "$sock" --group no-such 2>&1; echo $?)" \
	"$(printf 'qsoakd: --group: found "no-such", expected the name of a group of this host\n2')"

# A user of its own, with a folder of its own for sockets.
mkdir "$scratch/user"
chown nobody "$scratch/user"
cp "$BUILD/qsoakd" "$scratch/user/qsoakd"
env -i XDG_RUNTIME_DIR="$scratch/user" XDG_STATE_HOME="$scratch/user/state" PATH="$PATH" \
	setpriv --reuid=nobody --regid=nogroup --clear-groups "$scratch/user/qsoakd" 2>"$scratch/user.log" &
started+=($!)
await 20 test -S "$scratch/user/qsoak/control.sock"
check 'an unprivileged service is found in $XDG_RUNTIME_DIR' contains \
	"$(XDG_RUNTIME_DIR=$scratch/user setpriv --reuid=nobody --regid=nogroup --clear-groups \
		"$scratch/client" status 2>&1)" 'no campaign is in progress'
check 'its results are in $XDG_STATE_HOME' test -e "$scratch/user/state/qsoak/results.db"
kill "${started[-1]}"
wait "${started[-1]}"
check 'an unprivileged service needs a place for its socket' same \
	"$(env -i XDG_STATE_HOME="$scratch/user/state" setpriv --reuid=nobody --regid=nogroup \
		--clear-groups "$scratch/user/qsoakd" 2>&1; echo $?)" \
	"$(printf 'qsoakd: error: there is no $XDG_RUNTIME_DIR: say --socket PATH\n2')"
check 'no process is left behind' nothing_left
