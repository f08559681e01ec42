#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Migrations exported as reports of QEMU's guestperf: a line each, with all that its loader wants and with the
# figures of the store; by the store and by a service's pages alike.
. "$(dirname "$0")/../lib.sh"

MIGRATE=1 profile 2 'loops: 10' good bad=-fake,dead-incoming@migrate-incoming >"$scratch/all.yaml"
run_campaign all
check 'a campaign with migrations, one of which fails' same "$status" 1
campaign=$(result all .campaign.id)

export_as() {
	"$BUILD/qsoak" export "$campaign" --state-dir "$scratch/all" "$@"
}

export_as >"$scratch/rows.json"
export_as --format guestperf >"$scratch/reports"
check 'a line for each migration that has ended, in their order' same \
	"$(jq -r .qsoak.id "$scratch/reports")" \
	"$(jq -r '.operations[] | select(.kind == "migrate" and .outcome != "running") | .id' "$scratch/rows.json")"
check 'and there are several' test "$(wc -l <"$scratch/reports")" -gt 2

# What the loader looks up without asking whether it is there.
cat >"$scratch/load.py" <<-'END'
	import json
	import sys
	REPORT = '''hardware scenario progress_history guest_timings qemu_timings vcpu_timings binary dst_host kernel
	    initrd transport sleep'''.split()
	HARDWARE = '''cpus mem src_cpu_bind src_mem_bind dst_cpu_bind dst_mem_bind prealloc_pages huge_pages locked_pages
	    dirty_ring_size'''.split()
	SCENARIO = '''name downtime bandwidth max_iters max_time pause pause_iters post_copy post_copy_iters auto_converge
	    auto_converge_step compression_mt compression_mt_threads compression_xbzrle compression_xbzrle_cache multifd
	    multifd_channels multifd_compression dirty_limit x_vcpu_dirty_limit_period vcpu_dirty_limit'''.split()
	PROGRESS = '''status ram now duration downtime downtime_expected setup_time throttle_pcent
	    dirty_limit_throttle_time_per_round dirty_limit_ring_full_time'''.split()
	RAM = '''transferred_bytes remaining_bytes total_bytes duplicate_pages skipped_pages normal_pages normal_bytes
	    dirty_rate_pps transfer_rate_mbs iterations'''.split()
	for line in sys.stdin:
	    report = json.loads(line)
	    wanted = [(report, REPORT), (report['hardware'], HARDWARE), (report['scenario'], SCENARIO)]
	    for progress in report['progress_history']:
	        wanted += [(progress, PROGRESS), (progress['ram'], RAM)]
	    for value, keys in wanted:
	        for key in keys:
	            value[key]
	    times = [progress['now'] for progress in report['progress_history']]
	    assert times == sorted(times) and all(times), times
END
check 'each has what the loader wants, in the order of time' python3 "$scratch/load.py" <"$scratch/reports"
id=$(jq -r 'select(.qsoak.outcome == "ok") | .qsoak.id' "$scratch/reports" | sed 1q)
# of_row NAME: a measure of that operation.
of_row() {
	jq --argjson id "$id" ".measures[] | select(.operation_id == \$id and .name == \"$1\") | .value" \
		"$scratch/rows.json"
}
export_as --format guestperf --operation "$id" >"$scratch/one.json"
check '--operation: that one' same "$(jq -s 'map(.qsoak.id) | .[]' "$scratch/one.json")" "$id"
check 'its figures are those of the store' same \
	"$(jq -c '.progress_history[-1] | [.status, .duration, .downtime, .setup_time, .ram.transferred_bytes,
		.ram.iterations]' "$scratch/one.json")" \
	"[\"completed\",$(of_row total_ms),$(of_row downtime_ms),$(of_row setup_ms),$(of_row \
		transferred_bytes),$(of_row passes)]"
check 'its machine is that of the profile' same \
	"$(jq -c '[.hardware.cpus, .hardware.mem * 1024, .binary, .scenario.multifd, .transport]' "$scratch/one.json")" \
	"[1,16,\"$fake\",true,\"unix\"]"
check 'one that failed' same \
	"$(jq -r 'select(.qsoak.outcome == "failed") | .progress_history[-1].status' "$scratch/reports" | sort -u)" failed

refused() {
	output=$(export_as "${@:2}" 2>&1)
	check "$1: exit code 2" same $? 2
}
boot=$(jq -r '.operations[] | select(.kind == "boot") | .id' "$scratch/rows.json" | sed 1q)
refused 'no migration' --format guestperf --operation "$boot"
check 'and said so' same "$output" \
	"qsoak: campaign $campaign has no operation $boot that is a migration and has ended"
refused 'an operation of another format' --operation "$id"
refused 'a list' --format guestperf --list steps
export_as --format guestperf >/dev/full 2>/dev/null
check 'a disk that is full: exit code 3' same $? 3
# There and back again.
import() {
	"$BUILD/qsoak" import "$scratch/reports" --state-dir "$scratch/other" "$@"
}
figures() {
	jq -c '[.qsoak.outcome, .qsoak.measures, (.progress_history[-1] | .status, .duration, .downtime, .ram),
		.hardware, .binary, (.progress_history[-1].now * 1000 | round)]' "$1"
}
output=$(import)
check 'import: a campaign' same "$? $output" "0 campaign 1 guestperf: $(wc -l <"$scratch/reports") migrations"
"$BUILD/qsoak" export 1 --state-dir "$scratch/other" --format guestperf >"$scratch/again"
check 'import: its figures are those that were exported' same \
	"$(figures "$scratch/again" | grep completed)" "$(figures "$scratch/reports" | grep completed)"
check 'import: into what is there, by another name' same \
	"$(import --build mine --json | jq .migrations)" "$(wc -l <"$scratch/reports")"
check 'import: both are in the history' same \
	"$("$BUILD/qsoak" builds --state-dir "$scratch/other" --json | jq -r '.builds | map(.name) | sort | join(" ")')" \
	'bad good mine'
echo '{"scenario": {}}' >"$scratch/reports"
output=$(import 2>&1)
check 'import: no report: exit code 2' same $? 2
check 'import: and why' contains "$output" "$scratch/reports: report 1 lacks a scenario with a name"
check 'no process is left behind' nothing_left
