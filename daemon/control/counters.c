// SPDX-License-Identifier: GPL-2.0-or-later
/* Records, counted. */
#include "control/counters.h"

#include <string.h>

typedef const char *(*name_fn)(int value);

static const char *outcome_name(int outcome)
{
	return op_outcome_name((enum op_outcome)outcome);
}

static const char *class_name(int class)
{
	return failure_class_name((enum failure_class) class);
}

static void count_name(uint64_t *counts, int count, name_fn name_of, const char *name)
{
	for (int i = 0; i < count; i++)
		if (!strcmp(name_of(i), name))
			counts[i]++;
}

void counters_count(struct counters *counters, const struct record *record)
{
	switch (record->type) {
	case RECORD_OPERATION_END:
		count_name(counters->operations, OP_OUTCOME_COUNT, outcome_name,
			   record->operation_end.outcome);
		break;
	case RECORD_FAILURE:
		count_name(counters->failures, FAILURE_CLASS_COUNT, class_name,
			   record->failure.class);
		counters->expected += record->failure.expected;
		break;
	case RECORD_LOOP_END:
		counters->loops++;
		break;
	case RECORD_RUN_BEGIN:
		counters->runs++;
		break;
	default:
		break;
	}
}
