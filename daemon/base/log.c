// SPDX-License-Identifier: GPL-2.0-or-later
/* The log's sink: the one piece of global state below main.c. */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>

#define LOG_LINE_MAX 1024

static log_sink_fn log_sink;
static enum log_level log_max;

void log_set_sink(log_sink_fn sink, enum log_level max)
{
	log_sink = sink;
	log_max = max;
}

void log_write(enum log_level level, const char *fmt, ...)
{
	char line[LOG_LINE_MAX];
	va_list ap;

	if (!log_sink || level > log_max)
		return;
	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	log_sink(level, line);
}
