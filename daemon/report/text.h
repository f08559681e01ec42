/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Values as text for people. All results are the caller's to free. */
#ifndef QSOAK_REPORT_TEXT_H
#define QSOAK_REPORT_TEXT_H

#include <stdint.h>

/* Safe to print on a terminal: control characters (of Unicode, too) and bytes that are no UTF-8
 * become \xNN. NULL becomes "-". */
char *text_printable(const char *s);

/* Borrowed, not freed: a dash where there is nothing. */
static inline const char *text_or_dash(const char *s)
{
	return s ? s : "-";
}

/* A word of a command line, quoted for a shell where it must be, and printable. */
char *text_word(const char *s);

/* Three digits and a unit: "21.3ms". */
char *text_duration(int64_t duration_ns);

/* How long a campaign took: "61 s", "12 min 5 s", "8 h 0 min". */
char *text_long_duration(int64_t duration_ns);

/* ISO 8601 in UTC, to the second. */
char *text_time(int64_t unix_ns);

/* "23 failures", "23 failures (20 expected)". */
char *text_failures(int64_t count, int64_t expected);

/* A share of one as a percentage of two digits: "5.5 %", "0.034 %". */
char *text_percent(double share);

/* A p value: "0.034", "< 0.001". */
char *text_p(double p);

/* "1 loop", "2 loops". */
char *text_count(int64_t count, const char *noun);

#endif
