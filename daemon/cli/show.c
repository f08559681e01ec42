// SPDX-License-Identifier: GPL-2.0-or-later
/* qsoak show: an incident with its files. */
#include <errno.h>
#include <nettle/base64.h>
#include <string.h>

#include "base/mem.h"
#include "cli/source.h"
#include "report/incident.h"
#include "report/report.h"

/* What is shown of one file; the folder has all of it. */
#define SHOW_FILE_MAX (8 * 1024 * 1024)

struct text {
	char *data;
	size_t size;
};

static void text_append(struct text *text, const void *data, size_t size)
{
	text->data = mem_realloc(text->data, text->size + size + 1, 1);
	memcpy(text->data + text->size, data, size);
	text->size += size;
	text->data[text->size] = '\0';
}

/* A chunk as it came: as text, or as base64. */
static int append_chunk(struct text *text, json_t *chunk, struct err *err)
{
	json_t *plain = json_object_get(chunk, "text");
	const char *coded = json_string_value(json_object_get(chunk, "base64"));
	struct base64_decode_ctx decoder;
	auto_free uint8_t *bytes = NULL;
	size_t size;

	if (plain) {
		text_append(text, json_string_value(plain), json_string_length(plain));
		return 0;
	}
	if (!coded)
		return err_set(err, -EPROTO, "get-incident-file: neither text nor base64");
	bytes = mem_zalloc(BASE64_DECODE_LENGTH(strlen(coded)) + 1);
	base64_decode_init(&decoder);
	if (!base64_decode_update(&decoder, &size, bytes, strlen(coded), coded) ||
	    !base64_decode_final(&decoder))
		return err_set(err, -EPROTO, "get-incident-file: bad base64");
	text_append(text, bytes, size);
	return 0;
}

static int get_file(struct source *source, json_t *incident, const char *name, struct text *text,
		    struct err *err)
{
	json_int_t offset = 0, next;
	int r = 0;

	text_append(text, "", 0);
	do {
		auto_json json_t *chunk = NULL;

		r = source_get(source, "get-incident-file",
			       json_pack("{s:O, s:s, s:I}", "incident", incident, "file", name,
					 "offset", offset),
			       &chunk, err);
		if (r == 0)
			r = append_chunk(text, chunk, err);
		if (r < 0)
			return r;
		next = json_integer_value(json_object_get(chunk, "next"));
		if (next && next <= offset)
			return err_set(err, -EPROTO, "get-incident-file: the chunks do not ascend");
		offset = next;
	} while (offset && text->size < SHOW_FILE_MAX);
	return 0;
}

/* JSON is Unicode text: of bytes that are none, what is not ASCII becomes '?', as does a NUL. */
static json_t *file_string(struct text *text)
{
	json_t *string;

	for (size_t i = 0; i < text->size; i++)
		if (!text->data[i])
			text->data[i] = '?';
	string = json_stringn(text->data, text->size);
	for (size_t i = 0; i < text->size && !string; i++)
		if ((unsigned char)text->data[i] >= 0x80)
			text->data[i] = '?';
	return string ? string : json_stringn(text->data, text->size);
}

static int add_texts(struct source *source, json_t *value, struct err *err)
{
	json_t *incident = json_object_get(value, "incident"), *file;
	size_t i;

	json_array_foreach(json_object_get(value, "files"), i, file) {
		const char *name = json_string_value(json_object_get(file, "file"));
		struct text text = { 0 };
		int r;

		if (!name)
			return err_set(err, -EPROTO, "query-incident: a file without a name");
		r = get_file(source, incident, name, &text, err);
		if (r == 0)
			json_object_set_new(file, "text", file_string(&text));
		free(text.data);
		if (r < 0)
			return r;
	}
	return 0;
}

int cli_show(const struct cli *cli)
{
	auto_json json_t *value = NULL;
	struct source source = { 0 };
	struct err err = { 0 };
	int64_t incident;
	int r = cli_parse_incident(cli->argument, &incident, &err);

	if (r == 0)
		r = source_open(cli, &source, &err);
	if (r == 0)
		r = source_get(&source, "query-incident",
			       json_pack("{s:I}", "incident", (json_int_t)incident), &value, &err);
	if (r == 0)
		r = add_texts(&source, value, &err);
	source_close(&source);
	if (r == 0)
		r = report_print(value, report_incident, cli->json, stdout, &err);
	return r == 0 ? EXIT_CLEAN : cli_error(&err);
}
