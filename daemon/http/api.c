// SPDX-License-Identifier: GPL-2.0-or-later
/* Commands of the control socket that only read, with the query as their arguments. */
#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "control/command.h"
#include "control/service.h"
#include "http/request.h"

struct query {
	const struct command *command;
	json_t *arguments;
	struct err *err;
};

/* A whole number in decimal digits. */
static json_t *parse_integer(const char *text)
{
	size_t digits = strspn(text, "0123456789");

	/* Fewer than overflow it. */
	return digits && digits <= 18 && !text[digits] ? json_integer(strtoll(text, NULL, 10))
						       : NULL;
}

/* As the command's table types it; NULL: it is not of that type, or of one that is no text. */
static json_t *parse_value(enum argument_type type, const char *text)
{
	switch (type) {
	case ARGUMENT_STRING:
		return json_string(text);
	case ARGUMENT_INTEGER:
	case ARGUMENT_NUMBER:
		return parse_integer(text);
	case ARGUMENT_BOOLEAN:
		if (!strcmp(text, "true") || !strcmp(text, "false"))
			return json_boolean(!strcmp(text, "true"));
		return NULL;
	default:
		return NULL;
	}
}

static enum MHD_Result add_argument(void *ctx, enum MHD_ValueKind kind, const char *key,
				    const char *value)
{
	struct query *query = ctx;
	const struct argument *argument = query->command->arguments;
	json_t *parsed;

	(void)kind;
	while (argument->name && strcmp(argument->name, key))
		argument++;
	if (!argument->name) {
		err_set(query->err, -EINVAL, "%s: argument '%.60s' is unexpected",
			query->command->name, key);
		return MHD_NO;
	}
	if (json_object_get(query->arguments, key)) {
		err_set(query->err, -EINVAL, "%s: there are two of it", key);
		return MHD_NO;
	}
	parsed = parse_value(argument->type, value ? value : "");
	if (!parsed) {
		err_set(query->err, -EINVAL, "%s: found \"%.60s\", expected %s", key,
			value ? value : "", command_expected(argument->type));
		return MHD_NO;
	}
	json_object_set_new(query->arguments, key, parsed);
	return MHD_YES;
}

static int parse_query(struct http_request *request, const struct command *command,
		       json_t *arguments, struct err *err)
{
	struct query query = { command, arguments, err };

	MHD_get_connection_values(request->connection, MHD_GET_ARGUMENT_KIND, add_argument, &query);
	return err->code ? err->code : command_check(command, arguments, err);
}

static int find_command(const char *name, const struct command **ret_command, struct err *err)
{
	const struct command *command = command_find(name);

	if (!command)
		return err_set(err, -ENOENT, "%.60s: there is no such command", name);
	if (!command->read && strcmp(name, "query-status"))
		return err_set(err, -EPERM,
			       "%s: here are only commands that read results, and "
			       "query-status",
			       name);
	*ret_command = command;
	return 0;
}

/* The first call: 1 where the reader has it. */
static int execute(struct http_request *request, const char *name, json_t **ret_value,
		   struct err *err)
{
	auto_json json_t *arguments = json_object();
	const struct command *command = NULL;
	int r = find_command(name, &command, err);

	if (r == 0)
		r = parse_query(request, command, arguments, err);
	if (r < 0)
		return r;
	if (command->read) {
		r = http_may_read(request, err);
		if (r == 0)
			http_read(request, command, arguments);
		return r < 0 ? r : 1;
	}
	*ret_value = service_status(http_control(request->http), true);
	return 0;
}

enum MHD_Result http_answer_api(struct http_request *request, const char *rest)
{
	auto_json json_t *value = NULL;
	struct err err = { 0 };
	int r;

	if (request->read)
		return request->text ? http_send(request, MHD_HTTP_OK, "application/json",
						 mem_steal(request->text))
				     : http_send_error(request, &request->err);
	r = execute(request, rest, &value, &err);
	if (r < 0)
		return http_send_error(request, &err);
	return r == 1 ? MHD_YES
		      : http_send(request, MHD_HTTP_OK, "application/json",
				  json_dumps(value, JSON_COMPACT));
}
