// SPDX-License-Identifier: GPL-2.0-or-later
/* Histories of metrics. */
#include "report/metric-history.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "report/change.h"
#include "report/comparison-text.h"
#include "report/field.h"
#include "report/json.h"
#include "report/percentile.h"
#include "report/samples.h"
#include "report/table.h"
#include "report/text.h"

#define CHANGE_SEED 1

/* What of the host tells environments apart, in the order of query_environment(). */
struct facts {
	char *text;
};

static void add_fact(void *ctx, int64_t build_id, const char *key, const char *value)
{
	static const char *const keys[] = {
		"accelerator", "cpu",	 "cpus",    "governor", "guest",
		"host",	       "kernel", "machine", "ram",	"vcpus"
	};
	struct facts *facts = ctx;

	for (size_t i = 0; i < ARRAY_SIZE(keys) && !build_id; i++)
		if (!strcmp(keys[i], key))
			mem_append(&facts->text, ", ", "%s", value);
}

static json_t *point_object(const struct query_campaign *campaign,
			    const struct samples_group *group, const char *environment)
{
	size_t ranks[] = { percentile_rank(group->count, 50), percentile_rank(group->count, 95) };
	double *values = group->values;

	percentile_select_ranks(values, group->count, ranks, ARRAY_SIZE(ranks));
	return json_pack("{s:I, s:I, s:o, s:o, s:I, s:f, s:f, s:o}", "campaign",
			 (json_int_t)campaign->id, "began_unix_ns",
			 (json_int_t)campaign->began_unix_ns, "build",
			 report_json_string(group->build), "version",
			 report_json_string(group->first ? group->first->version : NULL), "count",
			 (json_int_t)group->count, "p50", values[ranks[0]], "p95", values[ranks[1]],
			 "environment", report_json_string(environment));
}

static int add_campaign(struct query *query, int64_t id, const struct metric *metric,
			const char *build, json_t *points, struct err *err)
{
	struct query_campaign campaign = { 0 };
	struct samples samples = { 0 };
	struct facts facts = { 0 };
	int r = query_campaign(query, id, &campaign, err);

	/* Another profile is another workload. */
	if (r == 0)
		mem_append(&facts.text, ", ", "%s", campaign.name);
	if (r == 0)
		r = query_environment(query, id, add_fact, &facts, err);
	if (r == 0)
		r = samples_read(query, id, 0, metric, false, &samples, err);
	for (size_t i = 0; i < samples.count && r == 0; i++) {
		const struct samples_group *group = &samples.groups[i];

		if (group->count && (!build || !strcmp(build, group->build)))
			json_array_append_new(points, point_object(&campaign, group, facts.text));
	}
	samples_finish(&samples);
	query_campaign_finish(&campaign);
	free(facts.text);
	return r;
}

/* Of values[from] up to values[to], which are reordered. */
static double median_between(const double *values, size_t from, size_t to)
{
	auto_free double *copy = mem_zalloc((to - from + 1) * sizeof(*copy));

	memcpy(copy, values + from, (to - from) * sizeof(*copy));
	return percentile_median(copy, to - from);
}

static json_t *change_list(json_t *points)
{
	size_t total = json_array_size(points), count = 0, found;
	auto_free double *values = mem_zalloc((total + 1) * sizeof(*values));
	auto_free size_t *indices = mem_zalloc((total + 1) * sizeof(*indices));
	auto_free struct change *changes = NULL;
	json_t *list = json_array(), *last, *point;
	size_t i;

	last = json_object_get(json_array_get(points, total - 1), "environment");
	json_array_foreach(points, i, point) {
		if (!json_equal(json_object_get(point, "environment"), last))
			continue;
		indices[count] = i;
		values[count++] = json_number_value(json_object_get(point, "p50"));
	}
	found = change_points(values, count, CHANGE_MIN_SEGMENT, CHANGE_SEED, &changes);
	for (i = 0; i < found; i++) {
		size_t from = i ? changes[i - 1].at : 0, at = changes[i].at;
		size_t to = i + 1 < found ? changes[i + 1].at : count;

		json_array_append_new(list, json_pack("{s:I, s:f, s:f, s:f}", "at",
						      (json_int_t)indices[at], "p", changes[i].p,
						      "before", median_between(values, from, at),
						      "after", median_between(values, at, to)));
	}
	return list;
}

int metric_history_json(struct query *query, const struct metric *metric, const char *build,
			json_t **ret_value, struct err *err)
{
	auto_free int64_t *campaigns = NULL;
	auto_json json_t *points = json_array();
	size_t count = 0, first = 0;
	int r = query_campaigns_with(query, op_kind_name(metric->kind), metric->measure, &campaigns,
				     &count, err);

	if (count > METRIC_HISTORY_CAMPAIGNS_MAX)
		first = count - METRIC_HISTORY_CAMPAIGNS_MAX;
	for (size_t i = first; i < count && r == 0; i++)
		r = add_campaign(query, campaigns[i], metric, build, points, err);
	if (r < 0)
		return r;
	*ret_value = json_pack("{s:s, s:s, s:s, s:s, s:O, s:o}", "metric", metric->name, "title",
			       metric->title, "unit", metric->unit, "better",
			       metric->higher_is_better ? "higher" : "lower", "points", points,
			       "changes", change_list(points));
	return 0;
}

static json_t *change_at(json_t *changes, size_t at)
{
	json_t *change;
	size_t i;

	json_array_foreach(changes, i, change)
		if (field_integer(change, "at") == (int64_t)at)
			return change;
	return NULL;
}

/* "+12.3 % from here (p 0.005)" */
static char *change_cell(json_t *change)
{
	double before = json_number_value(json_object_get(change, "before"));
	double after = json_number_value(json_object_get(change, "after"));
	auto_free char *p = text_p(json_number_value(json_object_get(change, "p")));

	if (!change || !(before > 0))
		return mem_strdup("");
	return mem_printf("%+.1f %% from here on (p %s)", (after / before - 1) * 100, p);
}

static void add_value(struct table *table, json_t *history, json_t *point, const char *key)
{
	json_t *value = json_object_get(point, key);

	table_add(table, json_is_number(value) ? comparison_value(json_number_value(value),
								  field_text(history, "unit"))
					       : NULL);
}

void metric_history_print(json_t *history, FILE *out)
{
	static const struct table_column columns[] = {
		{ "CAMPAIGN", true }, { "BEGAN", false }, { "BUILD", false },  { "COUNT", true },
		{ "P50", true },      { "P95", true },	  { "CHANGE", false },
	};
	json_t *points = json_object_get(history, "points"), *point;
	auto_free char *metric = text_printable(field_text(history, "metric"));
	auto_free char *title = text_printable(field_text(history, "title"));
	struct table *table;
	size_t i;

	if (!json_array_size(points)) {
		fprintf(out, "no campaign has samples of %s\n", metric);
		return;
	}
	fprintf(out, "%s: %s\n\n", metric, title);
	table = table_new(columns, ARRAY_SIZE(columns));
	json_array_foreach(points, i, point) {
		table_add(table, field_number(point, "campaign"));
		table_add(table, text_time(field_integer(point, "began_unix_ns")));
		table_add(table, field_copy(point, "build"));
		table_add(table, field_number(point, "count"));
		add_value(table, history, point, "p50");
		add_value(table, history, point, "p95");
		table_add(table, change_cell(change_at(json_object_get(history, "changes"), i)));
	}
	table_print(table, out);
	table_free(table);
}
