/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What has happened since this qsoakd started, over all campaigns: numbers that only grow. */
#ifndef QSOAK_CONTROL_COUNTERS_H
#define QSOAK_CONTROL_COUNTERS_H

#include <stdint.h>

#include "base/record.h"
#include "op/op.h"
#include "watch/failure.h"

struct counters {
	uint64_t operations[OP_OUTCOME_COUNT];
	uint64_t failures[FAILURE_CLASS_COUNT];
	uint64_t expected; /* of the failures */
	uint64_t loops;
	uint64_t runs; /* QEMU processes */
	uint64_t new_signatures;
};

/* All but new_signatures. */
void counters_count(struct counters *counters, const struct record *record);

#endif
