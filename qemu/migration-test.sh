#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# QEMU's own tests/qtest/migration-test, of the tree that the builds are made of, against one of them:
# migration-test.sh [NAME] (bql-fixed). Says which of its cases passed, failed and were skipped.
# ACCEL=kvm lets it use KVM where /dev/kvm is there; else it is TCG in any case.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
. "$here/tree.sh"

name=${1:-bql-fixed}
accel=${ACCEL:-tcg}
TEST_LIMIT=900

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# What the test runs as QEMU, which it knows by the end of its name: the build, with the folders of its
# firmware. The test says "-accel kvm -accel tcg", which is the first one that works.
write_wrapper() {
	cat >"$1" <<-'END'
		#!/bin/bash
		args=()
		while read -r data; do
			args+=(-L "$data")
		done <<<"$QSOAK_DATA"
		while [ $# != 0 ]; do
			if [ "$QSOAK_ACCEL $1" = 'tcg -accel' ] && [[ $2 == kvm* ]]; then
				shift
			else
				args+=("$1")
			fi
			shift
		done
		exec "$QSOAK_QEMU" "${args[@]}"
	END
	chmod +x "$1"
}

# Of what it prints, its cases: one line each, then how many, and those that were never heard of again.
tell() {
	awk '
	function title(line) {
		sub(/^(not )?ok [0-9]+ /, "", line)
		sub(/ *#.*/, "", line)
		return line
	}
	/^not ok / { print "failed  " title($0); failed++; next }
	/^ok .*# *SKIP/ { print "skipped " title($0) substr($0, index($0, " #")); skipped++; next }
	/^ok / { print "passed  " title($0); passed++; next }
	/^1\.\./ { planned = substr($0, 4) }
	END {
		lost = planned - passed - failed - skipped
		if (lost > 0)
			print "not run " lost
		printf "migration-test: %d passed, %d failed, %d skipped\n", passed, failed + lost, skipped
	}' "$1"
}

binary=$builds/$name/qemu-system-x86_64
lock_cache
[ -s "$builds/$name.yaml" ] && [ -x "$binary" ] || die "there is no build $name of this source"
prepare_tree
[ -e "$tree/tests/qtest/migration-test.c" ] || die 'the source package has no tests/qtest/migration-test.c'
say 'compiling tests/qtest/migration-test'
compile tests/qtest/migration-test
cp "$obj/tests/qtest/migration-test" "$scratch/"
exec 9>&-

export QSOAK_QEMU=$binary QSOAK_ACCEL=$accel
QSOAK_DATA=$(sed -n 's/^  - "\(.*\)"$/\1/p' "$builds/$name.yaml")
export QSOAK_DATA
write_wrapper "$scratch/qemu-system-x86_64"
skip=()
if [ "$accel" = tcg ]; then
	# These are of KVM's dirty ring.
	skip=(-s /x86_64/migration/dirty_ring -s /x86_64/migration/vcpu_dirty_limit)
fi

log=$work/migration-test.log
say "migration-test of $QSOAK_QEMU ($accel)"
started=$SECONDS status=0
QTEST_QEMU_BINARY=$scratch/qemu-system-x86_64 TMPDIR=$scratch limited "$TEST_LIMIT" \
	"$scratch/migration-test" --tap -k "${skip[@]}" >"$log" 2>&1 </dev/null || status=$?
tell "$log"
say "took $((SECONDS - started)) s; all it said is in $log"
case $status in
0) ;;
124 | 137) die "it had not ended after $TEST_LIMIT s" ;;
*) die "it ended with status $status" ;;
esac
