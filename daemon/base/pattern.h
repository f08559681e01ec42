/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Patterns of fnmatch(3) and glob(7). */
#ifndef QSOAK_BASE_PATTERN_H
#define QSOAK_BASE_PATTERN_H

/* One that matches this text alone; the caller frees. */
char *pattern_literal(const char *text);

#endif
