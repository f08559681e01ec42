/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The fake's account of what really happened, for a test to compare with what the daemon says. */
#ifndef QSOAK_TESTS_FAKE_LOG_H
#define QSOAK_TESTS_FAKE_LOG_H

struct log;

/* path NULL: facts go nowhere. NULL with errno if the file does not open. */
struct log *log_open(const char *path);

/* One JSON line, written by one append: {"pid": ..., "ns": ..., "fact": ..., and what json_pack()
 * makes of format, which is an object or NULL}. From any thread. */
void log_fact(struct log *log, const char *fact, const char *format, ...);

#endif
