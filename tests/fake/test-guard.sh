#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The hangs that the guard finds while a step still has time left, and what it must leave alone.
. "$(dirname "$0")/watch.sh"

story stop-self -fake,stop-self@snapshot-load \
	'hang process hang of process in snapshot-load/load'
story stuck-vcpu -fake,stuck-vcpu@snapshot-save,-fake,stuck-job@snapshot-save \
	'hang vcpu hang of vcpu in snapshot-save/save'
story stuck-main -fake,stuck-main@job-dismiss \
	'hang main-loop hang of main-loop in snapshot-save/dismiss'
story stuck-bql -fake,stuck-bql@job-dismiss:2 \
	'hang main-loop hang of main-loop in snapshot-load/dismiss'
# The shape of the first version of the BQL patch: what the stacks show is told in one sentence.
circle='the main thread waits for the BQL, which the migration thread holds; the migration thread waits in'
circle+=' multifd_send_sync_main on a semaphore for its multifd channels, those of which are not set up yet need'
circle+=' the main thread'
check 'stuck-bql: the manifest names the circle' same \
	"$(jq -r '.runs[].circle' "$scratch"/stuck-bql/incidents/*/manifest.json)" "$circle"
check 'stuck-bql: so does the file of stacks' same \
	"$(zstd -dcf "$scratch"/stuck-bql/incidents/*/qemu.stacks* | sed -n 's/^circle: //p')" "$circle"
story mute -fake,mute@snapshot-save 'hang monitor hang of monitor in snapshot-save/save'
MIGRATE=1
story stuck-vcpu-in-migrate -fake,stuck-vcpu@migrate,-fake,stuck-migration@migrate \
	'hang vcpu hang of vcpu in migrate/migrate'
unset MIGRATE

# The guest that a command stopped does not run again, although all else of it is done.
# no_resume NAME COMMAND OPERATION
no_resume() {
	story "$1" "-fake,no-resume@$2" "protocol null protocol in $3: $3 has ended without RESUME"
}
no_resume no-resume-save snapshot-save snapshot-save
no_resume no-resume-load snapshot-load snapshot-load
# In no order of reply and events is a RESUME that comes late one that never comes.
healthy late-resume-save '-fake,late-resume@snapshot-save:*,-fake,reply-first@snapshot-save:*'
healthy late-resume-load '-fake,late-resume@snapshot-load:*,-fake,event-first@snapshot-load:*'
MORE=stop-cont
no_resume no-resume-cont cont stop-cont
healthy late-resume-cont '-fake,late-resume@cont:*'
unset MORE

# A save that keeps the main loop busy, three times as long as anything else may stand still.
healthy slow-save "-fake-slow,snapshot-save=3000,-fake-log,$scratch/slow-save.facts"
heartbeats() {
	jq -s "[.[] | select(.fact == \"command\" and .name == \"$2\") | .ns]" "$scratch/$1.facts"
}
check 'heartbeats go out-of-band while the main loop is busy' test \
	"$(heartbeats slow-save query-yank | jq length)" -ge 2
check 'heartbeats do not queue up: of any three, the first two were answered before the third' \
	same "$(heartbeats slow-save query-status |
		jq '[. as $t | range(2; length) | $t[.] - $t[. - 2] | select(. < 900000000)]' -c)" '[]'

WATCH='heartbeat: false'
healthy no-heartbeat "-fake-slow,snapshot-save=3000,-fake-log,$scratch/no-heartbeat.facts"
check 'no heartbeat is sent if the profile forbids it' same \
	"$(heartbeats no-heartbeat query-yank | jq length) $(heartbeats no-heartbeat query-status |
		jq length)" '0 0'
story stop-self-unasked -fake,stop-self@snapshot-load \
	'hang process hang of process in snapshot-load/load'
# Then nobody asks before the limit.
LIMIT=2s
no_resume no-resume-unasked snapshot-load snapshot-load
unset WATCH
