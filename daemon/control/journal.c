// SPDX-License-Identifier: GPL-2.0-or-later
/* Lines of the log to the journal. */
#include "control/journal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <syslog.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

#include "base/mem.h"

/* MESSAGE, PRIORITY, SYSLOG_IDENTIFIER, MESSAGE_ID. */
#define OWN_FIELDS 4

bool journal_is_stderr(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat st;

	return stream && sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
	       fstat(STDERR_FILENO, &st) == 0 && st.st_dev == device && st.st_ino == inode;
}

static int priority(enum log_level level)
{
	static const int priorities[] = {
		[LOG_LEVEL_ERROR] = LOG_ERR,
		[LOG_LEVEL_WARNING] = LOG_WARNING,
		[LOG_LEVEL_INFO] = LOG_INFO,
		[LOG_LEVEL_DEBUG] = LOG_DEBUG,
	};

	return priorities[level];
}

void journal_write(enum log_level level, const char *text, const struct log_event *event)
{
	struct iovec fields[OWN_FIELDS + LOG_FIELDS_MAX];
	char *own[OWN_FIELDS] = {
		mem_printf("MESSAGE=%s", text),
		mem_printf("PRIORITY=%d", priority(level)),
		mem_strdup("SYSLOG_IDENTIFIER=qsoakd"),
		event ? mem_printf("MESSAGE_ID=%s", event_id(event->class)) : NULL,
	};
	size_t count = 0;

	for (size_t i = 0; i < OWN_FIELDS; i++)
		if (own[i])
			fields[count++] = (struct iovec){ own[i], strlen(own[i]) };
	for (size_t i = 0; event && i < event->count; i++)
		fields[count++] = (struct iovec){ event->fields[i], strlen(event->fields[i]) };
	if (sd_journal_sendv(fields, (int)count) < 0)
		fprintf(stderr, "qsoakd: %s\n", text);
	for (size_t i = 0; i < OWN_FIELDS; i++)
		free(own[i]);
}
