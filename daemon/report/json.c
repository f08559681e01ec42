// SPDX-License-Identifier: GPL-2.0-or-later
/* Rows of the store as JSON. */
#include "report/json.h"

#include <errno.h>
#include <math.h>

#include "base/mem.h"
#include "report/comparison.h"
#include "report/percentile.h"
#include "report/proportion.h"
#include "report/text.h"
#include "report/verdict.h"

/* Of what was left out (builds times operations of a profile are fewer), and of gaps: the first. */
#define SHORT_LIST_MAX 1024

json_t *report_json_string(const char *s)
{
	json_t *json = s ? json_string(s) : json_null();

	if (!json) {
		auto_free char *printable = text_printable(s);

		json = json_string(printable);
	}
	return json;
}

json_t *report_json_real(double value)
{
	return isfinite(value) ? json_real(value) : json_null();
}

/* An array or object that the store has written as JSON; what it cannot write so (no UTF-8) is empty. */
static json_t *json_of(const char *text)
{
	json_t *json = text ? json_loads(text, 0, NULL) : NULL;

	if (json)
		return json;
	return text && *text == '{' ? json_object() : json_array();
}

static json_t *keys_of(json_t *object)
{
	json_t *keys = json_array(), *value;
	const char *key;

	json_object_foreach(object, key, value) {
		(void)value;
		json_array_append_new(keys, json_string(key));
	}
	return keys;
}

static json_t *integer_or_null(int64_t value, int64_t none)
{
	return value == none ? json_null() : json_integer(value);
}

static json_t *percentile(const struct query_timing *t, double p)
{
	return t->count ? json_integer(percentile_nearest_rank(t->duration_ns, t->count, p))
			: json_null();
}

json_t *report_json_campaign_object(const struct query_campaign *c)
{
	return json_pack(
		"{s:I, s:o, s:o, s:o, s:o, s:I, s:I, s:o, s:o, s:o, s:I, s:I, s:I, s:I, s:I}", "id",
		(json_int_t)c->id, "name", report_json_string(c->name), "seed",
		report_json_string(c->seed), "accel", report_json_string(c->accel), "machine",
		report_json_string(c->machine), "vms", (json_int_t)c->vms, "began_unix_ns",
		(json_int_t)c->began_unix_ns, "ended_unix_ns", integer_or_null(c->ended_unix_ns, 0),
		"end", report_json_string(c->end), "exit_code", integer_or_null(c->exit_code, -1),
		"loops", (json_int_t)c->loops, "operations", (json_int_t)c->operations, "failures",
		(json_int_t)c->failures, "expected", (json_int_t)c->expected, "gap_ns",
		(json_int_t)c->gap_ns);
}

static json_t *timing_object(const struct query_timing *t)
{
	int64_t count = (int64_t)t->count + t->failed;
	struct proportion_interval rate = proportion_bounds(t->failed, count, VERDICT_CONFIDENCE);

	return json_pack("{s:o, s:o, s:I, s:I, s:I, s:f, s:f, s:o, s:o, s:o, s:o}", "build",
			 report_json_string(t->build), "kind", report_json_string(t->kind), "count",
			 (json_int_t)count, "failed", (json_int_t)t->failed, "interrupted",
			 (json_int_t)t->interrupted, "rate_lower", rate.lower, "rate_upper",
			 rate.upper, "p50_ns", percentile(t, 50), "p95_ns", percentile(t, 95),
			 "p99_ns", percentile(t, 99), "max_ns", percentile(t, 100));
}

static json_t *signature_object(const struct query_signature *s, const struct query_vms *vms)
{
	auto_json json_t *alternatives = json_of(s->alternatives);

	return json_pack(
		"{s:o, s:o, s:o, s:I, s:I, s:I, s:o, s:o, s:I, s:I, s:o, s:o, s:O}", "build",
		report_json_string(s->build), "class", report_json_string(s->class), "signature",
		report_json_string(s->signature), "failures", (json_int_t)s->count, "expected",
		(json_int_t)s->expected, "first_loops", (json_int_t)s->first_loops,
		"loops_to_failure", verdict_median(vms, s->build, s->class, s->signature),
		"incident", report_json_string(s->incident), "first_seen_unix_ns",
		(json_int_t)s->first_seen_unix_ns, "last_seen_unix_ns",
		(json_int_t)s->last_seen_unix_ns, "versions", json_of(s->versions), "alternatives",
		keys_of(alternatives), "alternative_failures", alternatives);
}

static double real_percentile(const struct query_measure *m, double p)
{
	return m->values[percentile_rank(m->count, p)];
}

static json_t *measure_object(const struct query_measure *m)
{
	return json_pack("{s:o, s:o, s:o, s:I, s:f, s:f, s:f, s:f}", "kind",
			 report_json_string(m->kind), "measure", report_json_string(m->name),
			 "build", report_json_string(m->build), "count", (json_int_t)m->count,
			 "p50", real_percentile(m, 50), "p95", real_percentile(m, 95), "p99",
			 real_percentile(m, 99), "max", real_percentile(m, 100));
}

static int measure_list(struct query *query, int64_t campaign, json_t **ret_list, struct err *err)
{
	struct query_measures measures = { 0 };
	int r = query_measures(query, campaign, &measures, err);

	if (r < 0)
		return r;
	*ret_list = json_array();
	for (size_t i = 0; i < measures.count; i++)
		json_array_append_new(*ret_list, measure_object(&measures.measures[i]));
	query_measures_finish(&measures);
	return 0;
}

/* A page is enough. */
static int short_list(struct query *query, enum query_list list, int64_t campaign,
		      json_t **ret_list, struct err *err)
{
	auto_json json_t *value = NULL;
	int r = report_json_list(query, list, campaign, 0, SHORT_LIST_MAX, &value, err);

	if (r == 0)
		*ret_list = json_incref(json_object_get(value, query_list_name(list)));
	return r;
}

static json_t *timing_list(const struct query_timings *timings)
{
	json_t *list = json_array();

	for (size_t i = 0; i < timings->count; i++)
		json_array_append_new(list, timing_object(&timings->timings[i]));
	return list;
}

static json_t *signature_list(const struct query_signatures *signatures,
			      const struct query_vms *vms)
{
	json_t *list = json_array();

	for (size_t i = 0; i < signatures->count; i++)
		json_array_append_new(list, signature_object(&signatures->signatures[i], vms));
	return list;
}

/* As the profile has it; null of a campaign that compares nothing. */
static int comparison_or_null(struct query *query, int64_t campaign, bool force, json_t **ret_value,
			      struct err *err)
{
	struct comparison_options options = { .force = force };
	int r = comparison_json(query, campaign, &options, ret_value, err);

	if (r != -ENOENT)
		return r;
	*ret_value = json_null();
	return 0;
}

static void add_unseen(void *ctx, const char *uri, int64_t runs)
{
	json_array_append_new(ctx, json_pack("{s:o, s:I}", "uri", report_json_string(uri), "runs",
					     (json_int_t)runs));
}

int report_json_campaign(struct query *query, int64_t campaign, bool force, json_t **ret_value,
			 struct err *err)
{
	struct query_campaign c = { 0 };
	struct query_timings timings = { 0 };
	struct query_signatures signatures = { 0 };
	struct query_vms vms = { 0 };
	auto_json json_t *measures = NULL, *left_out = NULL, *unseen = json_array(), *gaps = NULL;
	auto_json json_t *comparison = NULL, *selfcheck = NULL;
	int r = query_campaign(query, campaign, &c, err);

	if (r == 0)
		r = query_timings(query, campaign, &timings, err);
	if (r == 0)
		r = query_signatures(query, campaign, &signatures, err);
	if (r == 0)
		r = query_vms(query, campaign, &vms, err);
	if (r == 0)
		r = measure_list(query, campaign, &measures, err);
	if (r == 0)
		r = short_list(query, QUERY_LEFT_OUT, campaign, &left_out, err);
	if (r == 0)
		r = query_unseen(query, campaign, add_unseen, unseen, err);
	if (r == 0)
		r = short_list(query, QUERY_GAPS, campaign, &gaps, err);
	if (r == 0)
		r = comparison_or_null(query, campaign, force, &comparison, err);
	if (r == 0)
		r = comparison_selfcheck(query, campaign, &selfcheck, err);
	if (r == 0)
		*ret_value = json_pack(
			"{s:o, s:o, s:o, s:o, s:o, s:O, s:O, s:O, s:O, s:O, s:O}", "campaign",
			report_json_campaign_object(&c), "operations", timing_list(&timings),
			"signatures", signature_list(&signatures, &vms), "builds",
			verdict_builds(&vms), "differences", verdict_differences(&vms), "measures",
			measures, "left_out", left_out, "unseen_guests", unseen, "gaps", gaps,
			"comparison", comparison, "selfcheck", selfcheck);
	query_vms_finish(&vms);
	query_signatures_finish(&signatures);
	query_timings_finish(&timings);
	query_campaign_finish(&c);
	return r;
}

static json_t *value_json(const struct query_value *value)
{
	json_t *json;

	switch (value->type) {
	case QUERY_INTEGER:
		return json_integer(value->integer);
	case QUERY_REAL:
		json = json_real(value->real);
		return json ? json : json_null(); /* JSON has no infinity */
	case QUERY_TEXT:
		return report_json_string(value->text);
	case QUERY_JSON:
		return json_of(value->text);
	case QUERY_NULL:
		break;
	}
	return json_null();
}

int report_json_list(struct query *query, enum query_list list, int64_t campaign, int64_t after,
		     int64_t limit, json_t **ret_value, struct err *err)
{
	struct query_campaign c = { 0 };
	struct query_rows rows;
	json_t *array;
	int r = 0;

	/* So that a campaign that is not there is told from one without rows. */
	if (campaign && !after)
		r = query_campaign(query, campaign, &c, err);
	query_campaign_finish(&c);
	if (r == 0)
		r = query_rows(query, list, campaign, after, limit, &rows, err);
	if (r < 0)
		return r;
	array = json_array();
	for (size_t i = 0; i < rows.count; i++) {
		json_t *object = json_object();

		for (size_t j = 0; j < rows.columns; j++)
			json_object_set_new(object, rows.names[j],
					    value_json(&rows.values[i * rows.columns + j]));
		json_array_append_new(array, object);
	}
	*ret_value = json_pack("{s:o, s:o}", query_list_name(list), array, "next",
			       integer_or_null(rows.next, 0));
	query_rows_finish(&rows);
	return 0;
}
