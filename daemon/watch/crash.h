/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Telling from exit and last words what ended a QEMU that was not asked to go. */
#ifndef QSOAK_WATCH_CRASH_H
#define QSOAK_WATCH_CRASH_H

#include <stddef.h>

#include "base/child.h"
#include "watch/failure.h"

/* Text of a failed assertion within a QEMU's output: who checked what. Both point into output. */
struct crash_assertion {
	const char *function, *condition;
	size_t function_size, condition_size;
};

/* Understands glibc's assert() ("file:line: function: Assertion `condition' failed.") and GLib's
 * ("ERROR:file:line:function: assertion failed: (condition)", "...: code should not be reached").
 * The last one counts. */
bool crash_find_assertion(const char *output, struct crash_assertion *ret_assertion);

/* assertion, crash, sanitizer or exit; detail (of size bytes) becomes one line for people. */
enum failure_class crash_classify(const struct child_exit *how, const char *output, char *detail,
				  size_t size);

#endif
