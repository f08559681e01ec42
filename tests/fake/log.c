/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Appends facts to the log file, whole lines only, so that several fakes may share one. */
#include "log.h"

#include <fcntl.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fake.h"

struct log {
	int fd; /* -1: none */
};

struct log *log_open(const char *path)
{
	struct log *log = calloc(1, sizeof(*log));

	if (!log)
		return NULL;
	log->fd = -1;
	if (!path)
		return log;
	log->fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
	if (log->fd < 0) {
		free(log);
		return NULL;
	}
	return log;
}

void log_fact(struct log *log, const char *fact, const char *format, ...)
{
	json_t *line;
	char *text;

	if (log->fd < 0)
		return;
	line = json_pack("{s:i, s:I, s:s}", "pid", (int)getpid(), "ns", (json_int_t)fake_now_ns(),
			 "fact", fact);
	if (format) {
		json_error_t error;
		json_t *more;
		va_list ap;

		va_start(ap, format);
		more = json_vpack_ex(&error, 0, format, ap);
		va_end(ap);
		json_object_update(line, more);
		json_decref(more);
	}
	text = json_dumps(line, JSON_ENSURE_ASCII);
	json_decref(line);
	if (!text)
		return;

	size_t length = strlen(text);

	/* The terminator's byte carries the newline. */
	text[length] = '\n';
	if (write(log->fd, text, length + 1) < 0)
		fake_stderr("the fake's log: %m");
	free(text);
}
