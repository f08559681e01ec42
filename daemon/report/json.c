// SPDX-License-Identifier: GPL-2.0-or-later
/* Rows of the store as JSON. */
#include "report/json.h"

#include "base/mem.h"
#include "report/percentile.h"
#include "report/text.h"

json_t *report_json_string(const char *s)
{
	json_t *json = s ? json_string(s) : json_null();

	if (!json) {
		auto_free char *printable = text_printable(s);

		json = json_string(printable);
	}
	return json;
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

static json_t *campaign_object(const struct query_campaign *c)
{
	return json_pack("{s:I, s:o, s:o, s:o, s:o, s:I, s:I, s:o, s:o, s:o, s:I, s:I, s:I, s:I}",
			 "id", (json_int_t)c->id, "name", report_json_string(c->name), "seed",
			 report_json_string(c->seed), "accel", report_json_string(c->accel),
			 "machine", report_json_string(c->machine), "vms", (json_int_t)c->vms,
			 "began_unix_ns", (json_int_t)c->began_unix_ns, "ended_unix_ns",
			 integer_or_null(c->ended_unix_ns, 0), "end", report_json_string(c->end),
			 "exit_code", integer_or_null(c->exit_code, -1), "loops",
			 (json_int_t)c->loops, "operations", (json_int_t)c->operations, "failures",
			 (json_int_t)c->failures, "expected", (json_int_t)c->expected);
}

static json_t *timing_object(const struct query_timing *t)
{
	return json_pack("{s:o, s:o, s:I, s:I, s:I, s:o, s:o, s:o, s:o}", "build",
			 report_json_string(t->build), "kind", report_json_string(t->kind), "count",
			 (json_int_t)t->count + t->failed, "failed", (json_int_t)t->failed,
			 "interrupted", (json_int_t)t->interrupted, "p50_ns", percentile(t, 50),
			 "p95_ns", percentile(t, 95), "p99_ns", percentile(t, 99), "max_ns",
			 percentile(t, 100));
}

static json_t *signature_object(const struct query_signature *s)
{
	return json_pack("{s:o, s:o, s:o, s:I, s:I, s:I, s:o}", "build",
			 report_json_string(s->build), "class", report_json_string(s->class),
			 "signature", report_json_string(s->signature), "failures",
			 (json_int_t)s->count, "expected", (json_int_t)s->expected, "first_loops",
			 (json_int_t)s->first_loops, "incident", report_json_string(s->incident));
}

int report_json_campaign(struct query *query, int64_t campaign, json_t **ret_value, struct err *err)
{
	struct query_campaign c = { 0 };
	struct query_timings timings = { 0 };
	struct query_signatures signatures = { 0 };
	int r = query_campaign(query, campaign, &c, err);

	if (r == 0)
		r = query_timings(query, campaign, &timings, err);
	if (r == 0)
		r = query_signatures(query, campaign, &signatures, err);
	if (r == 0) {
		json_t *operations = json_array(), *failures = json_array();

		for (size_t i = 0; i < timings.count; i++)
			json_array_append_new(operations, timing_object(&timings.timings[i]));
		for (size_t i = 0; i < signatures.count; i++)
			json_array_append_new(failures,
					      signature_object(&signatures.signatures[i]));
		*ret_value = json_pack("{s:o, s:o, s:o}", "campaign", campaign_object(&c),
				       "operations", operations, "signatures", failures);
	}
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
