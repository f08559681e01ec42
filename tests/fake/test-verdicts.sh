#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What the guard and the diagnosis find beside hangs: faults of the host, reports of sanitizers, illegal
# orders, leaks.
. "$(dirname "$0")/watch.sh"

host kill-self -fake,kill-self@snapshot-load:4 "host null host in snapshot-load/load: killed by SIGKILL, \
not from qsoak: the kernel counts no lack of memory"
host io-error -fake,io-error@snapshot-save:4 \
	'host null host in snapshot-save/save: the disk is full: No space left on device'
host no-space -fake,no-space@snapshot-save:4 "host null host in snapshot-save/result: the disk is \
full: the job failed: Error while writing VM state: No space left on device"

story wrong-tag -fake,wrong-tag@snapshot-load:3 \
	'corruption generation corruption of generation in snapshot-load/guest'

story asan -fake,asan@snapshot-load \
	'sanitizer null AddressSanitizer: heap-use-after-free in pflash_update'
story tsan -fake,tsan@snapshot-load,-fake-slow,snapshot-load=3000 \
	'sanitizer null ThreadSanitizer: data race in bdrv_drained_begin'

story resume-twice -fake,resume-twice@job-dismiss:2 \
	'protocol null protocol in snapshot-load: RESUME while the guest runs'
story internal-error -fake,internal-error@snapshot-save,-fake-slow,snapshot-save=3000 \
	'protocol null protocol in snapshot-save: the run state is internal-error'
story job-order -fake,job-order@snapshot-delete \
	'protocol null protocol in snapshot-delete: job status pending after concluded'
MIGRATE=1
story migration-order -fake,migration-order@migrate \
	'protocol null protocol in migrate: migration status active after completed'
unset MIGRATE
healthy new-words '-fake,new-words@snapshot-save:*'
check 'a status that nobody knows is logged once' same \
	"$(grep -c 'job status that qsoak does not know: polishing' "$scratch/new-words.log")" 1

LOOPS=100
story leak-fds '-fake,leak-fds=5@snapshot-save:*' 'leak null leak of descriptors'
WATCH='leak-rss: 16MiB'
story leak-mib '-fake,leak-mib=1@snapshot-save:*' 'leak null leak of memory'
# Once is no leak, nor is what ends.
STOP=80
healthy one-jump '-fake,leak-mib=200@snapshot-save:20,-fake,leak-fds=200@snapshot-save:30'
unset LOOPS STOP WATCH
