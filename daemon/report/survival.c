// SPDX-License-Identifier: GPL-2.0-or-later
/* The Kaplan-Meier estimate, its median, and the log-rank test. */
#include "report/survival.h"

#include <math.h>
#include <stdlib.h>

#include "report/normal.h"

/* As R: sums of rounded terms that should be one half are this close to it. */
#define SAME_SHARE 1.4901161193847656e-8

static int compare_loops(const void *a, const void *b)
{
	const struct survival_sample *x = a, *y = b;

	return (x->loops > y->loops) - (x->loops < y->loops);
}

void survival_sort(struct survival_sample *samples, size_t count)
{
	if (count)
		qsort(samples, count, sizeof(*samples), compare_loops);
}

/* Moves position behind all samples of that many loops; returns how many of them failed. */
static size_t take(const struct survival_sample *sorted, size_t count, size_t *position,
		   int64_t loops)
{
	size_t failures = 0;

	for (; *position < count && sorted[*position].loops == loops; (*position)++)
		failures += sorted[*position].failed;
	return failures;
}

void survival_begin(struct survival_curve *curve, const struct survival_sample *sorted,
		    size_t count, double confidence)
{
	*curve = (struct survival_curve){
		.sorted = sorted,
		.count = count,
		.z = normal_upper_quantile((1 - confidence) / 2),
		.survival = 1,
	};
}

static void step_down(struct survival_curve *curve, struct survival_point *point)
{
	double at_risk = (double)point->at_risk, failures = (double)point->failures;
	double log_survival, width;

	curve->survival *= (at_risk - failures) / at_risk;
	point->survival = curve->survival;
	if (point->failures == point->at_risk) {
		point->variance = 0;
		point->lower = point->upper = NAN;
		return;
	}
	curve->greenwood += failures / (at_risk * (at_risk - failures));
	point->variance = curve->survival * curve->survival * curve->greenwood;
	log_survival = log(curve->survival);
	width = curve->z * sqrt(curve->greenwood) / -log_survival;
	point->lower = exp(log_survival * exp(width));
	point->upper = exp(log_survival * exp(-width));
}

bool survival_next(struct survival_curve *curve, struct survival_point *ret_point)
{
	while (curve->position < curve->count) {
		struct survival_point point = {
			.loops = curve->sorted[curve->position].loops,
			.at_risk = curve->count - curve->position,
		};

		point.failures = take(curve->sorted, curve->count, &curve->position, point.loops);
		if (!point.failures)
			continue;
		step_down(curve, &point);
		*ret_point = point;
		return true;
	}
	return false;
}

/* Where a line of steps goes below one half. */
struct crossing {
	double loops; /* INFINITY before it does */
	double share; /* on the line there */
	bool level;   /* runs along one half until the next step */
};

static void crossing_step(struct crossing *crossing, double share, int64_t loops)
{
	if (isinf(crossing->loops)) {
		if (share >= 0.5 + SAME_SHARE || isnan(share))
			return;
		*crossing =
			(struct crossing){ (double)loops, share, fabs(share - 0.5) < SAME_SHARE };
	} else if (crossing->level && share < crossing->share) {
		crossing->loops = crossing->loops / 2 + (double)loops / 2;
		crossing->level = false;
	}
}

struct survival_median survival_median(const struct survival_sample *sorted, size_t count,
				       double confidence)
{
	struct crossing survival = { .loops = INFINITY }, lower = survival, upper = survival;
	struct survival_point point = { .survival = 1 };
	struct survival_curve curve;

	survival_begin(&curve, sorted, count, confidence);
	while (survival_next(&curve, &point)) {
		crossing_step(&survival, point.survival, point.loops);
		crossing_step(&lower, point.lower, point.loops);
		crossing_step(&upper, point.upper, point.loops);
	}
	return (struct survival_median){
		.median = survival.loops,
		.lower = isinf(lower.loops) && point.survival == 0 ? NAN : lower.loops,
		.upper = upper.loops,
	};
}

/* One of the two, with the position of its first VM still at risk. */
struct group {
	const struct survival_sample *sorted;
	size_t count, position;
};

static bool group_left(const struct group *group)
{
	return group->position < group->count;
}

/* When the next VM of either ends; one is left at least. */
static int64_t next_loops(const struct group *a, const struct group *b)
{
	int64_t loops = group_left(a) ? a->sorted[a->position].loops : INT64_MAX;

	if (group_left(b) && b->sorted[b->position].loops < loops)
		return b->sorted[b->position].loops;
	return loops;
}

/* Adds what failed in one loop: of at_risk VMs, at_risk_a of them in group a. */
static void add_failures(struct survival_difference *difference, double failures_a, double failures,
			 double at_risk_a, double at_risk)
{
	double share_a = at_risk_a / at_risk;

	difference->observed_a += failures_a;
	difference->expected_a += failures * share_a;
	if (at_risk > 1)
		difference->variance += failures * share_a * ((at_risk - at_risk_a) / at_risk) *
					((at_risk - failures) / (at_risk - 1));
}

static void take_next(struct survival_difference *difference, struct group *a, struct group *b)
{
	double at_risk_a = (double)(a->count - a->position);
	double at_risk = at_risk_a + (double)(b->count - b->position);
	int64_t loops = next_loops(a, b);
	double failures_a = (double)take(a->sorted, a->count, &a->position, loops);
	double failures_b = (double)take(b->sorted, b->count, &b->position, loops);

	add_failures(difference, failures_a, failures_a + failures_b, at_risk_a, at_risk);
}

struct survival_difference survival_logrank(const struct survival_sample *sorted_a, size_t count_a,
					    const struct survival_sample *sorted_b, size_t count_b)
{
	struct survival_difference difference = { .p = 1 };
	struct group a = { sorted_a, count_a, 0 }, b = { sorted_b, count_b, 0 };
	double excess;

	while (group_left(&a) || group_left(&b))
		take_next(&difference, &a, &b);
	if (difference.variance == 0)
		return difference;
	difference.comparable = true;
	excess = difference.observed_a - difference.expected_a;
	difference.chi_square = excess * excess / difference.variance;
	difference.p = erfc(sqrt(difference.chi_square / 2));
	return difference;
}
