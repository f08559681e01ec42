// SPDX-License-Identifier: GPL-2.0-or-later
/* Reading results, through the service or beside it. */
#include "cli/source.h"

#include <errno.h>

#include "base/mem.h"
#include "control/address.h"
#include "control/command.h"
#include "report/text.h"

int source_open(const struct cli *cli, struct source *ret_source, struct err *err)
{
	int r;

	*ret_source = (struct source){ 0 };
	if (cli->store && (cli->local || cli->state || cli->socket))
		return err_set(err, -EINVAL, "--store and --%s exclude each other",
			       cli->socket  ? "socket"
			       : cli->state ? "state-dir"
					    : "local");
	if (cli->store)
		return pulled_new(cli->store, &ret_source->pulled, err);
	if (cli->local || cli->state) {
		ret_source->state = cli_state(cli);
		return 0;
	}
	r = link_open(cli->socket, &ret_source->link, err);
	if (r == -ECONNREFUSED) {
		struct err why = *err;

		err_set(err, r, "%s, or read a private state with --local or --state-dir DIR",
			why.text);
	}
	return r;
}

int source_open_daemon(const struct cli *cli, struct link **ret_link, struct err *err)
{
	auto_free char *state = NULL, *path = NULL;
	int r;

	if (cli->socket && (cli->local || cli->state))
		return err_set(err, -EINVAL, "--socket and --%s exclude each other",
			       cli->state ? "state-dir" : "local");
	if (!cli->local && !cli->state)
		return link_open(cli->socket, ret_link, err);
	state = cli_state(cli);
	path = address_of_private(state);
	r = link_open(path, ret_link, err);
	return r == -ECONNREFUSED ? err_set(err, r, "no private qsoakd is at work in %s", state)
				  : r;
}

int source_print_answer(const struct cli *cli, const char *command, json_t *arguments,
			report_fn print)
{
	auto_json json_t *owned = arguments, *value = NULL;
	struct link *link = NULL;
	struct err err = { 0 };
	int r = source_open_daemon(cli, &link, &err);

	if (r == 0)
		r = link_call(link, command, json_incref(owned), &value, &err);
	link_close(link);
	if (r == 0)
		r = report_print(value, print, cli->json, stdout, &err);
	return r == 0 ? EXIT_CLEAN : cli_error(&err);
}

void source_close(struct source *source)
{
	link_close(source->link);
	pulled_free(source->pulled);
	free(source->state);
	*source = (struct source){ 0 };
}

/* err: why the link is lost. */
static int get_again(struct source *source, const char *command, json_t *arguments,
		     json_t **ret_value, struct err *err)
{
	int64_t until_ns = clock_now_ns() + source->wait_ns;
	auto_free char *limit = text_long_duration(source->wait_ns);
	auto_free char *gone = text_printable(err->text);
	int r;

	fprintf(stderr, "%s; waiting for it to come back, %s at most\n", gone, limit);
	do {
		r = link_reopen(source->link, until_ns, err);
		if (r == 0)
			r = link_call(source->link, command, json_incref(arguments), ret_value,
				      err);
	} while (r < 0 && link_closed(source->link) && clock_now_ns() < until_ns);
	return r;
}

int source_get(struct source *source, const char *command, json_t *arguments, json_t **ret_value,
	       struct err *err)
{
	auto_json json_t *owned = arguments ? arguments : json_object();
	const char *state = source->state;

	if (source->link) {
		int r = link_call(source->link, command, json_incref(owned), ret_value, err);

		return r < 0 && source->wait_ns && link_closed(source->link)
			       ? get_again(source, command, owned, ret_value, err)
			       : r;
	}
	if (source->pulled) {
		int r = pulled_state(source->pulled, command, owned, &state, err);

		if (r < 0)
			return r;
	}
	return command_read(state, command, owned, ret_value, err);
}

bool source_lost(const struct source *source)
{
	return source->link && link_lost(source->link);
}

int source_list(struct source *source, const char *command, const char *list, json_t *arguments,
		int (*fn)(void *ctx, json_t *row, struct err *err), void *ctx, struct err *err)
{
	auto_json json_t *owned = arguments ? arguments : json_object();
	json_int_t after = 0;
	int r = 0;

	do {
		auto_json json_t *page = NULL;
		json_int_t next;
		json_t *row;
		size_t i;

		r = source_get(source, command, json_copy(owned), &page, err);
		if (r < 0)
			return r;
		json_array_foreach(json_object_get(page, list), i, row) {
			r = fn(ctx, row, err);
			if (r < 0)
				return r;
		}
		next = json_integer_value(json_object_get(page, "next"));
		/* A service that sent us round in circles would never let us end. */
		if (next && next <= after)
			return err_set(err, -EPROTO, "%s: the pages do not ascend", command);
		after = next;
		json_object_set_new(owned, "after", json_integer(after));
	} while (after);
	return 0;
}
