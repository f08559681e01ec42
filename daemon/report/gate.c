// SPDX-License-Identifier: GPL-2.0-or-later
/* Judging a campaign by the rules of a release gate. */
#include "report/gate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/names.h"
#include "report/comparison.h"
#include "report/field.h"
#include "report/gate-judge.h"
#include "report/json.h"
#include "report/text.h"

static const char *const verdict_names[] = {
	[GATE_PASS] = "pass",
	[GATE_BROKEN] = "broken",
	[GATE_INCONCLUSIVE] = "inconclusive",
};
NAMES_COMPLETE(verdict_names, GATE_VERDICT_COUNT);

void judge_add(struct judge *judge, const char *rule, const char *subject,
	       enum gate_verdict verdict, struct judge_figures figures, char *sentence)
{
	judge->count[verdict]++;
	json_array_append_new(
		judge->judged,
		json_pack("{s:s, s:o, s:s, s:o, s:o, s:o, s:o, s:o}", "rule", rule, "subject",
			  report_json_string(subject), "verdict", verdict_names[verdict],
			  "sentence", report_json_string(sentence), "value",
			  report_json_real(figures.value), "lower", report_json_real(figures.lower),
			  "upper", report_json_real(figures.upper), "bound",
			  report_json_real(figures.bound)));
	free(sentence);
}

double judge_number(const json_t *object, const char *key)
{
	json_t *value = json_object_get(object, key);

	return json_is_number(value) ? json_number_value(value) : NAN;
}

int64_t judge_count(const json_t *object, const char *key)
{
	json_t *value = json_object_get(object, key);
	json_int_t count = json_is_integer(value) ? json_integer_value(value) : -1;

	return count > JUDGE_COUNT_MAX ? -1 : count;
}

char *judge_percent(double share)
{
	return mem_printf("%g %%", 100 * share);
}

json_t *judge_find(json_t *list, const char *key, const char *expected)
{
	json_t *one;
	size_t i;

	json_array_foreach(list, i, one)
		if (field_says(one, key, expected))
			return one;
	return NULL;
}

static void judge_end(struct judge *judge)
{
	const char *end = field_text(json_object_get(judge->report, "campaign"), "end");

	if (end && !strcmp(end, "complete"))
		return;
	if (end && judge->rules->any_end)
		return;
	judge_add(judge, "end", NULL, GATE_INCONCLUSIVE, JUDGE_NO_FIGURES,
		  end ? mem_printf("the campaign did not come to its end: %s", end)
		      : mem_strdup("the campaign has not ended"));
}

static void judge_environment(struct judge *judge)
{
	json_t *environment = json_object_get(judge->comparison, "environment");
	json_t *difference = json_array_get(json_object_get(environment, "differences"), 0);

	bool forced = json_is_true(json_object_get(environment, "forced"));

	if (forced ? judge->rules->any_environment : !comparison_refused(judge->comparison))
		return;
	judge_add(judge, "environment", NULL, GATE_INCONCLUSIVE, JUDGE_NO_FIGURES,
		  mem_printf("the two builds ran in different environments%s%s",
			     field_text(difference, "key") ? ": " : "",
			     field_text(difference, "key") ? field_text(difference, "key") : ""));
}

static void judge_blocks(struct judge *judge)
{
	int64_t used = judge_count(json_object_get(judge->comparison, "blocks"), "used");
	int64_t least = judge->rules->min_blocks;
	struct judge_figures figures = { (double)used, NAN, NAN, (double)least };

	if (!least)
		return;
	if (used < 0)
		judge_add(judge, "min-blocks", NULL, GATE_INCONCLUSIVE, JUDGE_NO_FIGURES,
			  mem_strdup("the campaign has no blocks: it compares no two builds"));
	else
		judge_add(judge, "min-blocks", NULL, used < least ? GATE_INCONCLUSIVE : GATE_PASS,
			  figures,
			  mem_printf("%lld blocks were compared, at least %lld are wanted",
				     (long long)used, (long long)least));
}

static char *describe(const struct judge *judge, enum gate_verdict verdict)
{
	long long all = (long long)json_array_size(judge->judged);
	long long broken = (long long)judge->count[GATE_BROKEN];
	long long inconclusive = (long long)judge->count[GATE_INCONCLUSIVE];

	if (verdict == GATE_PASS)
		return mem_printf("the gate is open: %lld of %lld rules hold", all, all);
	return mem_printf("the gate is shut: of %lld rules %lld broken, %lld inconclusive", all,
			  broken, inconclusive);
}

json_t *gate_judge(json_t *report, const struct gate_rules *rules)
{
	json_t *comparison = json_object_get(report, "comparison");
	json_t *campaign = json_object_get(report, "campaign");
	auto_json json_t *judged = json_array();
	struct judge judge = { .report = report, .rules = rules, .judged = judged };
	auto_free char *sentence = NULL;
	enum gate_verdict verdict;

	if (json_is_object(comparison)) {
		judge.comparison = comparison;
		judge.base = field_text(json_object_get(comparison, "a"), "build");
		judge.candidate = field_text(json_object_get(comparison, "b"), "build");
		/* A comparison that does not say of what is none. */
		if (!judge.base || !judge.candidate)
			judge.base = judge.candidate = NULL;
	}
	judge_end(&judge);
	judge_environment(&judge);
	judge_blocks(&judge);
	judge_failures(&judge);
	judge_worse(&judge);
	judge_slower(&judge);
	judge_need(&judge);
	verdict = judge.count[GATE_BROKEN]				      ? GATE_BROKEN
		  : judge.count[GATE_INCONCLUSIVE] || !judge.count[GATE_PASS] ? GATE_INCONCLUSIVE
									      : GATE_PASS;
	sentence = describe(&judge, verdict);
	return json_pack("{s:{s:o, s:o}, s:o, s:o, s:s, s:s, s:O}", "campaign", "id",
			 json_integer(field_integer(campaign, "id")), "name",
			 report_json_string(field_text(campaign, "name")), "candidate",
			 report_json_string(judge.candidate), "rules_file",
			 report_json_string(rules->name), "verdict", verdict_names[verdict],
			 "sentence", sentence, "rules", judged);
}

enum gate_verdict gate_verdict(json_t *value)
{
	const char *name = field_text(value, "verdict");
	int verdict = name ? names_find(verdict_names, GATE_VERDICT_COUNT, name) : -1;

	return verdict < 0 ? GATE_INCONCLUSIVE : (enum gate_verdict)verdict;
}

void gate_print(json_t *value, FILE *out)
{
	auto_free char *sentence = text_printable(field_text(value, "sentence"));
	json_t *rule;
	size_t i;

	json_array_foreach(json_object_get(value, "rules"), i, rule) {
		auto_free char *verdict = text_printable(field_text(rule, "verdict"));
		auto_free char *said = text_printable(field_text(rule, "sentence"));

		fprintf(out, "%-12s  %s\n", verdict, said);
	}
	fprintf(out, "\n%s\n", sentence);
}
