/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Quantities as people write them in a profile or on the command line.
 *
 * Strict: no sign, no space, no leading zero, nothing behind the unit. The functions return -EINVAL
 * with a text "found ..., expected ..."; the caller puts the place in front (err_prefix()).
 */
#ifndef QSOAK_BASE_SIZE_H
#define QSOAK_BASE_SIZE_H

#include <stdint.h>

#include "base/err.h"

/* Decimal, 0 to 2^64 - 1. */
int size_parse_number(const char *text, uint64_t *ret_number, struct err *err);

/* An integer or a decimal ("90s", "1.5m") and one of ms, s, m, h. In nanoseconds, rounded down. */
int size_parse_duration(const char *text, int64_t *ret_ns, struct err *err);

/* An integer and one of KiB, MiB, GiB ("32MiB"). In bytes. */
int size_parse_bytes(const char *text, int64_t *ret_bytes, struct err *err);

#define SIZE_TEXT_MAX 32

/* In the largest unit that leaves an integer; what is finer than a unit allows comes as "5 ns" or
 * "5 bytes". Returns buf. */
const char *size_format_duration(char buf[SIZE_TEXT_MAX], int64_t ns);
const char *size_format_bytes(char buf[SIZE_TEXT_MAX], int64_t bytes);

#define SIZE_SHOWN_MAX 80

/* text as an error may quote it: bare if it is one plain word, else in quotes, with control
 * characters escaped and a long tail cut; "nothing" for an empty text. Returns buf. */
const char *size_shown(char buf[SIZE_SHOWN_MAX], const char *text);

#endif
