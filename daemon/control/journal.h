/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The journal as the log's sink: lines with their class and fields. */
#ifndef QSOAK_CONTROL_JOURNAL_H
#define QSOAK_CONTROL_JOURNAL_H

#include <stdbool.h>

#include "base/log.h"

/* Whether standard error is the journal's, as $JOURNAL_STREAM says (systemd.exec(5)). */
bool journal_is_stderr(void);

/* A sink for log_set_sink(). */
void journal_write(enum log_level level, const char *text, const struct log_event *event);

#endif
