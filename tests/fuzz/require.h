/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a fuzzer checks: a condition that does not hold is printed, and is a finding. */
#ifndef QSOAK_TESTS_FUZZ_REQUIRE_H
#define QSOAK_TESTS_FUZZ_REQUIRE_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

static inline void require_at(bool holds, const char *file, int line, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "%s:%d: %s does not hold\n", file, line, what);
	abort();
}

#define require(holds) require_at(holds, __FILE__, __LINE__, #holds)

#endif
