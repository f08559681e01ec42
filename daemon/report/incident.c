// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The manifest is printed as it comes, key by key, so that what a later version adds to it is shown
 * too; only command lines and times have a form of their own.
 */
#include "report/incident.h"

#include <string.h>

#include "report/field.h"
#include "report/text.h"
#include "triage/bundle.h"

/* Where the names of the longest keys end. */
#define KEY_WIDTH 14

static void print_printable(const char *text, FILE *out)
{
	auto_free char *printable = text_printable(text);

	fputs(printable, out);
}

static void print_command_line(json_t *argv, FILE *out)
{
	json_t *word;
	size_t i;

	json_array_foreach(argv, i, word) {
		auto_free char *text =
			text_word(json_is_string(word) ? json_string_value(word) : "?");

		fprintf(out, "%s%s", i ? " " : "", text);
	}
	fputc('\n', out);
}

static void print_scalar(const char *key, json_t *value, FILE *out)
{
	auto_free char *text = NULL;

	if (json_is_integer(value) && strstr(key, "unix-ns"))
		text = text_time(json_integer_value(value));
	else if (json_is_string(value))
		text = mem_strdup(json_string_value(value));
	else if (!json_is_null(value))
		text = json_dumps(value, JSON_ENCODE_ANY);
	print_printable(text, out);
	fputc('\n', out);
}

static void print_members(json_t *object, int indent, FILE *out);

static void print_member(const char *key, json_t *value, int indent, FILE *out)
{
	auto_free char *printable = text_printable(key);
	bool nested = json_object_size(value) || json_is_object(json_array_get(value, 0));
	json_t *element;
	size_t i;

	if (nested)
		fprintf(out, "%*s%s\n", indent, "", printable);
	else
		fprintf(out, "%*s%-*s  ", indent, "", KEY_WIDTH, printable);
	if (json_is_object(value)) {
		if (!nested)
			fputs("-\n", out);
		print_members(value, indent + 2, out);
	} else if (nested) {
		json_array_foreach(value, i, element) {
			fputs(i ? "\n" : "", out);
			print_members(element, indent + 2, out);
		}
	} else if (json_is_array(value)) {
		print_command_line(value, out);
	} else {
		print_scalar(key, value, out);
	}
}

static void print_members(json_t *object, int indent, FILE *out)
{
	const char *key;
	json_t *value;

	json_object_foreach(object, key, value)
		print_member(key, value, indent, out);
}

/* Tabs become spaces; all else that is not printable is escaped. */
static void print_line(const char *line, size_t size, FILE *out)
{
	auto_free char *text = mem_strndup(line, size);

	for (char *c = text; *c; c++)
		*c = *c == '\t' ? ' ' : *c;
	size = strlen(text);
	if (size && text[size - 1] == '\r')
		text[size - 1] = '\0';
	print_printable(text, out);
	fputc('\n', out);
}

/* Of these JSON has a text that stands for them, but which tells nothing. */
static bool is_text(const char *name)
{
	static const char *const others[] = { "firmware.bin", "guest-config", "vars.qcow2",
					      "shadow.raw" };
	const char *dot = strchr(name, '.');

	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		if (bundle_is_file(name, others[i]))
			return false;
	return !dot || !bundle_is_file(dot + 1, "core");
}

static void print_file(json_t *file, FILE *out)
{
	const char *name = field_text(file, "file"), *text = field_text(file, "text");

	fputs("\n==> ", out);
	print_printable(name, out);
	fprintf(out, " (%lld bytes)\n", (long long)field_integer(file, "size"));
	if (field_text(file, "error")) {
		fputs("cannot be read: ", out);
		print_printable(field_text(file, "error"), out);
		fputc('\n', out);
	}
	while (text && *text && is_text(name)) {
		size_t length = strcspn(text, "\n");

		print_line(text, length, out);
		text += length + (text[length] == '\n');
	}
}

void report_incident(json_t *value, FILE *out)
{
	json_t *files = json_object_get(value, "files"), *file;
	json_t *manifest = json_object_get(value, "manifest");
	size_t i;

	fprintf(out, "incident %lld in ", (long long)field_integer(value, "incident"));
	print_printable(field_text(value, "directory"), out);
	fputs("\n\n", out);
	if (json_is_object(manifest))
		print_members(manifest, 0, out);
	else
		fputs("there is no manifest\n", out);
	json_array_foreach(files, i, file) {
		const char *name = field_text(file, "file");

		if (name && strcmp(name, BUNDLE_MANIFEST))
			print_file(file, out);
	}
}
