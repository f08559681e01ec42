// SPDX-License-Identifier: GPL-2.0-or-later
/* What the type of a column is says the table, not the value: a store may hold anything. */
#include "upstream/copy.h"

#include <inttypes.h>
#include <jansson.h>
#include <string.h>

#include "base/mem.h"

static char *text_value(const char *text)
{
	char *copy = mem_strdup(text);
	auto_json json_t *probe = json_string(copy);

	for (char *c = copy; !probe && *c; c++)
		if (*c & 0x80)
			*c = '?';
	return copy;
}

static char *blob_value(sqlite3_stmt *stmt, int column)
{
	const void *bytes = sqlite3_column_blob(stmt, column);
	auto_free char *hex = mem_hex(bytes, (size_t)sqlite3_column_bytes(stmt, column));

	return mem_printf("\\x%s", hex);
}

char *copy_value(sqlite3_stmt *stmt, int column, enum mirror_type type)
{
	if (sqlite3_column_type(stmt, column) == SQLITE_NULL)
		return NULL;
	switch (type) {
	case MIRROR_INTEGER:
		return mem_printf("%" PRId64, (int64_t)sqlite3_column_int64(stmt, column));
	case MIRROR_REAL:
		return mem_printf("%.17g", sqlite3_column_double(stmt, column));
	case MIRROR_BLOB:
		return blob_value(stmt, column);
	case MIRROR_TEXT:
	case MIRROR_UUID:
	case MIRROR_TYPE_COUNT:
		break;
	}
	return text_value((const char *)sqlite3_column_text(stmt, column));
}

static void put(FILE *out, const char *text)
{
	if (!text) {
		fputs("\\N", out);
		return;
	}
	for (; *text; text++) {
		switch (*text) {
		case '\\':
			fputs("\\\\", out);
			break;
		case '\t':
			fputs("\\t", out);
			break;
		case '\n':
			fputs("\\n", out);
			break;
		case '\r':
			fputs("\\r", out);
			break;
		default:
			putc(*text, out);
		}
	}
}

void copy_row(FILE *out, int64_t first, sqlite3_stmt *stmt, const struct mirror_table *table)
{
	fprintf(out, "%" PRId64, first);
	for (size_t i = 0; i < table->count; i++) {
		auto_free char *value = copy_value(stmt, (int)i, table->columns[i].type);

		putc('\t', out);
		put(out, value);
	}
	putc('\n', out);
}
