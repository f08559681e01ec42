/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Members of JSON objects, as the printers want them; objects may come from a peer. */
#ifndef QSOAK_REPORT_FIELD_H
#define QSOAK_REPORT_FIELD_H

#include <jansson.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/mem.h"

/* 0 where there is no number. */
static inline int64_t field_integer(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

/* Borrowed; NULL where there is no text. */
static inline const char *field_text(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

static inline bool field_says(const json_t *object, const char *key, const char *expected)
{
	const char *text = field_text(object, key);

	return text && !strcmp(text, expected);
}

/* NaN where there is no number. */
static inline double field_real(const json_t *object, const char *key)
{
	json_t *value = json_object_get(object, key);

	return json_is_number(value) ? json_number_value(value) : NAN;
}

static inline bool field_known(const json_t *object, const char *key)
{
	json_t *value = json_object_get(object, key);

	return value && !json_is_null(value);
}

/* How long a campaign that has ended was at work. */
static inline int64_t field_active(const json_t *campaign)
{
	return field_integer(campaign, "ended_unix_ns") - field_integer(campaign, "began_unix_ns") -
	       field_integer(campaign, "gap_ns");
}

/* For table_add(), which takes them over: NULL where there is nothing. */
static inline char *field_copy(const json_t *object, const char *key)
{
	const char *text = field_text(object, key);

	return text ? mem_strdup(text) : NULL;
}

static inline char *field_number(const json_t *object, const char *key)
{
	return field_known(object, key) ? mem_printf("%lld", (long long)field_integer(object, key))
					: NULL;
}

#endif
