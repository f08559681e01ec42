// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * qsoak export --format guestperf: migrations are collected until there are enough of them, then
 * their steps and measures are fetched, so that the size of a campaign does not matter.
 */
#include "cli/guestperf.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/mem.h"
#include "report/field.h"
#include "report/guestperf.h"

/* Migrations that wait for their steps. */
#define WINDOW 500

struct export
{
	struct source *source;
	int64_t campaign, operation;
	json_t *campaigns, *builds, *runs; /* of the campaign: the one, all, and the first page */
	json_t *window;			   /* rows of operations, by ascending ids */
	int64_t printed;
	bool done; /* the one operation has been passed */
	FILE *out;
};

static json_t *arguments(const struct export *e, const char *list, int64_t after)
{
	json_t *object = json_pack("{s:I, s:s}", "campaign", (json_int_t)e->campaign, "list", list);

	if (after > 0)
		json_object_set_new(object, "after", json_integer(after));
	return object;
}

/* The first page of a list. */
static int get_page(struct export *e, const char *list, json_t **ret_rows, struct err *err)
{
	auto_json json_t *page = NULL;
	int r = source_get(e->source, "export", arguments(e, list, 0), &page, err);

	if (r == 0)
		*ret_rows = json_incref(json_object_get(page, list));
	return r;
}

/* Rows of steps or measures of the operations of a window, by their ids as text. */
struct rows {
	json_t *by_operation; /* {ID: [row, ...]}, with a list for each migration */
	int64_t last;	      /* the highest id of the window */
	bool beyond;	      /* it has been passed */
};

static int add_row(void *ctx, json_t *row, struct err *err)
{
	struct rows *rows = ctx;
	int64_t operation = field_integer(row, "operation_id");
	auto_free char *id = mem_printf("%lld", (long long)operation);

	(void)err;
	if (operation > rows->last) {
		rows->beyond = true;
		return -ECANCELED;
	}
	json_array_append(json_object_get(rows->by_operation, id), row);
	return 0;
}

/* Lists for each migration of the window. */
static int get_rows(struct export *e, const char *list, json_t **ret_rows, struct err *err)
{
	auto_json json_t *by_operation = json_object();
	struct rows rows = { .by_operation = by_operation };
	int64_t first = field_integer(json_array_get(e->window, 0), "id");
	json_t *operation;
	size_t i;
	int r;

	json_array_foreach(e->window, i, operation) {
		auto_free char *id = mem_printf("%lld", (long long)field_integer(operation, "id"));

		json_object_set_new(by_operation, id, json_array());
		rows.last = field_integer(operation, "id");
	}
	r = source_list(e->source, "export", list, arguments(e, list, first - 1), add_row, &rows,
			err);
	if (r < 0 && !rows.beyond)
		return r;
	*ret_rows = json_incref(by_operation);
	return 0;
}

static json_t *find_named(json_t *rows, const char *key, const char *name)
{
	json_t *row;
	size_t i;

	json_array_foreach(rows, i, row)
		if (name && field_text(row, key) && !strcmp(field_text(row, key), name))
			return row;
	return NULL;
}

static int print_report(struct export *e, json_t *operation, json_t *steps, json_t *measures,
			struct err *err)
{
	auto_free char *id = mem_printf("%lld", (long long)field_integer(operation, "id"));
	const char *build = field_text(operation, "build");
	struct guestperf_migration migration = {
		.campaign = json_array_get(e->campaigns, 0),
		.build = find_named(e->builds, "name", build),
		.run = find_named(e->runs, "build", build),
		.operation = operation,
		.steps = json_object_get(steps, id),
		.measures = json_object_get(measures, id),
	};
	auto_json json_t *report = guestperf_report(&migration);

	json_dumpf(report, e->out, JSON_COMPACT);
	fputc('\n', e->out);
	e->printed++;
	return ferror(e->out) ? err_set_errno(err, errno ? errno : EIO, "cannot print the export")
			      : 0;
}

static int print_window(struct export *e, struct err *err)
{
	auto_json json_t *steps = NULL, *measures = NULL;
	json_t *operation;
	size_t i;
	int r;

	if (!json_array_size(e->window))
		return 0;
	r = get_rows(e, "steps", &steps, err);
	if (r == 0)
		r = get_rows(e, "measures", &measures, err);
	json_array_foreach(e->window, i, operation)
		if (r == 0)
			r = print_report(e, operation, steps, measures, err);
	json_array_clear(e->window);
	return r;
}

static int add_operation(void *ctx, json_t *row, struct err *err)
{
	struct export *e = ctx;

	if (e->operation && field_integer(row, "id") > e->operation) {
		e->done = true;
		return -ECANCELED;
	}
	if (!guestperf_is_migration(row))
		return 0;
	json_array_append(e->window, row);
	return json_array_size(e->window) < WINDOW ? 0 : print_window(e, err);
}

int guestperf_export(struct source *source, int64_t campaign, int64_t operation, FILE *out,
		     struct err *err)
{
	auto_json json_t *campaigns = NULL, *builds = NULL, *runs = NULL, *window = json_array();
	struct export e = { .source = source,
			    .campaign = campaign,
			    .operation = operation,
			    .window = window,
			    .out = out };
	int r = get_page(&e, "campaigns", &campaigns, err);

	if (r == 0)
		r = get_page(&e, "builds", &builds, err);
	if (r == 0)
		r = get_page(&e, "runs", &runs, err);
	if (r < 0)
		return r;
	e.campaigns = campaigns;
	e.builds = builds;
	e.runs = runs;
	r = source_list(source, "export", "operations",
			arguments(&e, "operations", operation ? operation - 1 : 0), add_operation,
			&e, err);
	if (r == 0 || e.done)
		r = print_window(&e, err);
	if (r == 0 && operation && !e.printed)
		r = err_set(err, -EINVAL,
			    "campaign %lld has no operation %lld that is a migration and has ended",
			    (long long)campaign, (long long)operation);
	return r;
}
