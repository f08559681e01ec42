// SPDX-License-Identifier: GPL-2.0-or-later
/* Looking at the disk by statvfs(), and at the memory by /proc/meminfo. */
#include "control/shortage.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#include "base/clock.h"
#include "base/deadline.h"
#include "base/file.h"
#include "base/mem.h"
#include "campaign/slot.h"

#define MEMINFO_MAX 8192

_Static_assert(SHORTAGE_LOOK_NS < SLOT_HOST_REST_NS,
	       "a slot tries again before shortage pauses it");

struct shortage {
	struct ev_loop *loop;
	struct shortage_spec spec;
	bool disk, memory; /* are short */
	struct deadline look;
};

static int64_t least(const struct shortage_limit *limit, int64_t fallback, int64_t total)
{
	if (limit->pause_below)
		return limit->pause_below;
	return fallback < total / SHORTAGE_PART ? fallback : total / SHORTAGE_PART;
}

bool shortage_is(const struct shortage_limit *limit, int64_t fallback, int64_t available,
		 int64_t total, bool was)
{
	int64_t pause_below = least(limit, fallback, total);
	int64_t resume_above = limit->resume_above ? limit->resume_above : 2 * pause_below;

	return available < (was ? resume_above : pause_below);
}

/* was: as last seen, and now. */
static void judge(struct shortage *shortage, enum pause_cause cause,
		  const struct shortage_limit *limit, int64_t fallback, int64_t available,
		  int64_t total, bool *was)
{
	bool now = shortage_is(limit, fallback, available, total, *was);
	struct err why = { 0 };

	if (now == *was)
		return;
	*was = now;
	err_set(&why, -ENOSPC, "%s: %" PRId64 " MiB are left, it takes %" PRId64,
		cause == PAUSE_DISK ? shortage->spec.folder : "memory of the host", available >> 20,
		least(limit, fallback, total) >> 20);
	shortage->spec.pause(shortage->spec.ctx, cause, now ? why.text : NULL);
}

static void look_at_disk(struct shortage *shortage)
{
	struct statvfs disk;

	if (statvfs(shortage->spec.folder, &disk) < 0)
		return;
	judge(shortage, PAUSE_DISK, &shortage->spec.disk, SHORTAGE_DISK_BYTES,
	      (int64_t)disk.f_bavail * (int64_t)disk.f_frsize,
	      (int64_t)disk.f_blocks * (int64_t)disk.f_frsize, &shortage->disk);
}

/* In bytes, or -1. */
static int64_t meminfo(const char *text, const char *key)
{
	const char *at = strstr(text, key);

	return at ? strtoll(at + strlen(key), NULL, 10) << 10 : -1;
}

static void look_at_memory(struct shortage *shortage)
{
	auto_free char *text = NULL;
	struct err ignored = { 0 };
	int64_t available, total;
	size_t size;

	if (file_read("/proc/meminfo", "meminfo", MEMINFO_MAX, &text, &size, &ignored) < 0)
		return;
	available = meminfo(text, "MemAvailable:");
	total = meminfo(text, "MemTotal:");
	if (available >= 0 && total > 0)
		judge(shortage, PAUSE_MEMORY, &shortage->spec.memory, SHORTAGE_MEMORY_BYTES,
		      available, total, &shortage->memory);
}

static void look_due(void *ctx)
{
	struct shortage *shortage = ctx;

	look_at_disk(shortage);
	look_at_memory(shortage);
	deadline_start(shortage->loop, &shortage->look, SHORTAGE_LOOK_NS);
}

struct shortage *shortage_new(struct ev_loop *loop, const struct shortage_spec *spec)
{
	struct shortage *shortage = mem_new(struct shortage);

	shortage->loop = loop;
	shortage->spec = *spec;
	deadline_init(&shortage->look, look_due, shortage);
	look_due(shortage);
	return shortage;
}

void shortage_set(struct shortage *shortage, const struct shortage_limit *disk,
		  const struct shortage_limit *memory)
{
	shortage->spec.disk = *disk;
	shortage->spec.memory = *memory;
	look_due(shortage);
}

void shortage_free(struct shortage *shortage)
{
	if (!shortage)
		return;
	deadline_stop(shortage->loop, &shortage->look);
	free(shortage);
}
