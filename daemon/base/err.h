/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The error object, and the contract of every function that can fail.
 *
 * A function that can fail takes a `struct err *err` last and returns 0 or a negative errno; outputs
 * named ret_* are untouched on failure. err is never NULL; the caller embeds one, zeroed. Whoever
 * fails first sets the text; callers on the way up may put context in front with err_prefix().
 * -EINVAL means that the user's input is wrong (exit code 2); anything else is the host's or a
 * peer's fault (exit code 3).
 */
#ifndef QSOAK_BASE_ERR_H
#define QSOAK_BASE_ERR_H

/* Longer texts end in "...". */
#define ERR_TEXT_MAX 512

struct err {
	int code; /* negative errno, 0 while nothing failed */
	char text[ERR_TEXT_MAX];
};

/* Sets code (a negative errno) and text; returns code. The text says what failed, where, and what
 * would be right; no full stop, no newline. What is no UTF-8 becomes '?'. */
int err_set(struct err *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4), cold));

/* Like err_set() with ": strerror(errno)" behind the text; errno_value is positive. */
int err_set_errno(struct err *err, int errno_value, const char *fmt, ...)
	__attribute__((format(printf, 3, 4), cold));

/* Puts "context: " in front of the text that is there; returns the code. */
int err_prefix(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3), cold));

#endif
