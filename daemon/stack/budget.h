/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How long a process may be read: until a time, or until somebody asks for what there is. */
#ifndef QSOAK_STACK_BUDGET_H
#define QSOAK_STACK_BUDGET_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"

/* A bundle of evidence is to be complete within 3 s of the failure. */
#define STACK_LIMIT_NS (2 * CLOCK_NS_PER_S)

/* Why something of a thread is missing. */
#define STACK_NO_TIME "no time was left"

struct stack_budget {
	int64_t begin_ns, end_ns; /* as clock_now_ns() counts */
};

static inline struct stack_budget stack_budget_begin(int64_t limit_ns)
{
	int64_t now_ns = clock_now_ns();

	return (struct stack_budget){ now_ns, now_ns + limit_ns };
}

/* A SIGTERM that is blocked ends it: it stays pending, so every later look sees it, too. */
static inline bool stack_budget_asked_to_end(void)
{
	sigset_t pending;

	return sigpending(&pending) == 0 && sigismember(&pending, SIGTERM) == 1;
}

/* Not above 0: it is spent. */
static inline int64_t stack_budget_left_ns(const struct stack_budget *budget)
{
	return stack_budget_asked_to_end() ? 0 : budget->end_ns - clock_now_ns();
}

/* The first half, which is for what only the process itself can tell; the second is for names. */
static inline struct stack_budget stack_budget_half(const struct stack_budget *budget)
{
	return (struct stack_budget){ budget->begin_ns,
				      budget->begin_ns + (budget->end_ns - budget->begin_ns) / 2 };
}

#endif
