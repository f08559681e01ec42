/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files share that judge by the rules of a gate. */
#ifndef QSOAK_REPORT_GATE_JUDGE_H
#define QSOAK_REPORT_GATE_JUDGE_H

#include <jansson.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>

#include "report/gate.h"

/* More than a store can hold: what a peer says beyond is no count. */
#define JUDGE_COUNT_MAX (INT64_C(1) << 40)

struct judge {
	json_t *report, *comparison;  /* comparison: NULL where there is none */
	const char *base, *candidate; /* builds A and B of the comparison; NULL where it has none */
	const struct gate_rules *rules;
	json_t *judged;
	int64_t count[GATE_VERDICT_COUNT];
};

/* As in the answer; NAN: not known. */
struct judge_figures {
	double value, lower, upper, bound;
};

#define JUDGE_NO_FIGURES ((struct judge_figures){ NAN, NAN, NAN, NAN })

/* What came of a rule; takes sentence over. subject may be NULL. */
void judge_add(struct judge *judge, const char *rule, const char *subject,
	       enum gate_verdict verdict, struct judge_figures figures, char *sentence);

/* The share of loops that fail, and how many loops there were, of each build that is judged. */
void judge_failures(struct judge *judge);

/* Whether failures came more often with the candidate. */
void judge_worse(struct judge *judge);

void judge_slower(struct judge *judge);
void judge_need(struct judge *judge);

/* Members of what a peer has sent. NAN, -1, false where there are none that make sense. */
double judge_number(const json_t *object, const char *key);
int64_t judge_count(const json_t *object, const char *key);
/* The first element of a list whose key says so, or NULL. */
json_t *judge_find(json_t *list, const char *key, const char *expected);

/* A share as rules have it: "5 %"; the caller frees. */
char *judge_percent(double share);

#endif
