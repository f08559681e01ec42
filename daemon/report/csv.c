// SPDX-License-Identifier: GPL-2.0-or-later
/* Comma-separated values. */
#include "report/csv.h"

#include <string.h>

#include "base/mem.h"

static void print_field(const char *text, FILE *out)
{
	if (!text[strcspn(text, "\",\r\n")]) {
		fputs(text, out);
		return;
	}
	fputc('"', out);
	for (; *text; text++) {
		if (*text == '"')
			fputc('"', out);
		fputc(*text, out);
	}
	fputc('"', out);
}

static void print_value(json_t *value, FILE *out)
{
	auto_free char *text = NULL;

	if (json_is_string(value)) {
		print_field(json_string_value(value), out);
	} else if (!json_is_null(value)) {
		text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
		print_field(text, out);
	}
}

void csv_header(json_t *object, FILE *out)
{
	const char *key, *comma = "";
	json_t *value;

	json_object_foreach(object, key, value) {
		fputs(comma, out);
		print_field(key, out);
		comma = ",";
	}
	fputc('\n', out);
}

void csv_row(json_t *object, FILE *out)
{
	const char *key, *comma = "";
	json_t *value;

	json_object_foreach(object, key, value) {
		(void)key;
		fputs(comma, out);
		print_value(value, out);
		comma = ",";
	}
	fputc('\n', out);
}
