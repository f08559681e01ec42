// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: a file goes out in the chunks of get-incident-file, read by the reader's
 * thread: the loop never waits for a disk. The first one says how long the file is; each of the
 * others is asked for when the one before has been sent.
 */
#include <errno.h>
#include <nettle/base64.h>
#include <string.h>

#include "base/mem.h"
#include "control/command.h"
#include "http/request.h"

/* Of a block that libmicrohttpd asks for. */
#define BLOCK_BYTES (16 * 1024)

#define NAME_SAFE "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"

struct evidence_file {
	struct http_request *request;
	json_t *arguments;
	char *bytes; /* of the chunk at hand */
	size_t size, sent;
	int64_t total;
	int64_t next; /* offset of the chunk behind it, or 0: there is none */
	bool asked;   /* it is with the reader, or has come */
};

static void file_free(void *body)
{
	struct evidence_file *file = body;

	json_decref(file->arguments);
	free(file->bytes);
	free(file);
}

static int decode(const char *text, char **ret_bytes, size_t *ret_size, struct err *err)
{
	struct base64_decode_ctx ctx;
	size_t length = strlen(text), size = BASE64_DECODE_LENGTH(length);
	auto_free char *bytes = mem_zalloc(size + 1);

	base64_decode_init(&ctx);
	if (!base64_decode_update(&ctx, &size, (uint8_t *)bytes, length, text) ||
	    !base64_decode_final(&ctx))
		return err_set(err, -EIO, "a chunk of a file is no base64");
	*ret_bytes = mem_steal(bytes);
	*ret_size = size;
	return 0;
}

/* Takes the chunk that the reader has sent; ret_text: whether it is text. */
static int take_chunk(struct evidence_file *file, bool *ret_text, struct err *err)
{
	auto_free char *answer = mem_steal(file->request->text);
	auto_json json_t *chunk = answer ? json_loads(answer, JSON_ALLOW_NUL, NULL) : NULL;
	json_t *text = json_object_get(chunk, "text");
	int r = 0;

	if (!chunk) {
		*err = file->request->err;
		return err->code;
	}
	file->asked = false;
	free(mem_steal(file->bytes));
	file->sent = 0;
	file->total = json_integer_value(json_object_get(chunk, "size"));
	file->next = json_integer_value(json_object_get(chunk, "next"));
	if (text) {
		file->size = json_string_length(text);
		file->bytes = mem_strdup(json_string_value(text));
	} else {
		r = decode(json_string_value(json_object_get(chunk, "base64")), &file->bytes,
			   &file->size, err);
	}
	*ret_text = text != NULL;
	return r;
}

static void ask(struct evidence_file *file)
{
	json_object_set_new(file->arguments, "offset", json_integer(file->next));
	file->asked = true;
	http_read(file->request, command_find("get-incident-file"), file->arguments);
}

/* What is sent next; it is never asked for more than the whole file. */
static ssize_t next_block(void *ctx, uint64_t offset, char *block, size_t max)
{
	struct evidence_file *file = ctx;
	struct err err = { 0 };
	size_t size;
	bool text;

	(void)offset;
	if (file->sent == file->size && !file->asked) {
		if (!file->next) /* it has become shorter */
			return MHD_CONTENT_READER_END_WITH_ERROR;
		ask(file);
		return 0;
	}
	if (file->asked && (take_chunk(file, &text, &err) < 0 || !file->size))
		return MHD_CONTENT_READER_END_WITH_ERROR;
	size = file->size - file->sent < max ? file->size - file->sent : max;
	memcpy(block, file->bytes + file->sent, size);
	file->sent += size;
	return (ssize_t)size;
}

/* The answer to the first chunk: the head, and the chunk. */
static enum MHD_Result begin(struct http_request *request)
{
	struct evidence_file *file = request->body;
	const char *name = json_string_value(json_object_get(file->arguments, "file"));
	auto_free char *disposition = name[strspn(name, NAME_SAFE)]
					      ? mem_strdup("attachment")
					      : mem_printf("attachment; filename=\"%s\"", name);
	struct MHD_Response *response;
	struct err err = { 0 };
	bool text = false;

	if (take_chunk(file, &text, &err) < 0)
		return http_send_error(request, &err);
	response = MHD_create_response_from_callback((uint64_t)file->total, BLOCK_BYTES, next_block,
						     file, NULL);
	if (response)
		MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_DISPOSITION, disposition);
	return http_queue(request, MHD_HTTP_OK,
			  text ? "text/plain; charset=utf-8" : "application/octet-stream",
			  response);
}

/* rest: ID/FILE. */
enum MHD_Result http_answer_evidence(struct http_request *request, const char *rest)
{
	size_t digits = strspn(rest, "0123456789");
	struct evidence_file *file;
	struct err err = { 0 };

	if (request->read)
		return begin(request);
	if (!digits || digits > 18 || rest[digits] != '/' || !rest[digits + 1]) {
		err_set(&err, -ENOENT, "expected /incidents/ID/FILE");
		return http_send_error(request, &err);
	}
	file = mem_new(struct evidence_file);
	file->request = request;
	file->arguments = json_pack("{s:I, s:o}", "incident", (json_int_t)strtoll(rest, NULL, 10),
				    "file", json_string(rest + digits + 1));
	request->body = file;
	request->body_free = file_free;
	if (!file->arguments)
		err_set(&err, -EINVAL, "the name of the file is no UTF-8");
	else if (http_may_read(request, &err) == 0)
		ask(file);
	return err.code ? http_send_error(request, &err) : MHD_YES;
}
