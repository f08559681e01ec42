// SPDX-License-Identifier: GPL-2.0-or-later
/* Comparisons of stores whose blocks are known. */
#include "tests/unit/comparison-fixture.h"

#include <math.h>

#include "report/comparison-text.h"
#include "report/json.h"
#include "report/metric-history.h"
#include "report/plots.h"

static const unsigned look_6[] = { 6, 0 };
static const unsigned looks_10_20[] = { 10, 20, 0 };
static const struct record_metric save[] = { { "snapshot-save.duration", 0.05 }, { NULL, 0 } };

static json_t *member(json_t *value, const char *path)
{
	auto_free char *words = mem_strdup(path);
	char *rest = NULL;

	for (char *word = strtok_r(words, ".", &rest); word; word = strtok_r(NULL, ".", &rest)) {
		value = json_is_array(value) ? json_array_get(value, (size_t)atoi(word))
					     : json_object_get(value, word);
		if (!value)
			fail_msg("there is no %s", path);
	}
	return value;
}

static double number(json_t *value, const char *path)
{
	json_t *found = member(value, path);

	if (!json_is_number(found))
		fail_msg("%s is no number", path);
	return json_number_value(found);
}

static void assert_number(json_t *value, const char *path, double expected)
{
	double found = number(value, path);

	if (!(fabs(found - expected) <= 1e-9 * fabs(expected)))
		fail_msg("%s: found %.15g, expected %.15g", path, found, expected);
}

static void assert_word(json_t *value, const char *path, const char *expected)
{
	assert_string_equal(json_string_value(member(value, path)), expected);
}

static void assert_null_at(json_t *value, const char *path)
{
	assert_true(json_is_null(member(value, path)));
}

/* A takes 100 ms, B 112 to 117 ms. */
static void add_slower_blocks(struct world *w, int64_t slot, int64_t from, int64_t to)
{
	for (int64_t i = from; i < to; i++)
		world_block(w, slot, i, 100, (double)(112 + i % 6));
}

/* A takes 100 ms, B 80 or 125 ms. */
static void add_unclear_blocks(struct world *w, int64_t from, int64_t to)
{
	for (int64_t i = from; i < to; i++)
		world_block(w, 0, i, 100, i % 2 ? 80 : 125);
}

static struct world *slower_world(void)
{
	struct world *w = world_new();

	world_compares(w, 4, look_6, save);
	add_slower_blocks(w, 0, 0, 6);
	world_end(w, CAMPAIGN, "complete");
	return w;
}

static void medians_of_blocks_are_compared_without_the_warm_up(void **state)
{
	struct world *w = slower_world();
	auto_json json_t *value = world_compare(w, (struct comparison_options){ 0 });
	auto_free char *sentence = comparison_sentence(value);

	(void)state;
	assert_word(value, "a.build", "A");
	assert_word(value, "b.build", "B");
	assert_word(value, "b.version", "QEMU 7.2");
	assert_number(value, "campaign.id", 1);
	assert_number(value, "confidence", 0.95);
	assert_number(value, "alpha", 0.05);
	assert_number(value, "blocks.complete", 6);
	assert_number(value, "blocks.used", 6);
	assert_number(value, "blocks.planned", 6);
	assert_number(value, "blocks.warm_up_loops", 1);
	assert_number(value, "blocks.look", 1);
	assert_number(value, "blocks.looks.0", 6);
	assert_word(value, "metrics.0.metric", "snapshot-save.duration");
	assert_word(value, "metrics.0.unit", "ns");
	assert_word(value, "metrics.0.better", "lower");
	assert_true(json_is_true(member(value, "metrics.0.primary")));
	assert_number(value, "metrics.0.margin", 0.05);
	assert_number(value, "metrics.0.blocks", 6);
	/* Three of each VM: the median, a quarter of it and five times it. */
	assert_number(value, "metrics.0.a.samples", 18);
	assert_number(value, "metrics.0.a.p50", 100e6);
	assert_number(value, "metrics.0.a.p95", 500e6);
	assert_number(value, "metrics.0.b.samples", 18);
	assert_number(value, "metrics.0.b.p50", 114e6);
	assert_number(value, "metrics.0.b.p99", 5 * 117e6);
	/* Of fewer than 20 it would be that of the largest ones. */
	assert_null_at(value, "metrics.0.p95.ratio");
	assert_int_equal(json_array_size(member(value, "metrics.0.differences")), 6);
	assert_number(value, "metrics.0.differences.0", log(1.12));
	assert_number(value, "metrics.0.differences.1", log(1.13));
	assert_number(value, "metrics.0.differences.5", log(1.17));
	assert_number(value, "metrics.0.p", 1. / 32);
	assert_number(value, "metrics.0.adjusted_p", 1. / 32);
	assert_number(value, "metrics.0.lower", 1.12);
	assert_number(value, "metrics.0.upper", 1.17);
	assert_in_range((int)(1000 * number(value, "metrics.0.ratio")), 1142, 1147);
	assert_word(value, "metrics.0.verdict", "slower");
	assert_null_at(value, "metrics.0.more_blocks");
	assert_word(value, "verdict", "slower");
	assert_word(value, "sentence", sentence);
	assert_non_null(strstr(sentence, "B is slower than A: snapshot-save.duration +14."));
	assert_non_null(strstr(sentence, "(+12.0 % to +17.0 %); 6 blocks"));
	world_free(w);
}

/* Boots are no loops: none of theirs is warm-up; and what was not asked for is judged for itself. */
static void what_was_not_asked_for_is_told_too(void **state)
{
	struct world *w = slower_world();
	auto_json json_t *value = world_compare(w, (struct comparison_options){ 0 });

	(void)state;
	assert_int_equal(json_array_size(member(value, "metrics")), 2);
	assert_word(value, "metrics.1.metric", "boot.duration");
	assert_true(json_is_false(member(value, "metrics.1.primary")));
	assert_number(value, "metrics.1.a.samples", 6);
	assert_number(value, "metrics.1.differences.0", 0);
	assert_word(value, "metrics.1.verdict", "same");
	world_free(w);
}

static void a_vm_that_failed_costs_its_block(void **state)
{
	struct world *w = world_new();
	auto_json json_t *value = NULL;

	(void)state;
	world_compares(w, 4, look_6, save);
	add_slower_blocks(w, 0, 0, 3);
	/* B's VM ends before its last loop. */
	world_vm(w, 0, 6, BUILD_A, 4, 100);
	world_vm(w, 0, 7, BUILD_B, 3, 900);
	/* And A's in the next. */
	world_vm(w, 0, 8, BUILD_A, 0, 1);
	world_vm(w, 0, 9, BUILD_B, 4, 900);
	add_slower_blocks(w, 0, 5, 8);
	value = world_compare(w, (struct comparison_options){ 0 });
	assert_number(value, "blocks.complete", 6);
	assert_number(value, "metrics.0.differences.2", log(1.14));
	assert_number(value, "metrics.0.differences.3", log(1.17));
	assert_number(value, "metrics.0.a.samples", 18);
	world_free(w);
}

/* Whichever slot they are of. */
static void blocks_are_in_the_order_in_which_they_were_complete(void **state)
{
	static const double expected[] = { 1.21, 1.22, 1.23, 1.24, 1.25, 1.26 };
	struct world *w = world_new();
	auto_json json_t *value = NULL;

	(void)state;
	world_compares(w, 4, look_6, save);
	/* Slot 0 begins first, but its second VM ends last of the two. */
	world_vm(w, 0, 0, BUILD_A, 4, 100);
	world_block(w, 1, 0, 100, 121);
	world_vm(w, 0, 1, BUILD_B, 4, 122);
	world_block(w, 1, 1, 100, 123);
	world_block(w, 1, 2, 100, 124);
	world_block(w, 0, 1, 100, 125);
	world_block(w, 1, 3, 100, 126);
	value = world_compare(w, (struct comparison_options){ 0 });
	for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
		auto_free char *path = mem_printf("metrics.0.differences.%zu", i);

		assert_number(value, path, log(expected[i]));
	}
	world_free(w);
}

/* All its loops are done, but it has not gone: nobody knows its samples, nor whether it will be the next. */
static void a_vm_that_still_runs_completes_no_block(void **state)
{
	struct world *w = world_new();
	auto_json json_t *value = NULL;
	int64_t run;

	(void)state;
	world_compares(w, 1, look_6, save);
	world_vm(w, 1, 0, BUILD_A, 1, 1);
	run = emit_run(w, BUILD_B, 1, 1);
	emit_operation(w, 1, 1, run, 0, "snapshot-save", MS, NULL, 0);
	emit_loop(w, 1, 1, 0);
	w->loops_per_vm = 4;
	add_slower_blocks(w, 0, 0, 6);
	value = world_compare(w, (struct comparison_options){ 0 });
	assert_number(value, "blocks.complete", 6);
	assert_number(value, "metrics.0.blocks", 6);
	assert_word(value, "verdict", "slower");
	world_free(w);
}

static void before_the_first_look_there_is_no_verdict(void **state)
{
	struct world *w = world_new();
	auto_json json_t *value = NULL;

	(void)state;
	world_compares(w, 4, looks_10_20, save);
	add_slower_blocks(w, 0, 0, 9);
	value = world_compare(w, (struct comparison_options){ 0 });
	assert_number(value, "blocks.complete", 9);
	assert_number(value, "blocks.used", 9);
	assert_number(value, "blocks.planned", 20);
	assert_null_at(value, "blocks.look");
	assert_word(value, "metrics.0.verdict", "unclear");
	assert_null_at(value, "metrics.0.more_blocks");
	assert_word(value, "verdict", "unclear");
	assert_word(value, "sentence",
		    "no verdict on B against A yet: 9 of the 10 blocks of the first look are "
		    "complete");
	world_free(w);
}

/* What came afterwards, when the campaign should have ended, does not count any more. */
static void the_first_look_that_decides_is_the_last(void **state)
{
	struct world *w = world_new();
	auto_json json_t *value = NULL;

	(void)state;
	world_compares(w, 4, looks_10_20, save);
	add_slower_blocks(w, 0, 0, 10);
	for (int64_t i = 10; i < 25; i++)
		world_block(w, 0, i, 100, 10);
	value = world_compare(w, (struct comparison_options){ 0 });
	assert_number(value, "blocks.complete", 25);
	assert_number(value, "blocks.used", 10);
	assert_number(value, "blocks.look", 1);
	/* 2 - 2 Phi(1.959964 / sqrt(0.5)), by R. */
	assert_true(fabs(number(value, "alpha") - 0.005574597) < 1e-8);
	assert_int_equal(json_array_size(member(value, "metrics.0.differences")), 10);
	assert_word(value, "verdict", "slower");
	world_free(w);
}

static void a_look_that_does_not_decide_leaves_it_to_the_next(void **state)
{
	struct world *w = world_new();
	auto_json json_t *value = NULL;

	(void)state;
	world_compares(w, 4, looks_10_20, save);
	add_unclear_blocks(w, 0, 10);
	for (int64_t i = 10; i < 20; i++)
		world_block(w, 0, i, 100, 300);
	/* More than were planned. */
	world_block(w, 0, 20, 100, 1);
	value = world_compare(w, (struct comparison_options){ 0 });
	assert_number(value, "blocks.look", 2);
	assert_number(value, "blocks.used", 20);
	assert_true(fabs(number(value, "alpha") - (0.05 - 0.005574597)) < 1e-8);
	assert_word(value, "verdict", "slower");
	world_free(w);
}

static void a_look_that_does_not_decide_says_how_many_more_would(void **state)
{
	struct world *w = world_new();
	auto_json json_t *value = NULL;
	auto_free char *expected = NULL;

	(void)state;
	world_compares(w, 4, looks_10_20, save);
	add_unclear_blocks(w, 0, 15);
	value = world_compare(w, (struct comparison_options){ 0 });
	assert_number(value, "blocks.look", 1);
	assert_number(value, "blocks.used", 10);
	assert_word(value, "verdict", "unclear");
	assert_true(number(value, "metrics.0.more_blocks") >= 1);
	expected = mem_printf("; 10 blocks, about %.0f more would decide",
			      number(value, "metrics.0.more_blocks"));
	assert_non_null(strstr(json_string_value(member(value, "sentence")), expected));
	world_free(w);
}

static void names_the_other_way_round_turn_the_answer_round(void **state)
{
	struct world *w = slower_world();
	auto_json json_t *value =
		world_compare(w, (struct comparison_options){ .a = "B", .b = "A" });
	auto_json json_t *same =
		world_compare(w, (struct comparison_options){ .a = "A", .b = "B" });

	(void)state;
	assert_word(same, "verdict", "slower");
	assert_word(value, "a.build", "B");
	assert_word(value, "b.build", "A");
	assert_word(value, "verdict", "faster");
	assert_number(value, "metrics.0.differences.0", -log(1.12));
	assert_number(value, "metrics.0.lower", 1 / 1.17);
	assert_number(value, "metrics.0.a.p50", 114e6);
	assert_non_null(strstr(json_string_value(member(value, "sentence")),
			       "A is faster than B: snapshot-save.duration -12."));
	world_free(w);
}

static void assert_refused(struct world *w, int64_t campaign, struct comparison_options options,
			   int code, const char *text)
{
	json_t *value = NULL;
	struct err err = { 0 };

	assert_int_equal(comparison_json(world_query(w), campaign, &options, &value, &err), code);
	assert_string_equal(err.text, text);
	assert_null(value);
}

static void other_names_and_campaigns_are_refused(void **state)
{
	struct world *w = slower_world();
	auto_free char *none = mem_printf("%s has no campaign 99", w->path);

	(void)state;
	assert_refused(w, CAMPAIGN, (struct comparison_options){ .a = "A", .b = "C" }, -EINVAL,
		       "campaign 1 compares A and B, and not A and C");
	assert_refused(w, CAMPAIGN, (struct comparison_options){ .a = "A", .b = "A" }, -EINVAL,
		       "campaign 1 compares A and B, and not A and A");
	world_sql(w, "DELETE FROM comparison");
	assert_refused(w, CAMPAIGN, (struct comparison_options){ 0 }, -ENOENT,
		       "campaign 1 compares nothing: its profile has no `compare`");
	assert_refused(w, 99, (struct comparison_options){ 0 }, -ENOENT, none);
	world_free(w);
}

static void different_environments_are_not_compared_unless_forced(void **state)
{
	struct world *w = slower_world();
	auto_json json_t *refused = NULL, *forced = NULL;

	(void)state;
	world_sql(w, "INSERT INTO environment VALUES (1, 0, 'cpu', 'some'),"
		     "(1, 2, 'sandbox', 'on'), (1, 3, 'sandbox', 'off'), (1, 3, 'args', '-x'),"
		     "(1, 2, 'env', 'A=b'), (1, 3, 'env', 'A=b')");
	refused = world_compare(w, (struct comparison_options){ 0 });
	assert_true(comparison_refused(refused));
	assert_int_equal(json_array_size(member(refused, "metrics")), 0);
	assert_word(refused, "verdict", "unclear");
	assert_word(refused, "sentence",
		    "A and B cannot be compared: they ran in different environments: sandbox (on, "
		    "off), args (none, -x)");
	assert_word(refused, "environment.host.cpu", "some");
	assert_word(refused, "environment.a.env", "A=b");
	assert_int_equal(json_array_size(member(refused, "environment.differences")), 2);
	assert_word(refused, "environment.differences.0.key", "sandbox");
	assert_null_at(refused, "environment.differences.1.a");
	assert_word(refused, "environment.differences.1.b", "-x");
	assert_true(json_is_false(member(refused, "environment.forced")));

	forced = world_compare(w, (struct comparison_options){ .force = true });
	assert_false(comparison_refused(forced));
	assert_true(json_is_true(member(forced, "environment.forced")));
	assert_word(forced, "verdict", "slower");
	world_free(w);
}

/* A build is what it is built with. */
static void other_libraries_are_told_of_and_no_more(void **state)
{
	struct world *w = slower_world();
	auto_json json_t *value = NULL;

	(void)state;
	world_sql(w, "INSERT INTO environment VALUES (1, 2, 'libraries', 'libc.so.6'),"
		     "(1, 3, 'libraries', 'libc.so.6 libslirp.so.0')");
	value = world_compare(w, (struct comparison_options){ .force = true });
	assert_false(comparison_refused(value));
	assert_word(value, "verdict", "slower");
	assert_word(value, "environment.differences.0.key", "libraries");
	assert_true(json_is_false(member(value, "environment.differences.0.serious")));
	/* There was nothing to be forced. */
	assert_true(json_is_false(member(value, "environment.forced")));
	world_free(w);
}

static void all_blocks_are_cut_into_experiments(void **state)
{
	struct world *w = world_new();
	auto_json json_t *value = NULL;

	(void)state;
	world_compares(w, 4, look_6, save);
	add_slower_blocks(w, 0, 0, 6);
	for (int64_t i = 6; i < 12; i++)
		world_block(w, 0, i, 100, 100);
	add_unclear_blocks(w, 12, 18);
	for (int64_t i = 18; i < 24; i++)
		world_block(w, 0, i, 100, (double)(60 + i));
	/* Too few for another one. */
	for (int64_t i = 24; i < 29; i++)
		world_block(w, 0, i, 100, 500);
	value = world_compare(w, (struct comparison_options){ .experiments = 6 });
	assert_number(value, "experiments.blocks", 6);
	assert_number(value, "experiments.count", 4);
	assert_int_equal(json_array_size(member(value, "experiments.metrics")), 1);
	assert_word(value, "experiments.metrics.0.metric", "snapshot-save.duration");
	assert_number(value, "experiments.metrics.0.alarms", 2);
	assert_number(value, "experiments.metrics.0.slower", 1);
	assert_number(value, "experiments.metrics.0.same", 1);
	assert_number(value, "experiments.metrics.0.faster", 1);
	assert_word(value, "experiments.metrics.0.list.0.verdict", "slower");
	assert_number(value, "experiments.metrics.0.list.0.upper", 1.17);
	assert_word(value, "experiments.metrics.0.list.1.verdict", "same");
	assert_word(value, "experiments.metrics.0.list.2.verdict", "unclear");
	assert_word(value, "experiments.metrics.0.list.3.verdict", "faster");
	json_decref(value);
	value = world_compare(w, (struct comparison_options){ .experiments = SIZE_MAX / 2 });
	assert_number(value, "experiments.count", 0);
	world_free(w);
}

/* QEMU tells times of migrations in milliseconds: 0 is less than one half, and no ratio is infinite. */
static void no_time_at_all_counts_as_half_of_what_can_be_told(void **state)
{
	static const struct record_metric downtime[] = {
		{ "migrate.downtime", 0.05 },
		{ "migrate.throughput", 0.05 },
		{ NULL, 0 },
	};
	struct world *w = world_new();
	auto_json json_t *value = NULL;

	(void)state;
	world_compares(w, 2, look_6, downtime);
	for (int64_t vm = 0; vm < 12; vm++) {
		int64_t build = vm % 2 ? BUILD_B : BUILD_A, run = emit_run(w, build, 0, vm);
		const struct record_measure measures[] = {
			{ "downtime_ms", build == BUILD_A ? 0 : 4 },
			{ "throughput_mbps", build == BUILD_A ? 800 : 1000 },
		};

		for (int64_t loop = 0; loop < 2; loop++) {
			emit_operation(w, 0, vm, run, loop, "migrate", MS, measures, 2);
			emit_loop(w, 0, vm, loop);
		}
		emit_vm_end(w, 0, vm, run);
	}
	value = world_compare(w, (struct comparison_options){ 0 });
	assert_word(value, "metrics.0.metric", "migrate.downtime");
	assert_number(value, "metrics.0.a.p50", 0.5e6);
	assert_number(value, "metrics.0.b.p50", 4e6);
	assert_number(value, "metrics.0.ratio", 8);
	/* More is better of this one, which has gone from 800 to 1000: both tests have p 1/32. */
	assert_word(value, "metrics.1.metric", "migrate.throughput");
	assert_word(value, "metrics.1.better", "higher");
	assert_number(value, "metrics.1.ratio", 1.25);
	assert_number(value, "metrics.1.adjusted_p", 1. / 16);
	assert_word(value, "metrics.1.verdict", "unclear");
	world_free(w);
}

/* The store keeps them in several rows. */
static void a_vm_may_have_very_many_samples(void **state)
{
	enum { LOOPS = SUMMARY_SAMPLES_MAX + 11 };

	struct world *w = world_new();
	auto_json json_t *value = NULL;

	(void)state;
	world_compares(w, LOOPS, look_6, save);
	for (int64_t i = 0; i < 6; i++)
		world_block(w, 0, i, 100, (double)(112 + i % 6));
	value = world_compare(w, (struct comparison_options){ 0 });
	assert_number(value, "metrics.0.a.samples", 6 * (LOOPS - 1));
	assert_number(value, "metrics.0.a.p50", 100e6);
	assert_number(value, "metrics.0.lower", 1.12);
	assert_word(value, "verdict", "slower");
	world_free(w);
}

/* The same of what figures are drawn from. */
static void draw_whatever(struct world *w)
{
	json_t *plots = NULL, *history = NULL;
	struct err err = { 0 };

	if (plots_json(world_query(w), CAMPAIGN, &plots, &err) < 0) {
		assert_null(plots);
	} else {
		auto_free char *text = json_dumps(plots, 0);

		assert_non_null(text);
	}
	if (metric_history_json(world_query(w), metric_find("snapshot-save.duration"), NULL,
				&history, &err) == 0) {
		auto_free char *text = json_dumps(history, 0);

		assert_non_null(text);
	}
	json_decref(plots);
	json_decref(history);
}

/* And of the report that has the comparison in it. */
static void report_whatever(struct world *w)
{
	json_t *report = NULL;
	struct err err = { 0 };

	if (report_json_campaign(world_query(w), CAMPAIGN, true, &report, &err) == 0) {
		auto_free char *text = json_dumps(report, 0);

		assert_non_null(text);
	}
	json_decref(report);
}

/* Whatever it says: an answer that is JSON, or an error, but neither a crash nor a NaN. */
static void compare_whatever(struct world *w)
{
	struct comparison_options options = { .force = true, .experiments = 2 };
	json_t *value = NULL, *selfcheck = NULL;
	struct err err = { 0 };
	int r = comparison_json(world_query(w), CAMPAIGN, &options, &value, &err);

	if (r < 0) {
		assert_null(value);
		assert_true(err.text[0]);
	} else {
		auto_free char *text = json_dumps(value, 0), *printed = NULL;
		size_t size;
		FILE *out = open_memstream(&printed, &size);
		json_t *m;
		size_t i;

		assert_non_null(text);
		json_array_foreach(member(value, "metrics"), i, m) {
			assert_non_null(json_object_get(m, "margin"));
			assert_non_null(json_object_get(m, "p"));
			assert_non_null(json_object_get(m, "detectable"));
			assert_int_equal(json_array_size(json_object_get(m, "differences")),
					 json_integer_value(json_object_get(m, "blocks")));
		}
		assert_true(json_is_object(member(value, "experiments")));
		comparison_print(value, out);
		fclose(out);
		assert_null(strchr(printed, '\x1b'));
	}
	assert_int_equal(comparison_selfcheck(world_query(w), CAMPAIGN, &selfcheck, &err), 0);
	json_decref(value);
	json_decref(selfcheck);
	draw_whatever(w);
	report_whatever(w);
}

static void what_a_store_holds_is_not_trusted(void **state)
{
	static const char *const statements[] = {
		"UPDATE summary SET samples = x'0102030405'",
		"UPDATE summary SET samples = x''",
		"UPDATE summary SET samples = zeroblob(8000001), count = -1",
		/* NaN, infinity, -1, the largest and the smallest double */
		"UPDATE summary SET samples = x'000000000000f87f'",
		"UPDATE summary SET samples = x'000000000000f07f0000000000000000'",
		"UPDATE summary SET samples = x'000000000000f0bf'",
		"UPDATE summary SET samples = x'ffffffffffffef7fffffffffffffef7f' WHERE vm = 0",
		"UPDATE summary SET samples = x'ffffffffffffef7fffffffffffffef7f'",
		"UPDATE summary SET samples = x'0100000000000000'",
		"UPDATE OR IGNORE summary SET count = 9223372036854775807, part = 7, slot = -1",
		"UPDATE OR IGNORE summary SET build_id = 2",
		"UPDATE OR IGNORE summary SET vm = 9223372036854775807",
		"UPDATE summary SET dst_build_id = 3",
		"UPDATE summary SET began_unix_ns = -9223372036854775807, ended_unix_ns = 1",
		"UPDATE summary SET began_unix_ns = 9223372036854775807, ended_unix_ns = -7;"
		"UPDATE campaign SET began_unix_ns = -9223372036854775807",
		"INSERT INTO summary SELECT campaign_id, kind, name, slot, vm, part, build_id, 2, "
		"warm_up, began_unix_ns, ended_unix_ns, count, samples FROM summary",
		"UPDATE OR IGNORE summary SET warm_up = 1",
		"DELETE FROM summary WHERE warm_up = 0",
		"UPDATE campaign SET operations = -1",
		"UPDATE OR IGNORE summary SET kind = 'migrate', name = 'total_ms';"
		"UPDATE primary_metric SET metric = 'migrate.total'",
		/* A measure without a value that counts, in a campaign that has ended. */
		"UPDATE campaign SET end = 'complete';"
		"UPDATE OR IGNORE summary SET kind = 'migrate', name = 'total_ms', samples = x''",
		"UPDATE campaign SET end = 'complete';"
		"UPDATE OR IGNORE summary SET kind = 'migrate', name = 'total_ms', "
		"samples = x'000000000000f87f'",
		"UPDATE vm SET loops = 9223372036854775807",
		"UPDATE vm SET loops = -1",
		"UPDATE run SET ended_unix_ns = 5",
		"DELETE FROM run",
		"DELETE FROM summary",
		"UPDATE comparison SET looks = '[]'",
		"UPDATE comparison SET looks = '[6'",
		"UPDATE comparison SET looks = '{\"a\": [7]}'",
		"UPDATE comparison SET looks = '[-3, 0, 1, 2, \"x\", null, 3.5, 1e300]'",
		"UPDATE comparison SET looks = '[9223372036854775807]'",
		"UPDATE comparison SET looks = '[1, 2, 3, 4, 5, 6, 7]'",
		"UPDATE comparison SET loops_per_vm = -1, warm_up_loops = -1",
		"UPDATE comparison SET b_build_id = a_build_id",
		"UPDATE comparison SET a_build_id = 99",
		"UPDATE primary_metric SET margin = 0",
		"UPDATE primary_metric SET margin = -5",
		"UPDATE primary_metric SET margin = 9e999",
		"UPDATE primary_metric SET margin = 1e-320",
		"UPDATE primary_metric SET metric = 'of tomorrow'",
		"DELETE FROM primary_metric",
		/* One metric, again and again. */
		"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200) "
		"INSERT INTO primary_metric SELECT 1, i, 'snapshot-save.duration', 0.05 FROM n",
		"UPDATE build SET name = char(27) || id, version = CAST(x'ff' AS TEXT)",
		"INSERT INTO environment VALUES (1, 2, CAST(x'fffe' AS TEXT), CAST(x'ff' AS TEXT)),"
		"(1, 3, char(27), char(27, 10)), (1, 2, '', ''), (1, 7, 'k', 'v')",
		/* Tables of others may lack what keeps NULL out of ours. */
		"CREATE TABLE other AS SELECT * FROM primary_metric; DROP TABLE primary_metric;"
		"ALTER TABLE other RENAME TO primary_metric; UPDATE primary_metric SET metric = "
		"NULL",
		"CREATE TABLE other AS SELECT campaign_id, build_id, NULL AS key, NULL AS value "
		"FROM (SELECT 1 AS campaign_id, 2 AS build_id); DROP TABLE environment;"
		"ALTER TABLE other RENAME TO environment",
		"UPDATE campaign SET name = 'selfcheck', end = 'complete'",
		"UPDATE campaign SET name = 'selfcheck', end = 'complete', began_unix_ns = -1;"
		"UPDATE summary SET samples = x'000000000000f87f'",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(statements); i++) {
		struct world *w = slower_world();

		world_sql(w, statements[i]);
		compare_whatever(w);
		world_free(w);
	}
}

static void a_host_that_was_compared_with_itself_is_told_of(void **state)
{
	struct world *w = slower_world();
	auto_json json_t *none = NULL, *found = NULL;
	struct err err = { 0 };

	(void)state;
	assert_int_equal(comparison_selfcheck(world_query(w), CAMPAIGN, &none, &err), 0);
	assert_true(json_is_null(none));
	world_sql(w, "UPDATE campaign SET name = 'selfcheck'");
	assert_int_equal(comparison_selfcheck(world_query(w), CAMPAIGN, &found, &err), 0);
	assert_number(found, "campaign", 1);
	assert_number(found, "blocks", 6);
	assert_number(found, "metrics", 1);
	assert_number(found, "alarms", 1);
	assert_true(number(found, "detectable") > 0);
	assert_non_null(strstr(json_string_value(member(found, "sentence")),
			       "1 alarms in 1 metrics of a build against itself, 6 blocks"));
	json_decref(found);
	/* Five blocks have no interval. */
	world_sql(w, "UPDATE run SET ended_unix_ns = NULL WHERE slot = 0 AND vm = 1");
	assert_int_equal(comparison_selfcheck(world_query(w), CAMPAIGN, &found, &err), 0);
	assert_number(found, "blocks", 5);
	assert_null_at(found, "detectable");
	assert_non_null(strstr(json_string_value(member(found, "sentence")),
			       "5 blocks; no change would be found"));
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(medians_of_blocks_are_compared_without_the_warm_up),
		cmocka_unit_test(what_was_not_asked_for_is_told_too),
		cmocka_unit_test(a_vm_that_failed_costs_its_block),
		cmocka_unit_test(blocks_are_in_the_order_in_which_they_were_complete),
		cmocka_unit_test(a_vm_that_still_runs_completes_no_block),
		cmocka_unit_test(before_the_first_look_there_is_no_verdict),
		cmocka_unit_test(the_first_look_that_decides_is_the_last),
		cmocka_unit_test(a_look_that_does_not_decide_leaves_it_to_the_next),
		cmocka_unit_test(a_look_that_does_not_decide_says_how_many_more_would),
		cmocka_unit_test(names_the_other_way_round_turn_the_answer_round),
		cmocka_unit_test(other_names_and_campaigns_are_refused),
		cmocka_unit_test(different_environments_are_not_compared_unless_forced),
		cmocka_unit_test(other_libraries_are_told_of_and_no_more),
		cmocka_unit_test(all_blocks_are_cut_into_experiments),
		cmocka_unit_test(no_time_at_all_counts_as_half_of_what_can_be_told),
		cmocka_unit_test(a_vm_may_have_very_many_samples),
		cmocka_unit_test(what_a_store_holds_is_not_trusted),
		cmocka_unit_test(a_host_that_was_compared_with_itself_is_told_of),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
