/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Members of JSON objects, as the printers want them; objects may come from a peer. */
#ifndef QSOAK_REPORT_FIELD_H
#define QSOAK_REPORT_FIELD_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

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

static inline bool field_known(const json_t *object, const char *key)
{
	json_t *value = json_object_get(object, key);

	return value && !json_is_null(value);
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
