// SPDX-License-Identifier: GPL-2.0-or-later
/* Verdicts on metrics. */
#include "report/judge.h"

#include <math.h>

#include "base/mem.h"
#include "base/names.h"
#include "report/power.h"
#include "report/proportion.h"

static const char *const verdict_names[] = {
	[JUDGE_UNCLEAR] = "unclear",
	[JUDGE_SAME] = "same",
	[JUDGE_FASTER] = "faster",
	[JUDGE_SLOWER] = "slower",
};
NAMES_COMPLETE(verdict_names, JUDGE_VERDICT_COUNT);

const char *judge_verdict_name(enum judge_verdict verdict)
{
	return names_of(verdict_names, JUDGE_VERDICT_COUNT, verdict);
}

static enum judge_verdict verdict_of(const struct judged *m, double alpha)
{
	double margin = log1p(m->margin);

	if (m->log_ratio.lower >= -margin && m->log_ratio.upper <= margin)
		return JUDGE_SAME;
	if (m->adjusted_p < alpha && m->log_ratio.estimate != 0)
		return (m->log_ratio.estimate > 0) != m->higher_is_better ? JUDGE_SLOWER
									  : JUDGE_FASTER;
	return JUDGE_UNCLEAR;
}

/* Holm's method asks the next one for this, of so many whose p is not below it yet, those that are the same
 * among them; and fewer blocks cannot have it: the least p of n signed ranks is 2^(1 - n). */
static int64_t more_blocks(const struct judged *m, double alpha, size_t open)
{
	double level = alpha / (double)(open ? open : 1);
	int64_t least = (int64_t)floor(1 - log2(level)) + 1 - (int64_t)m->count;
	int64_t more =
		power_more_blocks(&m->log_ratio, m->count, 1 - alpha, level, log1p(m->margin));

	return more < least ? least : more;
}

void judge(struct judged *metrics, size_t count, double alpha)
{
	auto_free double *p = mem_zalloc((count + 1) * sizeof(*p));
	auto_free double *adjusted = mem_zalloc((count + 1) * sizeof(*adjusted));
	size_t open = 0;

	for (size_t i = 0; i < count; i++) {
		struct judged *m = &metrics[i];

		m->log_ratio = rank_hodges_lehmann(m->differences, m->count, 1 - alpha);
		m->p = p[i] = rank_signed(m->differences, m->count).p;
	}
	proportion_holm(p, count, adjusted);
	for (size_t i = 0; i < count; i++) {
		metrics[i].adjusted_p = adjusted[i];
		metrics[i].verdict = verdict_of(&metrics[i], alpha);
		metrics[i].detectable = power_detectable(&metrics[i].log_ratio, 1 - alpha, alpha);
		open += !(adjusted[i] < alpha);
	}
	for (size_t i = 0; i < count; i++)
		metrics[i].more_blocks = metrics[i].verdict == JUDGE_UNCLEAR
						 ? more_blocks(&metrics[i], alpha, open)
						 : 0;
}

enum judge_verdict judge_whole(const struct judged *metrics, size_t count)
{
	size_t seen[JUDGE_VERDICT_COUNT] = { 0 };

	for (size_t i = 0; i < count; i++)
		seen[metrics[i].verdict]++;
	if (seen[JUDGE_SLOWER])
		return JUDGE_SLOWER;
	if (seen[JUDGE_UNCLEAR] || !count)
		return JUDGE_UNCLEAR;
	return seen[JUDGE_FASTER] ? JUDGE_FASTER : JUDGE_SAME;
}
