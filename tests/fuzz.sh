#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Runs every fuzzer in the build folder given for FUZZ_SECONDS each, on a corpus that it keeps there.
# A finding is a file BUILD/NAME-crash-...; running the fuzzer with it as argument repeats it.
set -eu
build=$1
cd "$(dirname "$0")/.."

status=0
for source in tests/fuzz/fuzz-*.c; do
	name=$(basename "$source" .c)
	corpus=$build/corpus/$name
	seeds=tests/fuzz/seeds/$name
	[ "$name" = fuzz-profile ] && seeds=profiles
	mkdir -p "$corpus"
	if "$build/tests/fuzz/$name" -max_total_time="${FUZZ_SECONDS:-60}" -timeout=10 -rss_limit_mb=2048 \
		-verbosity=0 -print_final_stats=1 -artifact_prefix="$build/$name-" \
		"$corpus" "$seeds" >"$build/$name.log" 2>&1; then
		runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$build/$name.log")
		echo "ok - $name: $runs runs, $(ls "$corpus" | wc -l) inputs kept"
	else
		status=1
		echo "not ok - $name:"
		tail -40 "$build/$name.log"
	fi
done
exit "$status"
