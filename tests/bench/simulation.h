/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Campaigns that never ran: what the samples of two builds look like on a host that is not quiet.
 *
 * Loops follow each other, and the host's state goes on from one to the next, over VMs and blocks.
 * Everything is a function of the seed.
 */
#ifndef QSOAK_TESTS_BENCH_SIMULATION_H
#define QSOAK_TESTS_BENCH_SIMULATION_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/random.h"

enum simulation_kind {
	SIMULATION_DRIFT,	    /* by up to 15 % over the campaign, and back and forth */
	SIMULATION_AUTOCORRELATION, /* of 0.95 from loop to loop: slow minutes, fast minutes */
	SIMULATION_OUTLIERS,	    /* single loops and whole VMs that take many times as long */
	SIMULATION_BIMODAL,	    /* each VM is either fast or 15 % slower, as its memory lies */
	SIMULATION_KINDS,
};

static const char *const simulation_names[] = { "drift", "autocorrelation", "outliers", "bimodal" };

#define SIMULATION_WARM_UP 2 /* loops of a VM, 30 % slower */
#define SIMULATION_LOOPS 8   /* after them */

struct simulation {
	enum simulation_kind kind;
	uint64_t seed, drawn;
	size_t loop, loops; /* the next, of all */
	double slope, swing, phase, slow;
};

static inline double simulation_uniform(struct simulation *s)
{
	return ((double)(random_mix(s->seed ^ ++s->drawn) >> 11) + 0.5) / 9007199254740992.0;
}

static inline double simulation_normal(struct simulation *s)
{
	double radius = sqrt(-2 * log(simulation_uniform(s)));

	return radius * cos(2 * M_PI * simulation_uniform(s));
}

static inline void simulation_begin(struct simulation *s, enum simulation_kind kind, uint64_t seed,
				    size_t vms)
{
	*s = (struct simulation){
		.kind = kind,
		.seed = random_mix(random_mix(seed) ^ kind),
		.loops = vms * (SIMULATION_WARM_UP + SIMULATION_LOOPS),
	};
	s->slope = 0.3 * (simulation_uniform(s) - 0.5);
	s->swing = 0.05 * simulation_uniform(s);
	s->phase = 2 * M_PI * simulation_uniform(s);
	s->slow = simulation_normal(s);
}

/* What the host adds to the logarithm of the loop's duration. */
static inline double simulation_host(struct simulation *s)
{
	double t = (double)s->loop++ / (double)s->loops;

	switch (s->kind) {
	case SIMULATION_DRIFT:
		return s->slope * t + s->swing * sin(10 * t + s->phase) +
		       0.05 * simulation_normal(s);
	case SIMULATION_AUTOCORRELATION:
		s->slow = 0.95 * s->slow + sqrt(1 - 0.95 * 0.95) * simulation_normal(s);
		return 0.08 * s->slow + 0.02 * simulation_normal(s);
	case SIMULATION_OUTLIERS:
		/* Pareto's distribution: the mean of what is above has no variance. */
		return 0.03 * simulation_normal(s) +
		       (simulation_uniform(s) < 0.1 ? -log(simulation_uniform(s)) / 1.5 : 0);
	default:
		return 0.03 * simulation_normal(s);
	}
}

/* The VM's own, for all of its loops. */
static inline double simulation_vm_share(struct simulation *s)
{
	if (s->kind == SIMULATION_OUTLIERS)
		return 0.02 * simulation_normal(s) +
		       (simulation_uniform(s) < 0.05 ? -log(simulation_uniform(s)) : 0);
	if (s->kind == SIMULATION_BIMODAL)
		return 0.02 * simulation_normal(s) + (simulation_uniform(s) < 0.5 ? 0.15 : 0);
	return 0.02 * simulation_normal(s);
}

static inline int simulation_compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* The median of a VM's loops after the warm-up; duration is the build's, in any unit. */
static inline double simulation_vm(struct simulation *s, double duration)
{
	double samples[SIMULATION_LOOPS], own = simulation_vm_share(s);

	for (size_t i = 0; i < SIMULATION_WARM_UP; i++)
		simulation_host(s);
	for (size_t i = 0; i < SIMULATION_LOOPS; i++)
		samples[i] = duration * exp(own + simulation_host(s));
	qsort(samples, SIMULATION_LOOPS, sizeof(*samples), simulation_compare);
	return (samples[SIMULATION_LOOPS / 2 - 1] + samples[SIMULATION_LOOPS / 2]) / 2;
}

/* Blocks of one VM each, in random order: the logarithms of B's median by A's. */
static inline void simulation_blocks(enum simulation_kind kind, uint64_t seed, double ratio,
				     double *ret_differences, size_t blocks)
{
	struct simulation s;

	simulation_begin(&s, kind, seed, 2 * blocks);
	for (size_t i = 0; i < blocks; i++) {
		bool swapped = simulation_uniform(&s) < 0.5;
		double first = simulation_vm(&s, swapped ? ratio : 1);
		double second = simulation_vm(&s, swapped ? 1 : ratio);

		ret_differences[i] = swapped ? log(first / second) : log(second / first);
	}
}

/* All VMs of A, then all of B, both alike: their medians. */
static inline void simulation_in_turn(enum simulation_kind kind, uint64_t seed, double *ret_a,
				      double *ret_b, size_t vms)
{
	struct simulation s;

	simulation_begin(&s, kind, seed, 2 * vms);
	for (size_t i = 0; i < vms; i++)
		ret_a[i] = simulation_vm(&s, 1);
	for (size_t i = 0; i < vms; i++)
		ret_b[i] = simulation_vm(&s, 1);
}

#endif
