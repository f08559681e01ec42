// SPDX-License-Identifier: GPL-2.0-or-later
/* The causes of pauses, by name and with their texts. */
#include "control/pause.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/names.h"

static const char *const names[] = {
	[PAUSE_USER] = "user",
	[PAUSE_STORE] = "store",
	[PAUSE_DISK] = "disk",
	[PAUSE_MEMORY] = "memory",
};
NAMES_COMPLETE(names, PAUSE_CAUSE_COUNT);

const char *pause_cause_name(enum pause_cause cause)
{
	return names[cause];
}

void pauses_set(struct pauses *pauses, enum pause_cause cause, const char *why)
{
	free(pauses->why[cause]);
	pauses->why[cause] = why ? mem_strdup(why) : NULL;
}

const char *pauses_why(const struct pauses *pauses)
{
	for (int i = 0; i < PAUSE_CAUSE_COUNT; i++)
		if (pauses->why[i])
			return pauses->why[i];
	return NULL;
}

void pauses_finish(struct pauses *pauses)
{
	for (int i = 0; i < PAUSE_CAUSE_COUNT; i++)
		free(pauses->why[i]);
	*pauses = (struct pauses){ 0 };
}
