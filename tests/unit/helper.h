/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What several unit tests need: cmocka's own includes, a bounded wait on a loop, a scratch folder. */
#ifndef QSOAK_TESTS_UNIT_HELPER_H
#define QSOAK_TESTS_UNIT_HELPER_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <ev.h>

#include "base/deadline.h"
#include "base/folder.h"
#include "base/mem.h"

/* A safety net for waits that a defect would make endless; no test's result depends on it. */
#define HELPER_LIMIT_NS 60000000000ll

static inline void helper_late(void *late)
{
	*(bool *)late = true;
}

/* Runs the loop until the condition holds; fails the test if that never comes. */
#define LOOP_UNTIL(loop, condition)                                 \
	do {                                                        \
		struct deadline safety_;                            \
		bool late_ = false;                                 \
		deadline_init(&safety_, helper_late, &late_);       \
		deadline_start(loop, &safety_, HELPER_LIMIT_NS);    \
		while (!(condition) && !late_)                      \
			ev_run(loop, EVRUN_ONCE);                   \
		deadline_stop(loop, &safety_);                      \
		if (late_)                                          \
			fail_msg("waited in vain for " #condition); \
	} while (0)

/* A new empty folder, for helper_scratch_finish(). */
static inline char *helper_scratch(void)
{
	char *path = mem_strdup("/tmp/qsoak-unit-XXXXXX");

	if (!mkdtemp(path))
		fail_msg("cannot make %s", path);
	return path;
}

static inline void helper_scratch_finish(char *path)
{
	folder_remove(path);
	free(path);
}

/* What callbacks were told, one word after the other, for a test to compare with. */
struct story {
	char text[4096];
	size_t used;
};

__attribute__((format(printf, 2, 3))) static inline void story_add(struct story *story,
								   const char *fmt, ...)
{
	size_t room = sizeof(story->text) - story->used;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(story->text + story->used, room, fmt, ap);
	va_end(ap);
	assert_in_range(n, 0, room - 1);
	story->used += (size_t)n;
}

static inline void story_begin_anew(struct story *story)
{
	*story = (struct story){ 0 };
}

/* count times c, NUL-terminated. */
static inline char *helper_fill(char c, size_t count)
{
	char *text = mem_zalloc(count + 1);

	memset(text, c, count);
	return text;
}

#endif
