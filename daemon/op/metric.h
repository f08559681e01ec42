/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The metrics: what of an operation is measured under which name, in which unit, and which way is
 * better. qsoak-statistics(7) defines each.
 *
 * A metric is called KIND.NAME ("snapshot-save.duration"). The store keeps its samples under a kind and
 * a name of its own, in a unit of its own (milliseconds where QEMU tells no more).
 */
#ifndef QSOAK_OP_METRIC_H
#define QSOAK_OP_METRIC_H

#include <stdbool.h>
#include <stddef.h>

#include "op/kind.h"

/* The columns of an operation whose samples are summarised as measures are. */
#define METRIC_DURATION "duration_ns"
#define METRIC_STALL "stall_ns"

struct metric {
	const char *name;
	enum op_kind kind;
	const char *measure; /* the store's name: one of the columns above, or of a measure */
	const char *unit;    /* of what is reported: "ns", "ratio", "mbps", "count" */
	double scale;	     /* reported = stored * scale */
	double resolution;   /* of what is reported: what lies below is not told apart */
	bool higher_is_better;
	bool primary; /* judged where a profile does not say what is */
	const char *title;
};

#define METRIC_COUNT 25
extern const struct metric metrics[METRIC_COUNT];

/* NULL where name is none. */
const struct metric *metric_find(const char *name);

#endif
