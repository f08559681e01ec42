// SPDX-License-Identifier: GPL-2.0-or-later
/* Names and defaults of the limits. */
#include "op/limit.h"

#include "base/clock.h"
#include "base/names.h"

static const char *const limit_names[] = {
	[LIMIT_BOOT] = "boot",
	[LIMIT_REPLY] = "reply",
	[LIMIT_SAVE] = "snapshot-save",
	[LIMIT_LOAD] = "snapshot-load",
	[LIMIT_DELETE] = "snapshot-delete",
	[LIMIT_MIGRATE] = "migrate",
	[LIMIT_SHUTDOWN] = "shutdown",
	[LIMIT_IMAGE] = "image",
	[LIMIT_LIBVIRT] = "libvirt",
	[LIMIT_STALL] = "stall",
};
NAMES_COMPLETE(limit_names, LIMIT_COUNT);

static const int64_t defaults_ns[] = {
	[LIMIT_BOOT] = 60 * CLOCK_NS_PER_S,	[LIMIT_REPLY] = 30 * CLOCK_NS_PER_S,
	[LIMIT_SAVE] = 120 * CLOCK_NS_PER_S,	[LIMIT_LOAD] = 120 * CLOCK_NS_PER_S,
	[LIMIT_DELETE] = 60 * CLOCK_NS_PER_S,	[LIMIT_MIGRATE] = 300 * CLOCK_NS_PER_S,
	[LIMIT_SHUTDOWN] = 60 * CLOCK_NS_PER_S, [LIMIT_IMAGE] = 60 * CLOCK_NS_PER_S,
	[LIMIT_LIBVIRT] = 120 * CLOCK_NS_PER_S, [LIMIT_STALL] = 10 * CLOCK_NS_PER_S,
};
NAMES_COMPLETE(defaults_ns, LIMIT_COUNT);

const char *limit_name(enum limit limit)
{
	return names_of(limit_names, LIMIT_COUNT, limit);
}

int limit_find(const char *name)
{
	return names_find(limit_names, LIMIT_COUNT, name);
}

int64_t limit_default_ns(enum limit limit)
{
	return defaults_ns[limit];
}
