#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# One minute of soaking with the build in the folder given. QEMU 7.2 really has the bugs that this
# finds, so a campaign with failures is a good end.
set -u
build=$1
state=$build/demo

"$build/qsoak" run profiles/quick.yaml --local --state-dir "$state"
status=$?
[ "$status" -le 1 ] || exit "$status"
echo
echo "Single failures:  $build/qsoak failures --state-dir $state"
echo "One of them:      $build/qsoak show ID --state-dir $state"
echo "Their evidence:   $state/incidents"
