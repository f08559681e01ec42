// SPDX-License-Identifier: GPL-2.0-or-later
/* The rules of a gate about metrics: none slower than its margin, none unclear that is needed. */
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "report/field.h"
#include "report/gate-judge.h"

static json_t *find_metric(const struct judge *judge, const char *name)
{
	return judge_find(json_object_get(judge->comparison, "metrics"), "metric", name);
}

/* "-1.0 % to 2.1 %" of ratios. */
static char *text_interval(double lower, double upper)
{
	return mem_printf("%.1f %% to %.1f %%", 100 * (lower - 1), 100 * (upper - 1));
}

/* "; 25 more blocks would decide", where that was found for the same margin. */
static char *more_blocks(json_t *metric)
{
	int64_t more = judge_count(metric, "more_blocks");

	return more > 0 ? mem_printf("; about %lld more blocks would decide", (long long)more)
			: mem_strdup("");
}

static void judge_margin(struct judge *judge, json_t *metric, const char *name, double margin)
{
	bool higher = field_says(metric, "better", "higher");
	double lower = judge_number(metric, higher ? "upper" : "lower");
	double upper = judge_number(metric, higher ? "lower" : "upper");
	double value = judge_number(metric, "ratio"), own = judge_number(metric, "margin");
	bool known = lower > 0 && upper > 0;
	struct judge_figures figures = { value, lower, upper, 1 + margin };
	auto_free char *interval = NULL, *limit = judge_percent(margin), *more = NULL;
	const char *how = field_says(metric, "unit", "ns") ? "slower" : "worse";
	enum gate_verdict verdict;

	if (higher)
		figures = (struct judge_figures){ 1 / value, 1 / lower, 1 / upper, 1 + margin };
	if (!known || !(figures.lower <= figures.upper)) {
		judge_add(judge, "slower", name, GATE_INCONCLUSIVE, JUDGE_NO_FIGURES,
			  mem_printf("%s: there is too little to tell by how much %s is %s", name,
				     judge->candidate, how));
		return;
	}
	verdict = figures.upper < figures.bound	  ? GATE_PASS
		  : figures.lower > figures.bound ? GATE_BROKEN
						  : GATE_INCONCLUSIVE;
	interval = text_interval(figures.lower, figures.upper);
	more = verdict == GATE_INCONCLUSIVE && fabs(own - margin) < 1e-9 ? more_blocks(metric)
									 : mem_strdup("");
	judge_add(judge, "slower", name, verdict, figures,
		  mem_printf("%s: %s is %s by %s (%lld blocks), %s the margin of %s%s", name,
			     judge->candidate, how, interval,
			     (long long)field_integer(metric, "blocks"),
			     verdict == GATE_PASS     ? "within"
			     : verdict == GATE_BROKEN ? "beyond"
						      : "on both sides of",
			     limit, more));
}

static const struct gate_margin *find_margin(const struct gate_rules *rules, const char *name)
{
	for (size_t i = 0; i < rules->slower.metric_count; i++)
		if (!strcmp(rules->slower.metrics[i].metric, name))
			return &rules->slower.metrics[i];
	return NULL;
}

/* Of a metric without one of its own in the rules. */
static double usual_margin(const struct gate_rules *rules, json_t *metric)
{
	double margin = judge_number(metric, "margin");

	if (rules->slower.margin >= 0)
		return rules->slower.margin;
	return margin >= 0 && margin <= 1 ? margin : GATE_MARGIN;
}

/* Before the first look nothing is judged: whoever asks then has an interval that no look spends. */
static bool judge_look(struct judge *judge)
{
	json_t *blocks = json_object_get(judge->comparison, "blocks");
	json_t *first = json_array_get(json_object_get(blocks, "looks"), 0);

	if (!json_is_null(json_object_get(blocks, "look")) ||
	    !json_array_size(json_object_get(judge->comparison, "metrics")))
		return true;
	judge_add(judge, "slower", NULL, GATE_INCONCLUSIVE, JUDGE_NO_FIGURES,
		  mem_printf("%lld of the %lld blocks of the first look are complete",
			     (long long)field_integer(blocks, "complete"),
			     (long long)json_integer_value(first)));
	return false;
}

/* The primary metrics, and those that the rules name. */
void judge_slower(struct judge *judge)
{
	const struct gate_slower *slower = &judge->rules->slower;
	size_t i, any = slower->metric_count;
	json_t *metric;

	if (!slower->given || (!judge->rules->name && !judge->comparison) || !judge_look(judge))
		return;
	for (i = 0; judge->candidate && i < slower->metric_count; i++) {
		const char *name = slower->metrics[i].metric;

		metric = find_metric(judge, name);
		if (metric)
			judge_margin(judge, metric, name, slower->metrics[i].margin);
		else
			judge_add(judge, "slower", name, GATE_INCONCLUSIVE, JUDGE_NO_FIGURES,
				  mem_printf("%s was not measured", name));
	}
	json_array_foreach(json_object_get(judge->comparison, "metrics"), i, metric) {
		const char *name = field_text(metric, "metric");

		if (!judge->candidate || !name || find_margin(judge->rules, name) ||
		    !json_is_true(json_object_get(metric, "primary")))
			continue;
		any++;
		judge_margin(judge, metric, name, usual_margin(judge->rules, metric));
	}
	if (!judge->candidate)
		judge_add(judge, "slower", NULL, GATE_INCONCLUSIVE, JUDGE_NO_FIGURES,
			  mem_strdup("the campaign compares no two builds"));
	else if (!any)
		judge_add(judge, "slower", NULL, GATE_INCONCLUSIVE, JUDGE_NO_FIGURES,
			  mem_strdup("no metric was compared"));
}

void judge_need(struct judge *judge)
{
	for (char **name = judge->rules->need; name && *name; name++) {
		json_t *metric = find_metric(judge, *name);
		const char *verdict = field_text(metric, "verdict");
		auto_free char *more = more_blocks(metric);

		if (!metric)
			judge_add(judge, "need", *name, GATE_INCONCLUSIVE, JUDGE_NO_FIGURES,
				  mem_printf("%s was not %s", *name,
					     judge->candidate ? "measured" : "compared"));
		else if (!verdict || !strcmp(verdict, "unclear"))
			judge_add(judge, "need", *name, GATE_INCONCLUSIVE, JUDGE_NO_FIGURES,
				  mem_printf("%s is unclear after %lld blocks%s", *name,
					     (long long)field_integer(metric, "blocks"), more));
		else
			judge_add(judge, "need", *name, GATE_PASS, JUDGE_NO_FIGURES,
				  mem_printf("%s is decided: %s", *name, verdict));
	}
}
