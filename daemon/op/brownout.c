// SPDX-License-Identifier: GPL-2.0-or-later
/* The guest's progress in a second while it is copied, against that before. */
#include "op/brownout.h"

bool brownout_ratio(const struct brownout_moment *begin, const struct brownout_moment *command,
		    const struct brownout_moment *stop, double *ret_ratio)
{
	int64_t before_ns = command->at_ns - begin->at_ns,
		copying_ns = stop->at_ns - command->at_ns;
	double before, expected;

	/* A guest may lie. */
	if (!begin->ticks || command->ticks < begin->ticks || stop->ticks < command->ticks ||
	    before_ns <= 0 || copying_ns <= 0)
		return false;
	before = (double)(command->ticks - begin->ticks);
	expected = before * (double)copying_ns / (double)before_ns;
	if (before < BROWNOUT_TURNS_MIN || expected < BROWNOUT_TURNS_MIN)
		return false;
	*ret_ratio = (double)(stop->ticks - command->ticks) / expected;
	return true;
}
