# SPDX-License-Identifier: GPL-2.0-or-later
# For test scripts that talk to a qsoakd: a service on a scratch socket. Comes after lib.sh.

sock=$scratch/run/control.sock
state=$scratch/service

# Starts the service and waits until it listens; sets daemon. It reads no qsoakd.conf of the host.
serve() {
	CONFIGURATION_DIRECTORY=$scratch/etc "$BUILD/qsoakd" --state-dir "$state" --socket "$sock" "$@" 2>>"$scratch/daemon.log" &
	daemon=$!
	started+=("$daemon")
	await 20 listens
}

listens() {
	qsoak status >/dev/null 2>&1
}

# The client, on that service. It comes last on its command line: a command's own options first.
qsoak() {
	"$BUILD/qsoak" "$@" --socket "$sock"
}

peer() {
	python3 "$top/tests/fake/peer.py" "$1" "$sock"
}

idle() {
	[ "$(qsoak status --json | jq .campaign)" = null ]
}

gone() {
	! kill -0 "$1" 2>/dev/null
}
