// SPDX-License-Identifier: GPL-2.0-or-later
/* Verdicts: what the VMs of a campaign say of its builds, alone and against each other. */
#include "tests/unit/helper.h"

#include <math.h>

#include "report/verdict.h"

#define STOCK 0
#define FIXED 1

#define ASSERTION "assertion", "assertion in bdrv_poll_co"
#define HANG "hang", "hang of main-loop in shutdown/quit"

#define VMS_MAX 64

struct fleet {
	struct query_vms vms;
	struct query_vm vm[VMS_MAX];
};

static char *names[] = { (char *)"stock", (char *)"fixed" };
static char *versions[] = { (char *)"QEMU 7.2.22", (char *)"QEMU 8.2.0" };

static void fleet_begin(struct fleet *fleet)
{
	*fleet = (struct fleet){ 0 };
	fleet->vms = (struct query_vms){
		.builds = names, .versions = versions, .build_count = 2, .vms = fleet->vm
	};
}

static void add(struct fleet *fleet, size_t build, int64_t loops, const char *class,
		const char *signature)
{
	assert_in_range(fleet->vms.count, 0, VMS_MAX - 1);
	fleet->vm[fleet->vms.count++] = (struct query_vm){ .build = build,
							   .loops = loops,
							   .class = (char *)class,
							   .signature = (char *)signature };
}

static void same(json_t *found, const char *expected)
{
	auto_free char *text = json_dumps(found, JSON_COMPACT | JSON_REAL_PRECISION(6));

	json_decref(found);
	assert_string_equal(text, expected);
}

static void assert_verdict(struct fleet *fleet, size_t build, const char *expected)
{
	auto_json json_t *builds = verdict_builds(&fleet->vms);
	json_t *verdict = json_object_get(json_array_get(builds, build), "verdict");

	assert_string_equal(json_string_value(verdict), expected);
}

static void a_build_has_failed_is_clean_or_has_done_too_little(void **state)
{
	struct fleet fleet;

	(void)state;
	fleet_begin(&fleet);
	add(&fleet, STOCK, 7, ASSERTION);
	add(&fleet, STOCK, 20, NULL, NULL);
	add(&fleet, FIXED, 20, NULL, NULL);
	same(verdict_builds(&fleet.vms), "[{\"build\":\"stock\",\"version\":\"QEMU "
					 "7.2.22\",\"verdict\":\"failed\",\"vms\":2,\"loops\":27,"
					 "\"wanted_loops\":1,\"failures\":1},"
					 "{\"build\":\"fixed\",\"version\":\"QEMU "
					 "8.2.0\",\"verdict\":\"clean\",\"vms\":1,\"loops\":20,"
					 "\"wanted_loops\":1,\"failures\":0}]");
	fleet.vms.loops_per_build = 21;
	assert_verdict(&fleet, FIXED, "inconclusive");
	/* Too little work is no excuse for what has failed. */
	assert_verdict(&fleet, STOCK, "failed");
}

static void a_build_without_a_loop_and_a_fault_of_the_host_say_nothing(void **state)
{
	struct fleet fleet;

	(void)state;
	fleet_begin(&fleet);
	add(&fleet, STOCK, 3, "host", "host: no space");
	same(verdict_builds(&fleet.vms),
	     "[{\"build\":\"stock\",\"version\":\"QEMU "
	     "7.2.22\",\"verdict\":\"clean\",\"vms\":1,\"loops\":3,"
	     "\"wanted_loops\":1,\"failures\":0},"
	     "{\"build\":\"fixed\",\"version\":\"QEMU "
	     "8.2.0\",\"verdict\":\"inconclusive\",\"vms\":0,\"loops\":0,"
	     "\"wanted_loops\":1,\"failures\":0}]");
	same(verdict_differences(&fleet.vms), "[]");
}

/* Five VMs fail after 1, 2, 3, 4, 5 loops: the middle one. */
static void the_median_counts_finished_loops(void **state)
{
	struct fleet fleet;

	(void)state;
	fleet_begin(&fleet);
	for (int i = 1; i <= 5; i++)
		add(&fleet, STOCK, i, ASSERTION);
	same(verdict_median(&fleet.vms, "stock", ASSERTION),
	     "{\"median\":3.0,\"lower\":1.0,\"upper\":null}");
	same(verdict_median(&fleet.vms, "fixed", ASSERTION),
	     "{\"median\":null,\"lower\":null,\"upper\":null}");
	same(verdict_median(&fleet.vms, "nobody", ASSERTION),
	     "{\"median\":null,\"lower\":null,\"upper\":null}");
	same(verdict_median(&fleet.vms, NULL, ASSERTION),
	     "{\"median\":null,\"lower\":null,\"upper\":null}");
}

/* A VM that ended after as many loops as another one failed was not in the loop that failed. */
static void who_never_began_the_loop_was_not_at_risk_in_it(void **state)
{
	struct fleet fleet;

	(void)state;
	fleet_begin(&fleet);
	for (int i = 1; i <= 5; i++)
		add(&fleet, STOCK, i, ASSERTION);
	/* They end after one loop; the first of the others fails in its second. */
	for (int i = 0; i < 20; i++)
		add(&fleet, STOCK, 1, NULL, NULL);
	same(verdict_median(&fleet.vms, "stock", ASSERTION),
	     "{\"median\":3.0,\"lower\":1.0,\"upper\":null}");
}

static json_t *only_difference(struct fleet *fleet)
{
	json_t *list = verdict_differences(&fleet->vms);
	json_t *one = json_incref(json_array_get(list, 0));

	assert_int_equal(json_array_size(list), 1);
	json_decref(list);
	return one;
}

/* Whoever came through its shutdown could have hung in it. */
static void a_shutdown_is_a_loop_for_what_fails_in_it(void **state)
{
	auto_json json_t *one = NULL;
	struct fleet fleet;

	(void)state;
	fleet_begin(&fleet);
	for (int i = 0; i < 30; i++) {
		add(&fleet, i % 2, 20, i < 10 && i % 2 == STOCK ? "hang" : NULL,
		    i < 10 && i % 2 == STOCK ? "hang of main-loop in shutdown/quit" : NULL);
		fleet.vm[i].shut_down = !fleet.vm[i].class;
		fleet.vm[i].in_shutdown = fleet.vm[i].class != NULL;
	}
	/* 5 of 15: a third, so half of them never fail. */
	same(verdict_median(&fleet.vms, "stock", HANG),
	     "{\"median\":null,\"lower\":20.0,\"upper\":null}");
	one = only_difference(&fleet);
	assert_true(json_is_real(json_object_get(one, "logrank_p")));
}

static void another_signature_censors(void **state)
{
	struct fleet fleet;

	(void)state;
	fleet_begin(&fleet);
	add(&fleet, STOCK, 0, HANG);
	add(&fleet, STOCK, 4, ASSERTION);
	same(verdict_median(&fleet.vms, "stock", ASSERTION),
	     "{\"median\":4.0,\"lower\":null,\"upper\":null}");
}

static double p_of(json_t *difference, const char *key)
{
	assert_true(json_is_real(json_object_get(difference, key)));
	return json_real_value(json_object_get(difference, key));
}

/* Two small groups, and two that nobody would call the same. */
static void a_difference_is_real_or_not_shown(void **state)
{
	auto_json json_t *small = NULL, *large = NULL;
	struct fleet fleet;

	(void)state;
	fleet_begin(&fleet);
	add(&fleet, STOCK, 4, ASSERTION);
	add(&fleet, FIXED, 10, NULL, NULL);
	small = only_difference(&fleet);
	assert_int_equal(json_integer_value(json_object_get(small, "failures_a")), 1);
	assert_int_equal(json_integer_value(json_object_get(small, "loops_a")), 5);
	assert_int_equal(json_integer_value(json_object_get(small, "failures_b")), 0);
	assert_int_equal(json_integer_value(json_object_get(small, "loops_b")), 10);
	/* As R's fisher.test; of a single failure no log-rank test is made. */
	assert_true(fabs(p_of(small, "fisher_p") - 1. / 3) < 1e-9);
	assert_true(json_is_null(json_object_get(small, "logrank_p")));
	assert_true(fabs(p_of(small, "adjusted_p") - 1. / 3) < 1e-9);
	assert_true(json_is_false(json_object_get(small, "real")));

	fleet_begin(&fleet);
	for (int i = 0; i < 10; i++) {
		add(&fleet, STOCK, i % 4, ASSERTION);
		add(&fleet, FIXED, 40, NULL, NULL);
	}
	large = only_difference(&fleet);
	assert_true(json_is_true(json_object_get(large, "real")));
	assert_true(p_of(large, "fisher_p") < 1e-6);
	assert_true(p_of(large, "logrank_p") < 1e-4);
}

/* The fifth failure makes the log-rank test; both p values are then adjusted together. */
static void a_few_failures_have_no_logrank_test(void **state)
{
	struct fleet fleet;

	(void)state;
	for (int failures = VERDICT_LOGRANK_MIN - 1; failures <= VERDICT_LOGRANK_MIN; failures++) {
		auto_json json_t *one = NULL;

		fleet_begin(&fleet);
		for (int i = 0; i < failures; i++)
			add(&fleet, STOCK, i, ASSERTION);
		add(&fleet, FIXED, 9, NULL, NULL);
		one = only_difference(&fleet);
		assert_int_equal(json_is_real(json_object_get(one, "logrank_p")),
				 failures == VERDICT_LOGRANK_MIN);
	}
}

/* Twenty signatures make a lucky one; what is real for one alone is not among them. */
static void many_comparisons_are_adjusted_together(void **state)
{
	static char titles[20][16];
	auto_json json_t *alone = NULL, *many = NULL;
	struct fleet fleet;

	(void)state;
	fleet_begin(&fleet);
	for (int i = 0; i < 4; i++)
		add(&fleet, STOCK, 2 * i, ASSERTION);
	for (int i = 0; i < 2; i++)
		add(&fleet, FIXED, 40, NULL, NULL);
	alone = only_difference(&fleet);
	assert_true(json_is_true(json_object_get(alone, "real")));
	for (int i = 0; i < 20; i++) {
		snprintf(titles[i], sizeof(titles[i]), "hang %d", i);
		add(&fleet, i % 2, 3, "hang", titles[i]);
	}
	many = verdict_differences(&fleet.vms);
	assert_int_equal(json_array_size(many), 21);
	for (size_t i = 0; i < 21; i++)
		assert_true(json_is_false(json_object_get(json_array_get(many, i), "real")));
}

/* All fail in their first loop: the loops tell them apart from nobody. */
static void what_cannot_be_compared_has_no_p(void **state)
{
	auto_json json_t *one = NULL;
	struct fleet fleet;

	(void)state;
	fleet_begin(&fleet);
	add(&fleet, STOCK, 0, ASSERTION);
	add(&fleet, FIXED, 0, ASSERTION);
	one = only_difference(&fleet);
	assert_true(json_is_null(json_object_get(one, "logrank_p")));
	assert_true(p_of(one, "fisher_p") == 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_build_has_failed_is_clean_or_has_done_too_little),
		cmocka_unit_test(a_build_without_a_loop_and_a_fault_of_the_host_say_nothing),
		cmocka_unit_test(the_median_counts_finished_loops),
		cmocka_unit_test(who_never_began_the_loop_was_not_at_risk_in_it),
		cmocka_unit_test(a_shutdown_is_a_loop_for_what_fails_in_it),
		cmocka_unit_test(another_signature_censors),
		cmocka_unit_test(a_difference_is_real_or_not_shown),
		cmocka_unit_test(a_few_failures_have_no_logrank_test),
		cmocka_unit_test(many_comparisons_are_adjusted_together),
		cmocka_unit_test(what_cannot_be_compared_has_no_p),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
