// SPDX-License-Identifier: GPL-2.0-or-later
/* Disjoint experiments of one campaign. */
#include "report/experiments.h"

#include <math.h>

#include "base/mem.h"
#include "report/comparison.h"
#include "report/json.h"
#include "report/judge.h"
#include "report/paired.h"

static json_t *experiment_object(const struct judged *m)
{
	return json_pack("{s:o, s:o, s:o, s:f, s:s}", "ratio",
			 report_json_real(exp(m->log_ratio.estimate)), "lower",
			 report_json_real(exp(m->log_ratio.lower)), "upper",
			 report_json_real(exp(m->log_ratio.upper)), "p", m->p, "verdict",
			 judge_verdict_name(m->verdict));
}

static json_t *metric_object(const struct paired *paired, size_t size, size_t count, double margin)
{
	json_int_t alarms = 0, verdicts[JUDGE_VERDICT_COUNT] = { 0 };
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++) {
		size_t from = paired_within(paired, i * size);
		struct judged m = {
			.differences = paired->differences + from,
			.count = paired_within(paired, (i + 1) * size) - from,
			.margin = margin,
			.higher_is_better = paired->metric->higher_is_better,
		};

		judge(&m, 1, COMPARISON_ALPHA);
		alarms += m.p < COMPARISON_ALPHA;
		verdicts[m.verdict]++;
		json_array_append_new(list, experiment_object(&m));
	}
	return json_pack("{s:s, s:I, s:I, s:I, s:I, s:o}", "metric", paired->metric->name, "alarms",
			 alarms, "slower", verdicts[JUDGE_SLOWER], "faster", verdicts[JUDGE_FASTER],
			 "same", verdicts[JUDGE_SAME], "list", list);
}

int experiments_json(struct query *query, const struct query_comparison *comparison,
		     const struct query_blocks *blocks, size_t size, json_t *value, struct err *err)
{
	size_t count = blocks->count / size;
	json_t *list = json_array();
	int r = 0;

	for (size_t i = 0; i < comparison->metric_count && r == 0; i++) {
		const struct metric *metric = metric_find(comparison->metrics[i].metric);
		struct paired paired;

		if (!metric)
			continue;
		r = paired_read(query, comparison, blocks, metric, &paired, err);
		if (r < 0)
			break;
		json_array_append_new(
			list, metric_object(&paired, size, count, comparison->metrics[i].margin));
		paired_finish(&paired);
	}
	json_object_set_new(value, "experiments",
			    json_pack("{s:I, s:I, s:o}", "blocks", (json_int_t)size, "count",
				      (json_int_t)count, "metrics", list));
	return r;
}
