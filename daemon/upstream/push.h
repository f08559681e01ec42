/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pushing a results store upstream.
 *
 * Each finished row is there once, however often it is pushed, by however many at a time, and wherever one of them is
 * killed: what is there is the only memory of what was pushed.
 */
#ifndef QSOAK_UPSTREAM_PUSH_H
#define QSOAK_UPSTREAM_PUSH_H

#include <stdint.h>

#include "base/err.h"

struct push_totals {
	int64_t campaigns;  /* that had anything new */
	int64_t rows;	    /* that were not there, or were another */
	int64_t unfinished; /* campaigns that have not ended: more will come of them */
};

/* path: of the results store, which is only read. ret_totals is set also where it fails: what came until then. */
int push_store(const char *path, const char *url, struct push_totals *ret_totals, struct err *err);

#endif
