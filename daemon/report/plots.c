// SPDX-License-Identifier: GPL-2.0-or-later
/* From samples to points. */
#include "report/plots.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "report/json.h"
#include "report/metric-history.h"
#include "report/percentile.h"
#include "report/samples.h"
#include "report/verdict.h"

/* In run order, evenly picked. Before the values are reordered. */
static json_t *strip_of(const struct samples_group *group)
{
	size_t count = group->count < PLOTS_STRIP_POINTS ? group->count : PLOTS_STRIP_POINTS;
	json_t *strip = json_array();

	for (size_t i = 0; i < count; i++) {
		size_t at = i * group->count / count;

		json_array_append_new(strip,
				      json_pack("[f, f]", group->times[at], group->values[at]));
	}
	return strip;
}

static json_t *metric_object(const struct metric *metric, const struct samples_group *group)
{
	size_t ranks[PLOTS_ECDF_POINTS] = { 0 };
	json_t *strip = strip_of(group), *ecdf = json_array();
	double *values = group->values;

	for (size_t i = 1; i < PLOTS_ECDF_POINTS; i++)
		ranks[i] = percentile_rank(group->count, (double)i);
	percentile_select_ranks(values, group->count, ranks, PLOTS_ECDF_POINTS);
	for (size_t i = 0; i < PLOTS_ECDF_POINTS; i++)
		json_array_append_new(ecdf, json_pack("[f, f]", values[ranks[i]], (double)i / 100));
	return json_pack("{s:s, s:s, s:s, s:s, s:o, s:I, s:f, s:f, s:f, s:f, s:f, s:o, s:o}",
			 "metric", metric->name, "title", metric->title, "unit", metric->unit,
			 "better", metric->higher_is_better ? "higher" : "lower", "build",
			 report_json_string(group->build), "count", (json_int_t)group->count, "min",
			 values[0], "p50", values[ranks[50]], "p95", values[ranks[95]], "p99",
			 values[ranks[99]], "max", values[ranks[100]], "ecdf", ecdf, "strip",
			 strip);
}

static int add_metric(struct query *query, const struct query_campaign *campaign,
		      const struct metric *metric, json_t *list, struct err *err)
{
	struct samples samples;
	int r = samples_read(query, campaign->id, campaign->began_unix_ns, metric, true, &samples,
			     err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < samples.count; i++)
		if (samples.groups[i].count)
			json_array_append_new(list, metric_object(metric, &samples.groups[i]));
	samples_finish(&samples);
	return 0;
}

/* The p50 of a metric of that build, out of the list; NaN: it has none. */
static double median_in(json_t *measured, const char *name, json_t *build)
{
	json_t *m;
	size_t i;

	json_array_foreach(measured, i, m)
		if (!strcmp(json_string_value(json_object_get(m, "metric")), name) &&
		    json_equal(json_object_get(m, "build"), build))
			return json_number_value(json_object_get(m, "p50"));
	return NAN;
}

/* Medians of parts do not quite add up to the median of the whole; what is left is not below 0. */
static json_t *migration_object(json_t *measured, json_t *total)
{
	json_t *build = json_object_get(total, "build");
	double setup = median_in(measured, "migrate.setup", build);
	double downtime = median_in(measured, "migrate.downtime", build);
	double blackout = median_in(measured, "migrate.blackout", build);
	double copy = json_number_value(json_object_get(total, "p50")) - setup - downtime;

	return json_pack("{s:O, s:O, s:o, s:o, s:o, s:o, s:o}", "build", build, "count",
			 json_object_get(total, "count"), "setup_ns", report_json_real(setup),
			 "copy_ns", report_json_real(isfinite(copy) ? fmax(copy, 0) : NAN),
			 "switchover_ns", report_json_real(downtime), "first_tick_ns",
			 report_json_real(isfinite(blackout - downtime)
						  ? fmax(blackout - downtime, 0)
						  : NAN),
			 "passes", report_json_real(median_in(measured, "migrate.passes", build)));
}

static json_t *migration_list(json_t *measured)
{
	json_t *list = json_array(), *m;
	size_t i;

	json_array_foreach(measured, i, m)
		if (!strcmp(json_string_value(json_object_get(m, "metric")), "migrate.total"))
			json_array_append_new(list, migration_object(measured, m));
	return list;
}

static bool has_metric(json_t *measured, const char *name)
{
	json_t *m;
	size_t i;

	json_array_foreach(measured, i, m)
		if (!strcmp(json_string_value(json_object_get(m, "metric")), name))
			return true;
	return false;
}

static int add_histories(struct query *query, json_t *measured, json_t *list, struct err *err)
{
	int r = 0;

	for (size_t i = 0; i < METRIC_COUNT && r == 0; i++) {
		json_t *history = NULL;

		if (!metrics[i].primary || !has_metric(measured, metrics[i].name))
			continue;
		r = metric_history_json(query, &metrics[i], NULL, &history, err);
		if (r == 0)
			json_array_append_new(list, history);
	}
	return r;
}

int plots_json(struct query *query, int64_t campaign, json_t **ret_value, struct err *err)
{
	struct query_campaign c = { 0 };
	struct query_vms vms = { 0 };
	auto_json json_t *list = json_array(), *histories = json_array();
	int r = query_campaign(query, campaign, &c, err);

	for (size_t i = 0; i < METRIC_COUNT && r == 0; i++)
		r = add_metric(query, &c, &metrics[i], list, err);
	if (r == 0)
		r = query_vms(query, campaign, &vms, err);
	if (r == 0)
		r = add_histories(query, list, histories, err);
	if (r == 0)
		*ret_value = json_pack("{s:O, s:o, s:o, s:O}", "metrics", list, "migrations",
				       migration_list(list), "survival", verdict_curves(&vms),
				       "history", histories);
	query_vms_finish(&vms);
	query_campaign_finish(&c);
	return r;
}
