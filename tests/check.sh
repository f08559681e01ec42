#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Runs every test, plain and under ASan and UBSan, and counts: each test program and script prints
# TAP. Arguments name programs or scripts to run instead of all, e.g. tests/fake/test-failures.sh.
set -u
cd "$(dirname "$0")/.."

export ASAN_OPTIONS=detect_leaks=1:abort_on_error=0
export UBSAN_OPTIONS=print_stacktrace=1
passed=0 failed=0 skipped=0 once=

# A test that has not ended by then never will: on an idle host the slowest takes a tenth of it.
TEST_LIMIT=900

SKIPPED='^(not )?ok .*# (SKIP|skip)'

# Runs one program of TAP output; shows all of its output when anything in it fails.
run() {
	local name=$1 output status ok bad skip
	shift
	output=$(timeout -k 10 "$TEST_LIMIT" "$@" 2>&1 </dev/null)
	status=$?
	# cmocka says "not ok N # SKIP" where others say "ok N # SKIP".
	skip=$(grep -cE "$SKIPPED" <<<"$output")
	ok=$(grep -E '^ok ' <<<"$output" | grep -cvE "$SKIPPED")
	bad=$(grep -E '^not ok ' <<<"$output" | grep -cvE "$SKIPPED")
	# A program that died, or said nothing, has failed however many tests went well before.
	if [ "$bad" = 0 ] && { [ "$status" != 0 ] || [ $((ok + skip)) = 0 ]; }; then
		bad=1
		output="$output
$name ended with status $status after $ok tests"
	fi
	passed=$((passed + ok)) failed=$((failed + bad)) skipped=$((skipped + skip))
	printf '%-52s %3d passed, %d failed, %d skipped\n' "$name" "$ok" "$bad" "$skip"
	grep -E "$SKIPPED" <<<"$output"
	[ "$bad" = 0 ] || sed 's/^/    /' <<<"$output"
}

run_all() {
	local build=$1 label=$2 test
	shift 2
	for test in "$@"; do
		case $test in
		*.sh) BUILD=$build run "$test$label" "$test" ;;
		*) CMOCKA_MESSAGE_OUTPUT=TAP run "$test$label" "$build/$test" ;;
		esac
	done
}

if [ $# = 0 ]; then
	set -- tests/layers.sh tests/no-shell.sh tests/man.sh tests/units.sh tests/qemu.sh
	for test in tests/unit/test-*.c; do
		set -- "$@" "${test%.c}"
	done
	set -- "$@" tests/fake/test-*.sh tests/live/test-*.sh
	# Once is enough: what they try is outside of our objects, or is tried with sanitizers by the live tests, too.
	once='tests/libvirt/test-hosts.sh tests/libvirt/test-uris.sh tests/libvirt/test-faults.sh tests/systemd/test-package.sh'
fi

for sanitizer in '' address,undefined; do
	make -s -j"$(nproc)" SANITIZER="$sanitizer" WERROR=1 tests-build || exit 1
done
run_all "$PWD/build" '' "$@"
run_all "$PWD/build-address-undefined" ' (asan, ubsan)' "$@"
run_all "$PWD/build" '' $once

echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
