// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: the primary metrics' differences are read first, since they say which look it is, and so
 * how many blocks count. Then each metric's samples are read, one after the other, since all of them may not
 * fit into memory together.
 */
#include "report/comparison.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "report/comparison-text.h"
#include "report/environment.h"
#include "report/experiments.h"
#include "report/json.h"
#include "report/judge.h"
#include "report/paired.h"
#include "report/percentile.h"
#include "report/power.h"
#include "report/spend.h"
#include "report/verdict.h"

#define BOOTSTRAP_SEED 1

/* Where no metric is asked for. */
#define MARGIN_OF_NONE 0.05

struct comparison {
	struct query *query;
	struct query_campaign campaign;
	struct query_comparison c;
	struct query_blocks blocks;
	size_t look;  /* from 1; 0: none is reached yet */
	size_t used;  /* blocks that count */
	double alpha; /* of this look */
	json_t *list; /* of metrics */
	struct judged judged[METRIC_COUNT];
	double *differences[METRIC_COUNT];
	double margins[METRIC_COUNT]; /* of the primary ones; 0: it is none */
	double other_margin;
};

static int swap_builds(struct query_comparison *c, const struct comparison_options *options,
		       struct err *err)
{
	struct query_comparison was = *c;

	if (!options->a || (!strcmp(options->a, c->a) && !strcmp(options->b, c->b)))
		return 0;
	if (strcmp(options->a, c->b) || strcmp(options->b, c->a))
		return err_set(err, -EINVAL, "campaign %lld compares %s and %s, and not %s and %s",
			       (long long)c->campaign, c->a, c->b, options->a, options->b);
	c->a_id = was.b_id;
	c->b_id = was.a_id;
	c->a = was.b;
	c->b = was.a;
	c->a_version = was.b_version;
	c->b_version = was.a_version;
	return 0;
}

/* A metric that a newer qsoak has stored is none of ours. What nobody asked for has the margin of what
 * somebody did. */
static void read_margins(struct comparison *comparison)
{
	for (size_t i = 0; i < comparison->c.metric_count; i++) {
		const struct query_primary *primary = &comparison->c.metrics[i];
		const struct metric *metric = metric_find(primary->metric);

		if (!metric || !(primary->margin > 0 && isfinite(primary->margin)))
			continue;
		comparison->margins[metric - metrics] = primary->margin;
		if (!comparison->other_margin)
			comparison->other_margin = primary->margin;
	}
	if (!comparison->other_margin)
		comparison->other_margin = MARGIN_OF_NONE;
}

static struct judged to_judge(const struct comparison *comparison, size_t metric,
			      const double *differences, size_t count)
{
	double margin = comparison->margins[metric];

	return (struct judged){
		.differences = differences,
		.count = count,
		.margin = margin ? margin : comparison->other_margin,
		.higher_is_better = metrics[metric].higher_is_better,
	};
}

/* The first look that decides, or the last that is reached. */
static void choose_look(struct comparison *comparison, const struct paired *primaries,
			const size_t *indices, size_t count)
{
	const struct query_comparison *c = &comparison->c;
	auto_free struct judged *judged = mem_zalloc((count + 1) * sizeof(*judged));

	comparison->used = comparison->blocks.count;
	comparison->alpha = spend_level(COMPARISON_ALPHA, c->looks, c->look_count, 0);
	for (size_t k = 0; k < c->look_count && c->looks[k] <= comparison->blocks.count; k++) {
		comparison->look = k + 1;
		comparison->used = c->looks[k];
		comparison->alpha = spend_level(COMPARISON_ALPHA, c->looks, c->look_count, k);
		for (size_t i = 0; i < count; i++)
			judged[i] = to_judge(comparison, indices[i], primaries[i].differences,
					     paired_within(&primaries[i], c->looks[k]));
		judge(judged, count, comparison->alpha);
		if (judge_whole(judged, count) != JUDGE_UNCLEAR)
			return;
	}
}

static int find_look(struct comparison *comparison, struct err *err)
{
	struct paired primaries[METRIC_COUNT] = { 0 };
	size_t indices[METRIC_COUNT], count = 0;
	int r = 0;

	for (size_t i = 0; i < METRIC_COUNT && r == 0; i++) {
		if (!comparison->margins[i])
			continue;
		r = paired_read(comparison->query, &comparison->c, &comparison->blocks, &metrics[i],
				&primaries[count], err);
		query_samples_finish(&primaries[count].samples);
		indices[count++] = i;
	}
	if (r == 0)
		choose_look(comparison, primaries, indices, count);
	for (size_t i = 0; i < count; i++)
		paired_finish(&primaries[i]);
	return r;
}

/* All samples of a build in these blocks; the caller frees. */
static double *pool(const struct bootstrap_block *blocks, size_t count, bool b, size_t *ret_size)
{
	double *pooled;
	size_t size = 0;

	for (size_t i = 0; i < count; i++)
		size += b ? blocks[i].count_b : blocks[i].count_a;
	pooled = mem_zalloc((size + 1) * sizeof(*pooled));
	size = 0;
	for (size_t i = 0; i < count; i++) {
		const double *from = b ? blocks[i].b : blocks[i].a;
		size_t more = b ? blocks[i].count_b : blocks[i].count_a;

		memcpy(pooled + size, from, more * sizeof(*pooled));
		size += more;
	}
	*ret_size = size;
	return pooled;
}

static json_t *side_object(const struct bootstrap_block *blocks, size_t count, bool b, double p95,
			   double p99)
{
	size_t size;
	auto_free double *pooled = pool(blocks, count, b, &size);

	return json_pack("{s:I, s:o, s:o, s:o}", "samples", (json_int_t)size, "p50",
			 size ? report_json_real(percentile_select(pooled, size, 50)) : json_null(),
			 "p95", report_json_real(p95), "p99", report_json_real(p99));
}

/* Of fewer samples than it takes to have one beyond the percentile it is the ratio of maxima. */
static json_t *ratio_object(const struct bootstrap_ratio *found, size_t samples, double percentile)
{
	const struct bootstrap_ratio none = { NAN, NAN, NAN, NAN, NAN };
	const struct bootstrap_ratio *ratio =
		(double)samples * (100 - percentile) >= 100 ? found : &none;

	return json_pack("{s:o, s:o, s:o}", "ratio", report_json_real(ratio->ratio), "lower",
			 report_json_real(ratio->lower), "upper", report_json_real(ratio->upper));
}

/* Of the build that has fewer. */
static size_t fewer_samples(const struct bootstrap_block *blocks, size_t count)
{
	size_t a = 0, b = 0;

	for (size_t i = 0; i < count; i++) {
		a += blocks[i].count_a;
		b += blocks[i].count_b;
	}
	return a < b ? a : b;
}

/* Of many it would be more than an answer has room for. */
static json_t *difference_list(const double *differences, size_t count)
{
	json_t *list = json_array();

	for (size_t i = 0; i < count && count <= COMPARISON_DIFFERENCES_MAX; i++)
		json_array_append_new(list, json_real(differences[i]));
	return list;
}

/* What needs the samples; what the judge says of it comes later. */
static json_t *metric_object(const struct comparison *comparison, const struct paired *paired,
			     size_t count)
{
	const struct metric *m = paired->metric;
	double confidence = 1 - comparison->alpha;
	struct bootstrap_ratio p95 =
		bootstrap_ratio(paired->blocks, count, 95, confidence, BOOTSTRAP_SEED);
	struct bootstrap_ratio p99 =
		bootstrap_ratio(paired->blocks, count, 99, confidence, BOOTSTRAP_SEED);
	bool primary = comparison->margins[m - metrics] > 0;
	size_t samples = fewer_samples(paired->blocks, count);

	return json_pack("{s:s, s:s, s:s, s:s, s:b, s:I, s:o, s:o, s:o, s:o, s:o}", "metric",
			 m->name, "title", m->title, "unit", m->unit, "better",
			 m->higher_is_better ? "higher" : "lower", "primary", (int)primary,
			 "blocks", (json_int_t)count, "a",
			 side_object(paired->blocks, count, false, p95.a, p99.a), "b",
			 side_object(paired->blocks, count, true, p95.b, p99.b), "p95",
			 ratio_object(&p95, samples, 95), "p99", ratio_object(&p99, samples, 99),
			 "differences", difference_list(paired->differences, count));
}

static int read_metric(struct comparison *comparison, size_t index, struct err *err)
{
	struct paired paired;
	size_t count, at = json_array_size(comparison->list);
	int r = paired_read(comparison->query, &comparison->c, &comparison->blocks, &metrics[index],
			    &paired, err);

	if (r < 0)
		return r;
	count = paired_within(&paired, comparison->used);
	if (count || comparison->margins[index]) {
		json_array_append_new(comparison->list, metric_object(comparison, &paired, count));
		comparison->differences[at] = mem_steal(paired.differences);
		comparison->judged[at] =
			to_judge(comparison, index, comparison->differences[at], count);
	}
	paired_finish(&paired);
	return 0;
}

/* A file may say one twice. */
static bool is_repeated(const struct query_comparison *c, size_t position)
{
	for (size_t i = 0; i < position; i++)
		if (!strcmp(c->metrics[i].metric, c->metrics[position].metric))
			return true;
	return false;
}

/* The primary ones first, as they were asked for. */
static int read_metrics(struct comparison *comparison, struct err *err, size_t *ret_primaries)
{
	int r = 0;

	for (size_t i = 0; i < comparison->c.metric_count && r == 0; i++) {
		const struct metric *m = metric_find(comparison->c.metrics[i].metric);

		if (m && comparison->margins[m - metrics] && !is_repeated(&comparison->c, i))
			r = read_metric(comparison, (size_t)(m - metrics), err);
	}
	*ret_primaries = json_array_size(comparison->list);
	for (size_t i = 0; i < METRIC_COUNT && r == 0; i++)
		if (!comparison->margins[i])
			r = read_metric(comparison, i, err);
	return r;
}

static void add_judgement(json_t *metric, const struct judged *m, bool reached)
{
	enum judge_verdict verdict = reached ? m->verdict : JUDGE_UNCLEAR;
	bool never = m->more_blocks == POWER_NEVER;

	json_object_set_new(metric, "margin", json_real(m->margin));
	json_object_set_new(metric, "verdict", json_string(judge_verdict_name(verdict)));
	json_object_set_new(metric, "ratio", report_json_real(exp(m->log_ratio.estimate)));
	json_object_set_new(
		metric, "lower",
		report_json_real(exp(m->log_ratio.lower) > 0 ? exp(m->log_ratio.lower) : NAN));
	json_object_set_new(metric, "upper", report_json_real(exp(m->log_ratio.upper)));
	json_object_set_new(metric, "p", m->count ? json_real(m->p) : json_null());
	json_object_set_new(metric, "adjusted_p",
			    m->count ? json_real(m->adjusted_p) : json_null());
	json_object_set_new(metric, "detectable", report_json_real(expm1(m->detectable)));
	json_object_set_new(metric, "more_blocks",
			    verdict == JUDGE_UNCLEAR && !never && m->more_blocks
				    ? json_integer((json_int_t)m->more_blocks)
				    : json_null());
}

static json_t *look_list(const struct query_comparison *c)
{
	json_t *list = json_array();

	for (size_t i = 0; i < c->look_count; i++)
		json_array_append_new(list, json_integer((json_int_t)c->looks[i]));
	return list;
}

static json_t *blocks_object(const struct comparison *comparison)
{
	const struct query_comparison *c = &comparison->c;

	return json_pack("{s:I, s:I, s:I, s:I, s:o, s:o}", "complete",
			 (json_int_t)comparison->blocks.count, "used", (json_int_t)comparison->used,
			 "planned", (json_int_t)c->looks[c->look_count - 1], "warm_up_loops",
			 (json_int_t)c->warm_up, "looks", look_list(c), "look",
			 comparison->look ? json_integer((json_int_t)comparison->look)
					  : json_null());
}

static json_t *build_object(const char *name, const char *version)
{
	return json_pack("{s:o, s:o}", "build", report_json_string(name), "version",
			 report_json_string(version));
}

static int compare(struct comparison *comparison, json_t *value, struct err *err)
{
	enum judge_verdict verdict = JUDGE_UNCLEAR;
	size_t primaries = 0, count;
	int r = find_look(comparison, err);

	if (r == 0)
		r = read_metrics(comparison, err, &primaries);
	if (r < 0)
		return r;
	count = json_array_size(comparison->list);
	judge(comparison->judged, primaries, comparison->alpha);
	judge(comparison->judged + primaries, count - primaries, comparison->alpha);
	for (size_t i = 0; i < count; i++)
		add_judgement(json_array_get(comparison->list, i), &comparison->judged[i],
			      comparison->look > 0);
	if (comparison->look)
		verdict = judge_whole(comparison->judged, primaries);
	json_object_set_new(value, "verdict", json_string(judge_verdict_name(verdict)));
	return 0;
}

static int fill(struct comparison *comparison, const struct comparison_options *options,
		json_t **ret_value, struct err *err)
{
	struct query_vms vms = { 0 };
	auto_json json_t *environment = NULL, *value = NULL;
	auto_free char *serious = NULL;
	int r = query_vms(comparison->query, comparison->c.campaign, &vms, err);

	if (r == 0)
		r = environment_json(comparison->query, &comparison->c, &environment, err);
	serious = environment_serious(environment);
	if (r == 0) {
		json_object_set_new(environment, "forced", json_boolean(serious && options->force));
		value = json_pack("{s:o, s:o, s:o, s:O, s:o, s:O, s:s}", "campaign",
				  report_json_campaign_object(&comparison->campaign), "a",
				  build_object(comparison->c.a, comparison->c.a_version), "b",
				  build_object(comparison->c.b, comparison->c.b_version),
				  "environment", environment, "failures", verdict_differences(&vms),
				  "metrics", comparison->list, "verdict", "unclear");
		comparison->used = comparison->blocks.count;
		if (!serious || options->force)
			r = compare(comparison, value, err);
		json_object_set_new(value, "blocks", blocks_object(comparison));
		json_object_set_new(value, "confidence", report_json_real(1 - comparison->alpha));
		json_object_set_new(value, "alpha", report_json_real(comparison->alpha));
	}
	if (r == 0 && options->experiments && (!serious || options->force))
		r = experiments_json(comparison->query, &comparison->c, &comparison->blocks,
				     options->experiments, value, err);
	if (r == 0) {
		char *sentence = comparison_sentence(value);

		json_object_set_new(value, "sentence", report_json_string(sentence));
		free(sentence);
		*ret_value = json_incref(value);
	}
	query_vms_finish(&vms);
	return r;
}

int comparison_json(struct query *query, int64_t campaign, const struct comparison_options *options,
		    json_t **ret_value, struct err *err)
{
	struct comparison comparison = { .query = query, .list = json_array(), .alpha = NAN };
	int r = query_campaign(query, campaign, &comparison.campaign, err);

	if (r == 0)
		r = query_comparison(query, campaign, &comparison.c, err);
	if (r == 0)
		r = swap_builds(&comparison.c, options, err);
	if (r == 0)
		r = query_blocks(query, &comparison.c, &comparison.blocks, err);
	read_margins(&comparison);
	if (r == 0)
		r = fill(&comparison, options, ret_value, err);
	for (size_t i = 0; i < METRIC_COUNT; i++)
		free(comparison.differences[i]);
	json_decref(comparison.list);
	query_blocks_finish(&comparison.blocks);
	query_comparison_finish(&comparison.c);
	query_campaign_finish(&comparison.campaign);
	return r;
}

bool comparison_refused(json_t *comparison)
{
	json_t *environment = json_object_get(comparison, "environment");
	auto_free char *serious = environment_serious(environment);

	return serious && !json_is_true(json_object_get(environment, "forced"));
}

/* Of all primary metrics: how many alarms, and what the least sensitive one could have found. */
static json_t *selfcheck_object(json_t *comparison)
{
	json_t *campaign = json_object_get(comparison, "campaign"), *m;
	json_int_t count = 0, alarms = 0;
	double detectable = 0;
	char *sentence;
	json_t *value;
	size_t i;

	json_array_foreach(json_object_get(comparison, "metrics"), i, m) {
		json_t *p = json_object_get(m, "p"), *found = json_object_get(m, "detectable");

		if (!json_is_true(json_object_get(m, "primary")) || !json_is_number(p))
			continue;
		count++;
		alarms += json_number_value(p) < COMPARISON_ALPHA;
		/* Null: so few blocks find nothing at all. */
		detectable = fmax(detectable,
				  json_is_number(found) ? json_number_value(found) : INFINITY);
	}
	value = json_pack(
		"{s:O?, s:O?, s:O?, s:I, s:I, s:o}", "campaign", json_object_get(campaign, "id"),
		"began_unix_ns", json_object_get(campaign, "began_unix_ns"), "blocks",
		json_object_get(json_object_get(comparison, "blocks"), "used"), "metrics", count,
		"alarms", alarms, "detectable", report_json_real(count ? detectable : NAN));
	sentence = comparison_selfcheck_sentence(value);
	json_object_set_new(value, "sentence", report_json_string(sentence));
	free(sentence);
	return value;
}

int comparison_selfcheck(struct query *query, int64_t campaign, json_t **ret_value, struct err *err)
{
	struct comparison_options options = { .force = true };
	auto_json json_t *comparison = NULL;
	int64_t last = 0;
	int r = query_last_complete(query, COMPARISON_SELFCHECK, campaign, &last, err);

	if (r < 0)
		return r;
	*ret_value = NULL;
	if (last)
		r = comparison_json(query, last, &options, &comparison, err);
	/* Somebody's own profile of that name may compare nothing. */
	if (r == 0 && comparison)
		*ret_value = selfcheck_object(comparison);
	else if (r == 0 || r == -ENOENT)
		*ret_value = json_null();
	return *ret_value ? 0 : r;
}
