#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# qsoakd.conf as a service lives with it: read at the start and on SIGHUP, whole or not at all; readers, hooks, the
# fleet's budget, the limits of evidence.
. "$(dirname "$0")/../lib.sh"
. "$top/tests/service.sh"

config=$scratch/etc/qsoakd.conf
mkdir -p "$config.d"
chmod 711 "$scratch"

# reload WORDS: reads the configuration again; the log says so.
reload() {
	local before
	before=$(grep -c "$1" "$scratch/daemon.log")
	kill -HUP "$daemon"
	await 20 eval "[ \$(grep -c '$1' '$scratch/daemon.log') -gt $before ]"
}

field() {
	qsoak status --json | jq -r "$1"
}

# A hook that keeps what it gets; a webhook's server that does.
cat >"$scratch/keep" <<END
#!/bin/bash
{ echo "\$QSOAK_EVENT \$*"; cat; } >>"$scratch/kept"
END
chmod 755 "$scratch/keep"
cat >"$scratch/shout" <<'END'
#!/bin/bash
printf '\033]0;title\007\302\233no\n'
exit 3
END
chmod 755 "$scratch/shout"
cat >"$scratch/web.py" <<'END'
import http.server
import sys


class Keeps(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers['Content-Length'])).decode()
        with open(sys.argv[1] + '/posted', 'a', encoding='utf-8') as file:
            file.write(self.headers['Content-Type'] + ' ' + body)
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


server = http.server.HTTPServer(('127.0.0.1', 0), Keeps)
with open(sys.argv[1] + '/port', 'w', encoding='utf-8') as file:
    file.write(str(server.server_port))
server.serve_forever()
END
python3 "$scratch/web.py" "$scratch" &
started+=($!)
await 20 test -s "$scratch/port"

echo 'fleet: {vms: x}' >"$config"
check 'a service does not start with what is wrong' same \
	"$(CONFIGURATION_DIRECTORY=$scratch/etc "$BUILD/qsoakd" --state-dir "$state" --socket "$sock" 2>&1; echo $?)" \
	"$(printf 'qsoakd: error: %s:1: fleet.vms: found x, expected 1 to 256\n2' "$config")"
check 'nor without the file that is named' eval '! "$BUILD/qsoakd" --config "$scratch/none" --state-dir "$state" \
	--socket "$sock" 2>"$scratch/none.log"'
check 'which it says' grep -q "$scratch/none" "$scratch/none.log"
check 'qsoak config --check says the same' same \
	"$("$BUILD/qsoak" config "$config" --check 2>&1; echo $?)" \
	"$(printf 'qsoak: %s:1: fleet.vms: found x, expected 1 to 256\n2' "$config")"

cat >"$config" <<END
fleet: {vms: 1}
evidence: {incidents: 2}
hooks:
  - {on: new-signature, command: [$scratch/keep, one, two words]}
  - {on: campaign-ended, url: "http://127.0.0.1:$(cat "$scratch/port")/hook"}
  - {on: failure, command: [/bin/false]}
  - {on: campaign-ended, command: [$scratch/shout]}
END
check 'what is right is silent' same "$("$BUILD/qsoak" config "$config" --check 2>&1; echo $?)" 0
check 'and is shown' contains "$("$BUILD/qsoak" config "$config")" 'fleet.vms: 1'
named=$(printf '%s/not-utf8-\xff.conf' "$scratch")
cp "$config" "$named"
check 'whatever the name of the file' contains "$("$BUILD/qsoak" config "$named" --json)" \
	"$scratch/not-utf8-"
serve
profile 2 'loops: 4' good >"$scratch/two.yaml"
check 'a campaign of more VMs than the fleet may have is refused' contains \
	"$(qsoak run "$scratch/two.yaml" 2>&1)" '1 VM'

profile 1 'loops: 1000, failures: 4' bad=-fake,assert@snapshot-load:2 >"$scratch/fails.yaml"
qsoak run "$scratch/fails.yaml" --json >"$scratch/fails.json" 2>/dev/null
check 'four failures of one signature' same "$(jq '.campaign.failures' "$scratch/fails.json")" 4
check 'a new signature is told once, as JSON' await 20 eval \
	'[ "$(grep -c "^new-signature one two words$" "$scratch/kept")" = 1 ] &&
	[ "$(sed -n 2p "$scratch/kept" | jq -r .data.new)" = true ]'
check 'the end is POSTed to the webhook' await 20 eval \
	'grep -q "^application/json.*CAMPAIGN_ENDED" "$scratch/posted"'
check 'a hook that fails is in the log' await 20 grep -q 'hook /bin/false: exit status 1' "$scratch/daemon.log"
check 'whose words are no commands for a terminal' await 20 grep -qF \
	"hook $scratch/shout: exit status 3: ?]0;title???no" "$scratch/daemon.log"
check 'evidence is within the limits of the host' same "$(find "$state/incidents" -mindepth 1 -maxdepth 1 | wc -l)" 2
qsoak run "$scratch/fails.yaml" --json >/dev/null 2>&1
check 'a signature is new only once' same "$(grep -c '^new-signature' "$scratch/kept")" 1

echo 'fleet: {vms: 2}' >"$config.d/50-more.conf"
check 'SIGHUP reads a drop-in' reload 'was read again'
check 'which counts' same "$(qsoak run "$scratch/two.yaml" >/dev/null 2>&1; echo $?)" 0
echo 'http: {listen: "127.0.0.1:0"}' >"$config.d/60-http.conf"
check 'HTTP is opened' reload 'was read again'
address=$(field .http)
check 'and answers' same "$(curl -s "http://$address/healthz")" ok
check 'another reload leaves it open' reload 'was read again'
check 'at the same address' same "$(field .http)" "$address"
echo 'fleet: {vms: 0}' >"$config.d/70-wrong.conf"
check 'what is wrong changes nothing' reload 'stays as it was'
check 'and is said' grep -q '70-wrong.conf:1: fleet.vms: found 0' "$scratch/daemon.log"
check 'HTTP is still there' same "$(curl -s "http://$address/healthz")" ok
rm "$config.d/70-wrong.conf"
# It can be opened, but nobody could be let in any more.
echo 'http: {listen: "127.0.0.2:0"}' >"$config.d/70-wrong.conf"
mv "$sock" "$sock.away"
check 'what fails half way changes nothing' reload 'stays as it was'
mv "$sock.away" "$sock"
check 'nor is it said to be elsewhere' same "$(field .http)" "$address"
rm "$config.d/70-wrong.conf"
echo 'http: {listen: none}' >"$config.d/60-http.conf"
check 'HTTP is closed' reload 'was read again'
check 'for all' eval '! curl -s "http://$address/healthz"'
check 'and is nowhere' same "$(field .http)" null

if [ "$(id -u)" = 0 ]; then
	cp "$BUILD/qsoak" "$scratch/client"
	as_reader() {
		setpriv --reuid=nobody --regid=nogroup --clear-groups "$scratch/client" "$@" --socket "$sock" 2>&1
	}
	check 'nobody may look' contains "$(as_reader status)" 'may not connect'
	echo 'control: {readers: [nogroup]}' >"$config.d/80-readers.conf"
	check 'until readers may' reload 'was read again'
	check 'a reader looks' contains "$(as_reader status)" 'no campaign is in progress'
	check 'and reads results' contains "$(as_reader campaigns)" story
	check 'but changes nothing' contains "$(as_reader pause)" 'this user may only read'
	check 'not even by a campaign' contains "$(as_reader run "$scratch/two.yaml")" 'this user may only read'
	cat >"$scratch/crowd.py" <<-'END'
		import grp
		import os
		import pwd
		import signal
		import socket
		import sys

		os.setgroups([])
		os.setgid(grp.getgrnam('nogroup').gr_gid)
		os.setuid(pwd.getpwnam('nobody').pw_uid)
		kept = []
		for i in range(64):
		    kept.append(socket.socket(socket.AF_UNIX))
		    kept[-1].connect(sys.argv[1])
		    lines = kept[-1].makefile('rw')
		    if 'error' in lines.readline():
		        break
		    print('{"execute": "qmp_capabilities"}', file=lines, flush=True)
		    lines.readline()
		print(i, flush=True)
		signal.pause()
	END
	python3 "$scratch/crowd.py" "$sock" >"$scratch/crowd" &
	started+=($!)
	check 'a crowd of readers fills its own places' await 60 grep -qx 48 "$scratch/crowd"
	check 'and none of those who may do more' contains "$(qsoak status)" 'no campaign is in progress'
	kill "${started[-1]}"
	wait "${started[-1]}" 2>/dev/null
else
	skip 'readers' 'only root can be somebody else'
fi

# Its start waits for whoever writes to the store by hand.
kill -TERM "$daemon"
wait "$daemon"
coproc hand { sqlite3 "$state/results.db"; }
started+=("$hand_PID")
printf 'BEGIN IMMEDIATE;\nSELECT 1;\n' >&"${hand[1]}"
read -r <&"${hand[0]}"
: >"$scratch/daemon.log"
CONFIGURATION_DIRECTORY=$scratch/etc "$BUILD/qsoakd" --state-dir "$state" --socket "$sock" 2>>"$scratch/daemon.log" &
daemon=$!
started+=("$daemon")
opens() {
	readlink "/proc/$daemon/fd/"* | grep -qx "$state/results.db"
}
await 20 opens
kill -HUP "$daemon"
echo 'ROLLBACK;' >&"${hand[1]}"
eval "exec ${hand[1]}>&-"
check 'SIGHUP while it starts waits until it has' await 20 grep -q 'was read again' "$scratch/daemon.log"

kill -TERM "$daemon"
wait "$daemon"
check 'ends well' same $? 0
kill "${started[0]}"
wait "${started[0]}" 2>/dev/null
check 'no process is left behind' nothing_left
