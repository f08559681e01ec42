// SPDX-License-Identifier: GPL-2.0-or-later
/* The log's sink: the one piece of global state below main.c. */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/names.h"

#define LOG_LINE_MAX 1024

static log_sink_fn log_sink;
static enum log_level log_max;

static const char *const level_names[] = {
	[LOG_LEVEL_ERROR] = "error",
	[LOG_LEVEL_WARNING] = "warning",
	[LOG_LEVEL_INFO] = "info",
	[LOG_LEVEL_DEBUG] = "debug",
};
NAMES_COMPLETE(level_names, LOG_LEVEL_COUNT);

const char *log_level_name(enum log_level level)
{
	return names_of(level_names, LOG_LEVEL_COUNT, level);
}

void log_set_sink(log_sink_fn sink, enum log_level max)
{
	log_sink = sink;
	log_max = max;
}

void log_set_max(enum log_level max)
{
	log_max = max;
}

/* A line may quote anything, and is one line on a terminal all the same. C1 controls are two bytes of UTF-8. */
static void tame(char *line)
{
	for (char *c = line; *c; c++) {
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = '?';
		else if (*c == '\xc2' && ((unsigned char)c[1] & 0xe0) == 0x80)
			c[0] = c[1] = '?';
	}
}

static void write_line(enum log_level level, const struct log_event *event, const char *fmt,
		       va_list ap)
{
	char line[LOG_LINE_MAX];

	if (!log_sink || level > log_max)
		return;
	vsnprintf(line, sizeof(line), fmt, ap);
	tame(line);
	log_sink(level, line, event);
}

void log_write(enum log_level level, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	write_line(level, NULL, fmt, ap);
	va_end(ap);
}

void log_event_add(struct log_event *event, const char *key, const char *value)
{
	if (value && event->count < LOG_FIELDS_MAX)
		event->fields[event->count++] = mem_printf("%s=%s", key, value);
}

void log_event_add_number(struct log_event *event, const char *key, long long value)
{
	auto_free char *text = mem_printf("%lld", value);

	log_event_add(event, key, text);
}

void log_event_write(struct log_event *event, enum log_level level, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	write_line(level, event, fmt, ap);
	va_end(ap);
	for (size_t i = 0; i < event->count; i++)
		free(event->fields[i]);
	event->count = 0;
}
