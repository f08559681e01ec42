/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The log: one line an event, handed to a sink that main sets. Until then lines are dropped.
 */
#ifndef QSOAK_BASE_LOG_H
#define QSOAK_BASE_LOG_H

enum log_level {
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARNING,
	LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG,
};

/* text has no newline and is borrowed. */
typedef void (*log_sink_fn)(enum log_level level, const char *text);

/* Lines above max are not made at all. */
void log_set_sink(log_sink_fn sink, enum log_level max);

void log_write(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#define log_error(...) log_write(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_write(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_info(...) log_write(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_write(LOG_LEVEL_DEBUG, __VA_ARGS__)

#endif
