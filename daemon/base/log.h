/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The log: one line an event, handed to a sink that main sets. Until then lines are dropped.
 */
#ifndef QSOAK_BASE_LOG_H
#define QSOAK_BASE_LOG_H

#include <stddef.h>

#include "base/event.h"

enum log_level {
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARNING,
	LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG,
	LOG_LEVEL_COUNT,
};

const char *log_level_name(enum log_level level);

#define LOG_FIELDS_MAX 16

/* What a line is about, for programs: its class, and fields of the journal. */
struct log_event {
	enum event class;
	char *fields[LOG_FIELDS_MAX]; /* "QSOAK_CAMPAIGN=3" */
	size_t count;
};

/* text has no control character; event is NULL for a line that is about nothing of that kind. Both are borrowed. */
typedef void (*log_sink_fn)(enum log_level level, const char *text, const struct log_event *event);

/* Lines above max are not made at all. */
void log_set_sink(log_sink_fn sink, enum log_level max);
void log_set_max(enum log_level max);

void log_write(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#define log_error(...) log_write(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_write(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_info(...) log_write(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_write(LOG_LEVEL_DEBUG, __VA_ARGS__)

/* Adds KEY=VALUE; nothing where value is NULL. At most LOG_FIELDS_MAX. */
void log_event_add(struct log_event *event, const char *key, const char *value);
void log_event_add_number(struct log_event *event, const char *key, long long value);

/* Writes the line, and frees the fields. */
void log_event_write(struct log_event *event, enum log_level level, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
