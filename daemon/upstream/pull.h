/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pulling what is upstream into a results store of its own, which is then read as any other. */
#ifndef QSOAK_UPSTREAM_PULL_H
#define QSOAK_UPSTREAM_PULL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* Where campaigns stand side by side, rows get ids that are unique: the campaign's times this, and that in their
 * store. */
#define PULL_ID_FACTOR 10000000000

enum pull_what {
	PULL_LISTS,   /* without operations and their timings */
	PULL_SAMPLES, /* with the samples of metrics as they are summed up */
	PULL_REPORT, /* with operations that did not end well; all of them of a campaign in progress */
	PULL_ALL_ROWS,
};

struct pull {
	int64_t campaign; /* its id upstream; 0: all of them, or */
	bool newest;	  /* that which began last */
	const char
		*beside; /* also the newest complete one of this name on the same host; or NULL */
	enum pull_what what;
};

/* Makes the store at path, where nothing may be. Campaigns have the ids that they have upstream; the rows of the one
 * that is asked for those of their store. -EINVAL: there is no such campaign. */
int pull_store(const char *url, const struct pull *pull, const char *path, struct err *err);

#endif
