/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How many loops a VM lasts: estimate of right-censored loops to failure, and a test between two.
 *
 * Loops are finished loops, 0 or more; a failure in the first loop has 0, and counts like any other.
 * Who was censored after as many loops as another failed was at risk of that failure. Nothing is
 * kept and nothing can fail; samples are borrowed. confidence lies between 0 and 1, such as 0.95.
 */
#ifndef QSOAK_REPORT_SURVIVAL_H
#define QSOAK_REPORT_SURVIVAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One VM. */
struct survival_sample {
	int64_t loops;
	bool failed; /* false: censored, it ended for another reason or goes on */
};

/* By loops, in place: what the other functions take as sorted. qsort() may allocate while it runs. */
void survival_sort(struct survival_sample *samples, size_t count);

/* A step of the estimate: a number of loops after which some failed. */
struct survival_point {
	int64_t loops;
	size_t at_risk;	     /* VMs that had neither failed nor been censored before */
	size_t failures;     /* in exactly these loops */
	double survival;     /* the share that lasts longer, 0 to 1 */
	double variance;     /* of survival; 0 where survival is 0, the formula's limit */
	double lower, upper; /* pointwise interval of survival; NaN where survival is 0 */
};

/* The estimate under way, for the stack; its members are its own. */
struct survival_curve {
	const struct survival_sample *sorted;
	size_t count, position;
	double z, survival, greenwood;
};

void survival_begin(struct survival_curve *curve, const struct survival_sample *sorted,
		    size_t count, double confidence);

/* The next step down, by loops; false after the last. Kaplan and Meier, JASA 53 (1958); variance
 * by Greenwood (1926); interval by the log(-log) transform, Kalbfleisch and Prentice, The
 * Statistical Analysis of Failure Time Data. Each exact to about 1e-12 of its size. */
bool survival_next(struct survival_curve *curve, struct survival_point *ret_point);

/* In loops, and half loops: where the estimate is one half from one step to the next, the middle
 * between both. INFINITY: not reached by these samples. */
struct survival_median {
	double median;
	double lower; /* NaN: not known, survival fell to 0 where it still had none */
	double upper;
};

/* lower, median and upper may each be not reached, upper most often; NaN is for a group most of which
 * failed in the same loop, its last, where no variance is left to judge by.
 * Brookmeyer and Crowley, Biometrics 38 (1982), with the intervals of survival_next(); as R's
 * survfit(conf.type = "log-log"), whose NA is INFINITY or NaN here. No samples: nothing is reached. */
struct survival_median survival_median(const struct survival_sample *sorted, size_t count,
				       double confidence);

/* Whether two groups fail alike. Group b has the rest: its observed and expected differ from one
 * another as much, the other way round. */
struct survival_difference {
	bool comparable;   /* false: nothing to compare, chi_square 0 and p 1 */
	double observed_a; /* failures of group a */
	double expected_a; /* what they would be if both groups failed alike: above means sooner */
	double variance;   /* of observed_a - expected_a */
	double chi_square; /* 1 degree of freedom, 0 or more */
	double p;	   /* 0 to 1; 0 below 1e-308 */
};

/* The log-rank test, with the hypergeometric variance for ties. Mantel, Cancer Chemotherapy Reports
 * 50 (1966); as R's survdiff(rho = 0). Groups are not comparable (variance 0) where no loop had failures
 * while both groups had VMs at risk and some of these went on: one group is empty, nobody failed,
 * one was over before the other began to fail, or all failed in the same loop. */
struct survival_difference survival_logrank(const struct survival_sample *sorted_a, size_t count_a,
					    const struct survival_sample *sorted_b, size_t count_b);

#endif
