// SPDX-License-Identifier: GPL-2.0-or-later
/* Files of an incident, put together from the chunks in which they come. */
#include "cli/evidence.h"

#include <errno.h>
#include <nettle/base64.h>
#include <string.h>
#include <zstd.h>

#include "base/mem.h"
#include "report/field.h"
#include "triage/bundle.h"

/* Of no more than max bytes: what comes behind them is left out. */
struct text {
	char *data;
	size_t size, max;
};

static void text_append(struct text *text, const void *data, size_t size)
{
	if (size > text->max - text->size)
		size = text->max - text->size;
	text->data = mem_realloc(text->data, text->size + size + 1, 1);
	memcpy(text->data + text->size, data, size);
	text->size += size;
	text->data[text->size] = '\0';
}

/* A chunk as it came: as text, or as base64. */
static int append_chunk(struct text *text, json_t *chunk, struct err *err)
{
	json_t *plain = json_object_get(chunk, "text");
	const char *coded = field_text(chunk, "base64");
	struct base64_decode_ctx decoder;
	auto_free uint8_t *bytes = NULL;
	size_t size;

	if (json_is_string(plain)) {
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

int evidence_query(struct source *source, int64_t incident, json_t **ret_value, struct err *err)
{
	return source_get(source, "query-incident",
			  json_pack("{s:I}", "incident", (json_int_t)incident), ret_value, err);
}

static int get_bytes(struct source *source, int64_t incident, const char *name, size_t max,
		     char **ret_data, size_t *ret_size, struct err *err)
{
	struct text text = { .max = max };
	json_int_t offset = 0, next;
	int r;

	text_append(&text, "", 0);
	do {
		auto_json json_t *chunk = NULL;

		r = source_get(source, "get-incident-file",
			       json_pack("{s:I, s:s, s:I}", "incident", (json_int_t)incident,
					 "file", name, "offset", offset),
			       &chunk, err);
		if (r == 0)
			r = append_chunk(&text, chunk, err);
		next = field_integer(chunk, "next");
		if (r == 0 && next && next <= offset)
			r = err_set(err, -EPROTO, "get-incident-file: the chunks do not ascend");
		offset = next;
	} while (r == 0 && offset && text.size < max);
	if (r < 0) {
		free(text.data);
		return r;
	}
	*ret_data = text.data;
	*ret_size = text.size;
	return 0;
}

/* Up to max bytes of what data was before it was packed; of a stream that is cut, what there is. */
static int unpack(const char *name, const char *data, size_t size, size_t max, char **ret_data,
		  size_t *ret_size, struct err *err)
{
	ZSTD_DCtx *context = ZSTD_createDCtx();
	ZSTD_inBuffer in = { .src = data, .size = size };
	struct text text = { .max = max };
	char chunk[65536];
	size_t left = 1;

	if (!context)
		return err_set(err, -ENOMEM, "%s: no memory to unpack it", name);
	text_append(&text, "", 0);
	while (left && !ZSTD_isError(left) && text.size < max) {
		ZSTD_outBuffer out = { .dst = chunk, .size = sizeof(chunk) };
		size_t before = in.pos;

		left = ZSTD_decompressStream(context, &out, &in);
		if (ZSTD_isError(left) || (!out.pos && in.pos == before))
			break;
		text_append(&text, chunk, out.pos);
	}
	ZSTD_freeDCtx(context);
	if (ZSTD_isError(left)) {
		free(text.data);
		return err_set(err, -EPROTO, "%s: %s", name, ZSTD_getErrorName(left));
	}
	*ret_data = text.data;
	*ret_size = text.size;
	return 0;
}

static bool is_packed(const char *name)
{
	size_t length = strlen(name), suffix = strlen(BUNDLE_PACKED);

	return length > suffix && !strcmp(name + length - suffix, BUNDLE_PACKED);
}

int evidence_get_file(struct source *source, int64_t incident, const char *name, size_t max,
		      char **ret_data, size_t *ret_size, struct err *err)
{
	auto_free char *packed_name = NULL, *packed = NULL;
	struct err no_packed = { 0 };
	size_t size;
	int r;

	if (!is_packed(name)) {
		r = get_bytes(source, incident, name, max, ret_data, ret_size, err);
		if (r != -EINVAL)
			return r;
	}
	packed_name = is_packed(name) ? mem_strdup(name) : mem_printf("%s" BUNDLE_PACKED, name);
	/* Where neither is there, the name that was asked for is what counts. */
	r = get_bytes(source, incident, packed_name, EVIDENCE_PACKED_MAX, &packed, &size,
		      is_packed(name) ? err : &no_packed);
	if (r < 0)
		return is_packed(name) ? r : err->code;
	return unpack(packed_name, packed, size, max, ret_data, ret_size, err);
}
