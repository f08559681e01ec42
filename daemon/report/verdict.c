// SPDX-License-Identifier: GPL-2.0-or-later
/* From the VMs of a campaign to verdicts on its builds. */
#include "report/verdict.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "report/json.h"
#include "report/proportion.h"
#include "report/survival.h"

static bool is_failure(const struct query_vm *vm)
{
	return vm->class && strcmp(vm->class, "host");
}

static bool has_signature(const struct query_vm *vm, const char *class, const char *signature)
{
	return is_failure(vm) && !strcmp(vm->class, class) && !strcmp(vm->signature, signature);
}

json_t *verdict_builds(const struct query_vms *vms)
{
	int64_t wanted = vms->loops_per_build ? vms->loops_per_build : 1;
	json_t *list = json_array();

	for (size_t b = 0; b < vms->build_count; b++) {
		int64_t count = 0, loops = 0, failures = 0;

		for (size_t i = 0; i < vms->count; i++) {
			if (vms->vms[i].build != b)
				continue;
			count++;
			loops += vms->vms[i].loops;
			failures += is_failure(&vms->vms[i]);
		}
		json_array_append_new(
			list, json_pack("{s:o, s:o, s:s, s:I, s:I, s:I, s:I}", "build",
					report_json_string(vms->builds[b]), "version",
					report_json_string(vms->versions[b]), "verdict",
					failures	 ? "failed"
					: loops < wanted ? "inconclusive"
							 : "clean",
					"vms", (json_int_t)count, "loops", (json_int_t)loops,
					"wanted_loops", (json_int_t)wanted, "failures",
					(json_int_t)failures));
	}
	return list;
}

/* The VMs of one build, as samples of one signature. */
struct group {
	struct survival_sample *samples; /* sorted */
	size_t count;
	int64_t failures, loops; /* loops that were begun and decided something */
};

/* A VM fails in a loop, and was at risk in it: numbered from 1, so that those that never began that loop
 * are not. Its shutdown is one more, in which whoever came through it was at risk as well. first: a VM
 * that has failed with the signature. */
static void group_make(const struct query_vms *vms, size_t build, const struct query_vm *first,
		       struct group *ret_group)
{
	struct group group = { .samples = mem_zalloc((vms->count + 1) * sizeof(*group.samples)) };

	for (size_t i = 0; i < vms->count; i++) {
		const struct query_vm *vm = &vms->vms[i];
		bool failed = has_signature(vm, first->class, first->signature);
		int64_t loops = vm->loops + (failed || (first->in_shutdown && vm->shut_down));

		if (vm->build != build)
			continue;
		group.samples[group.count++] = (struct survival_sample){ loops, failed };
		group.failures += failed;
		group.loops += loops;
	}
	survival_sort(group.samples, group.count);
	*ret_group = group;
}

/* As the number of loops that were finished before. */
static json_t *loops_or_null(double loop)
{
	return isfinite(loop) ? json_real(loop - 1) : json_null();
}

static const struct query_vm *find_first(const struct query_vms *vms, const char *class,
					 const char *signature)
{
	for (size_t i = 0; i < vms->count; i++)
		if (has_signature(&vms->vms[i], class, signature))
			return &vms->vms[i];
	return NULL;
}

json_t *verdict_median(const struct query_vms *vms, const char *build, const char *class,
		       const char *signature)
{
	struct survival_median median = { NAN, NAN, NAN };
	const struct query_vm *first = find_first(vms, class, signature);

	for (size_t b = 0; first && build && b < vms->build_count; b++) {
		struct group group;

		if (strcmp(vms->builds[b], build))
			continue;
		group_make(vms, b, first, &group);
		median = survival_median(group.samples, group.count, VERDICT_CONFIDENCE);
		free(group.samples);
	}
	return json_pack("{s:o, s:o, s:o}", "median", loops_or_null(median.median), "lower",
			 loops_or_null(median.lower), "upper", loops_or_null(median.upper));
}

/* The p values of a list of differences, in its order. */
struct p_values {
	double *p;
	size_t count;
};

static void add_p(struct p_values *values, double p)
{
	values->p = mem_realloc(values->p, values->count + 1, sizeof(*values->p));
	values->p[values->count++] = p;
}

static void compare(const struct query_vms *vms, size_t a, size_t b, const struct query_vm *vm,
		    json_t *list, struct p_values *values)
{
	struct survival_difference difference;
	struct group ga, gb;

	group_make(vms, a, vm, &ga);
	group_make(vms, b, vm, &gb);
	if (ga.failures + gb.failures) {
		difference = survival_logrank(ga.samples, ga.count, gb.samples, gb.count);
		if (ga.failures + gb.failures < VERDICT_LOGRANK_MIN)
			difference.comparable = false;
		add_p(values, proportion_fisher(ga.failures, ga.loops, gb.failures, gb.loops));
		if (difference.comparable)
			add_p(values, difference.p);
		json_array_append_new(
			list,
			json_pack("{s:o, s:o, s:o, s:o, s:I, s:I, s:I, s:I, s:b}", "class",
				  report_json_string(vm->class), "signature",
				  report_json_string(vm->signature), "a",
				  report_json_string(vms->builds[a]), "b",
				  report_json_string(vms->builds[b]), "failures_a",
				  (json_int_t)ga.failures, "loops_a", (json_int_t)ga.loops,
				  "failures_b", (json_int_t)gb.failures, "loops_b",
				  (json_int_t)gb.loops, "comparable", (int)difference.comparable));
	}
	free(ga.samples);
	free(gb.samples);
}

/* The first VM of each signature; there are few of these, however many VMs. The caller frees. */
static const struct query_vm **list_signatures(const struct query_vms *vms, size_t *ret_count)
{
	const struct query_vm **firsts = NULL;
	size_t count = 0;

	for (size_t i = 0; i < vms->count; i++) {
		const struct query_vm *vm = &vms->vms[i];
		size_t at = 0;

		if (!is_failure(vm))
			continue;
		while (at < count && !has_signature(firsts[at], vm->class, vm->signature))
			at++;
		if (at < count)
			continue;
		firsts = mem_realloc(firsts, count + 1, sizeof(*firsts));
		firsts[count++] = vm;
	}
	*ret_count = count;
	return firsts;
}

/* Each difference has its one or two p values, in the order in which they were added. */
static void adjust(json_t *list, const struct p_values *values)
{
	auto_free double *adjusted = mem_zalloc((values->count + 1) * sizeof(*adjusted));
	size_t i, at = 0;
	json_t *one;

	proportion_holm(values->p, values->count, adjusted);
	json_array_foreach(list, i, one) {
		bool comparable = json_is_true(json_object_get(one, "comparable"));
		double least = adjusted[at];

		json_object_del(one, "comparable");
		json_object_set_new(one, "fisher_p", json_real(values->p[at++]));
		json_object_set_new(one, "logrank_p",
				    comparable ? json_real(values->p[at]) : json_null());
		if (comparable)
			least = fmin(least, adjusted[at++]);
		json_object_set_new(one, "adjusted_p", json_real(least));
		json_object_set_new(one, "real", json_boolean(least < 1 - VERDICT_CONFIDENCE));
	}
}

json_t *verdict_differences(const struct query_vms *vms)
{
	struct p_values values = { 0 };
	json_t *list = json_array();
	size_t count;
	auto_free const struct query_vm **firsts = list_signatures(vms, &count);

	for (size_t i = 0; i < count; i++)
		for (size_t a = 0; a < vms->build_count; a++)
			for (size_t b = a + 1; b < vms->build_count; b++)
				compare(vms, a, b, firsts[i], list, &values);
	adjust(list, &values);
	free(values.p);
	return list;
}

/* A step for each number of loops in which some failed, thinned out evenly if there are many. */
static json_t *curve_points(const struct group *group)
{
	json_t *points = json_pack("[[i, i, n, n, I]]", 0, 1, (json_int_t)group->count);
	struct survival_curve curve;
	struct survival_point point;
	size_t steps = 0, step = 0;

	survival_begin(&curve, group->samples, group->count, VERDICT_CONFIDENCE);
	while (survival_next(&curve, &point))
		steps++;
	survival_begin(&curve, group->samples, group->count, VERDICT_CONFIDENCE);
	while (survival_next(&curve, &point)) {
		json_t *lower = isfinite(point.lower) ? json_real(point.lower) : json_null();
		json_t *upper = isfinite(point.upper) ? json_real(point.upper) : json_null();
		json_t *one = json_pack("[I, f, o, o, I]", (json_int_t)point.loops, point.survival,
					lower, upper, (json_int_t)point.at_risk);

		if (++step % (steps / VERDICT_POINTS_MAX + 1) == 0 || step == steps)
			json_array_append(points, one);
		json_decref(one);
	}
	return points;
}

json_t *verdict_curves(const struct query_vms *vms)
{
	json_t *list = json_array();
	size_t count;
	auto_free const struct query_vm **firsts = list_signatures(vms, &count);

	for (size_t i = 0; i < count && i < VERDICT_CURVES_MAX; i++)
		for (size_t b = 0; b < vms->build_count; b++) {
			struct group group;

			group_make(vms, b, firsts[i], &group);
			json_array_append_new(
				list, json_pack("{s:o, s:o, s:o, s:o}", "build",
						report_json_string(vms->builds[b]), "class",
						report_json_string(firsts[i]->class), "signature",
						report_json_string(firsts[i]->signature), "points",
						curve_points(&group)));
			free(group.samples);
		}
	return list;
}
