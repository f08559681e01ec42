// SPDX-License-Identifier: GPL-2.0-or-later
/* Commands that read the results store. */
#include "control/read.h"

#include <errno.h>
#include <inttypes.h>

#include "base/mem.h"
#include "control/limits.h"
#include "report/comparison.h"
#include "report/json.h"
#include "report/metric-history.h"
#include "report/plots.h"
#include "store/store.h"

static void close_query(struct query **query)
{
	query_close(*query);
}

#define auto_query __attribute__((cleanup(close_query)))

static int open_results(const char *state, struct query **ret_query, struct err *err)
{
	auto_free char *path = store_path(state);
	int r = query_open(path, ret_query, err);

	if (r == -ENOENT)
		err_set(err, -EINVAL, "there are no results in %s: see --state-dir", state);
	return r == -ENOENT ? -EINVAL : r;
}

/* Of the peer's asking: not there is a wrong argument. */
static int asked_for(int r, struct err *err)
{
	return r == -ENOENT ? (err->code = -EINVAL) : r;
}

/* An id, or 0 where the argument is missing. */
static int get_id(json_t *arguments, const char *key, int64_t *ret_id, struct err *err)
{
	json_t *value = json_object_get(arguments, key);

	if (value && json_integer_value(value) < 1)
		return err_set(err, -EINVAL, "%s: expected a number above 0", key);
	*ret_id = json_integer_value(value);
	return 0;
}

static int read_list(const char *state, enum query_list list, json_t *arguments, json_t **ret_value,
		     struct err *err)
{
	auto_query struct query *query = NULL;
	int64_t campaign, after;
	int r = get_id(arguments, "campaign", &campaign, err);

	if (r == 0)
		r = get_id(arguments, "after", &after, err);
	if (r == 0)
		r = open_results(state, &query, err);
	if (r == 0)
		r = report_json_list(query, list, campaign, after,
				     list == QUERY_SIGNATURES ? CONTROL_SIGNATURES_MAX
							      : CONTROL_ROWS_MAX,
				     ret_value, err);
	return asked_for(r, err);
}

int read_campaigns(const char *state, json_t *arguments, json_t **ret_value, struct err *err)
{
	return read_list(state, QUERY_CAMPAIGNS, arguments, ret_value, err);
}

int read_builds(const char *state, json_t *arguments, json_t **ret_value, struct err *err)
{
	return read_list(state, QUERY_BUILDS, arguments, ret_value, err);
}

int read_failures(const char *state, json_t *arguments, json_t **ret_value, struct err *err)
{
	return read_list(state, QUERY_FAILURES, arguments, ret_value, err);
}

int read_signatures(const char *state, json_t *arguments, json_t **ret_value, struct err *err)
{
	return read_list(state, QUERY_SIGNATURES, arguments, ret_value, err);
}

int read_export(const char *state, json_t *arguments, json_t **ret_value, struct err *err)
{
	const char *name = json_string_value(json_object_get(arguments, "list"));
	int list = query_list_find(name);

	if (list < 0)
		return err_set(
			err, -EINVAL,
			"list: found \"%.60s\", expected campaigns, builds, runs, operations, "
			"steps, measures, failures, left_out, gaps or signatures",
			name);
	return read_list(state, (enum query_list)list, arguments, ret_value, err);
}

/* Opens the results, and finds the campaign that is asked for, or the newest. */
static int open_campaign(const char *state, json_t *arguments, struct query **ret_query,
			 int64_t *ret_campaign, struct err *err)
{
	int r = get_id(arguments, "campaign", ret_campaign, err);

	if (r == 0)
		r = open_results(state, ret_query, err);
	return r == 0 && !*ret_campaign ? query_last_campaign(*ret_query, ret_campaign, err) : r;
}

int read_report(const char *state, json_t *arguments, json_t **ret_value, struct err *err)
{
	bool force = json_is_true(json_object_get(arguments, "force"));
	auto_query struct query *query = NULL;
	int64_t campaign;
	int r = open_campaign(state, arguments, &query, &campaign, err);

	if (r == 0)
		r = report_json_campaign(query, campaign, force, ret_value, err);
	return asked_for(r, err);
}

int read_plots(const char *state, json_t *arguments, json_t **ret_value, struct err *err)
{
	auto_query struct query *query = NULL;
	int64_t campaign;
	int r = open_campaign(state, arguments, &query, &campaign, err);

	if (r == 0)
		r = plots_json(query, campaign, ret_value, err);
	return asked_for(r, err);
}

int read_history(const char *state, json_t *arguments, json_t **ret_value, struct err *err)
{
	const char *name = json_string_value(json_object_get(arguments, "metric"));
	const struct metric *metric = metric_find(name);
	auto_query struct query *query = NULL;
	int r = 0;

	if (!metric)
		r = err_set(err, -EINVAL,
			    "metric: found \"%.60s\", expected one of qsoak-statistics(7), like "
			    "snapshot-save.duration",
			    name);
	if (r == 0)
		r = open_results(state, &query, err);
	if (r == 0)
		r = metric_history_json(query, metric,
					json_string_value(json_object_get(arguments, "build")),
					ret_value, err);
	return asked_for(r, err);
}

int read_comparison(const char *state, json_t *arguments, json_t **ret_value, struct err *err)
{
	struct comparison_options options = {
		.a = json_string_value(json_object_get(arguments, "a")),
		.b = json_string_value(json_object_get(arguments, "b")),
		.force = json_is_true(json_object_get(arguments, "force")),
	};
	auto_query struct query *query = NULL;
	auto_json json_t *value = NULL, *selfcheck = NULL;
	int64_t campaign, experiments = 0;
	int r = get_id(arguments, "campaign", &campaign, err);

	if (r == 0)
		r = get_id(arguments, "experiments", &experiments, err);
	if (r == 0 && !options.a != !options.b)
		r = err_set(err, -EINVAL, "a, b: found one of them, expected both or none");
	if (r == 0)
		r = open_results(state, &query, err);
	if (r == 0 && !campaign)
		r = query_last_comparison(query, options.a, options.b, &campaign, err);
	options.experiments = (size_t)experiments;
	if (r == 0)
		r = comparison_json(query, campaign, &options, &value, err);
	if (r == 0)
		r = comparison_selfcheck(query, campaign, &selfcheck, err);
	if (r == 0) {
		json_object_set(value, "selfcheck", selfcheck);
		*ret_value = json_incref(value);
	}
	return asked_for(r, err);
}
