// SPDX-License-Identifier: GPL-2.0-or-later
/* Counting, the stop rule's counts, and the verdict. */
#include "campaign/tally.h"

#include <fnmatch.h>
#include <string.h>

#include "base/mem.h"

struct tally {
	const struct profile *profile;
	struct tally_counts counts;
	int64_t *loops; /* by build */
	unsigned *seen; /* how often, by expectation, then build */
};

struct tally *tally_new(const struct profile *profile)
{
	struct tally *tally = mem_new(struct tally);

	tally->profile = profile;
	tally->loops = mem_zalloc(profile->build_count * sizeof(*tally->loops));
	tally->seen =
		mem_zalloc(profile->expect_count * profile->build_count * sizeof(*tally->seen) + 1);
	return tally;
}

void tally_free(struct tally *tally)
{
	if (!tally)
		return;
	free(tally->loops);
	free(tally->seen);
	free(tally);
}

bool tally_vm(struct tally *tally)
{
	unsigned attempts = tally->profile->replay.attempts;

	if (attempts && tally->counts.vms == attempts)
		return false;
	tally->counts.vms++;
	return true;
}

void tally_operations(struct tally *tally, int64_t count)
{
	tally->counts.operations += count;
}

void tally_loops(struct tally *tally, size_t build, int64_t count)
{
	tally->counts.loops += count;
	tally->loops[build] += count;
}

static bool concerns(const struct profile_expectation *expectation, const char *build)
{
	return !expectation->build || !strcmp(expectation->build, build);
}

static bool matches(const struct profile_expectation *expectation, const char *title)
{
	return title && fnmatch(expectation->signature, title, 0) == 0;
}

bool tally_expects(struct tally *tally, const char *build, const char *signature,
		   const char *alternative)
{
	const struct profile *profile = tally->profile;
	bool expected = false;

	for (size_t b = 0; b < profile->build_count; b++) {
		if (strcmp(profile->builds[b].name, build))
			continue;
		for (size_t e = 0; e < profile->expect_count; e++) {
			const struct profile_expectation *expectation = &profile->expect[e];

			if (!concerns(expectation, build) || (!matches(expectation, signature) &&
							      !matches(expectation, alternative)))
				continue;
			tally->seen[e * profile->build_count + b]++;
			expected = true;
		}
	}
	return expected;
}

void tally_failure(struct tally *tally, bool host, bool expected)
{
	if (host)
		tally->counts.host++;
	else if (expected)
		tally->counts.expected++;
	else
		tally->counts.failures++;
}

const struct tally_counts *tally_counts(const struct tally *tally)
{
	return &tally->counts;
}

bool tally_done(const struct tally *tally)
{
	const struct profile *profile = tally->profile;

	return (profile->stop_loops && tally->counts.loops >= profile->stop_loops) ||
	       (profile->stop_failures && tally->counts.failures >= profile->stop_failures);
}

/* Whether VMs boot with it; other builds are but where migrations go to: see plan_build(). */
static bool has_slot(const struct profile *profile, size_t build)
{
	return build < (profile->one_build ? 1 : profile->vms);
}

/* How often expectation e was seen of a build. Where all VMs boot with one, what comes of the builds that
 * they migrate to is that one's, too. */
static unsigned times_seen(const struct tally *tally, size_t e, size_t build)
{
	const struct profile *profile = tally->profile;
	const unsigned *seen = &tally->seen[e * profile->build_count];
	unsigned sum = 0;

	if (!profile->one_build)
		return seen[build];
	for (size_t b = 0; b < profile->build_count; b++)
		sum += seen[b];
	return sum;
}

/* Whether expectation e has to be seen of a build. */
static bool is_due(const struct profile *profile, size_t e, size_t build)
{
	return profile->one_build ? build == 0
				  : concerns(&profile->expect[e], profile->builds[build].name);
}

/* Whether something is expected of it, and all of that has been seen. */
static bool fulfilled(const struct tally *tally, size_t build)
{
	const struct profile *profile = tally->profile;
	bool any = false;

	for (size_t e = 0; e < profile->expect_count; e++) {
		if (!is_due(profile, e, build))
			continue;
		if (times_seen(tally, e, build) < profile->expect[e].times)
			return false;
		any = true;
	}
	return any;
}

bool tally_build_done(const struct tally *tally, size_t build)
{
	const struct profile *profile = tally->profile;

	return (profile->stop_expected && fulfilled(tally, build)) ||
	       (profile->stop_loops_per_build &&
		tally->loops[build] >= profile->stop_loops_per_build);
}

bool tally_next_unseen(const struct tally *tally, size_t *position, struct tally_unseen *ret_unseen)
{
	const struct profile *profile = tally->profile;

	while (profile->stop_expected && *position < profile->expect_count * profile->build_count) {
		size_t e = *position / profile->build_count;
		size_t b = (*position)++ % profile->build_count;
		const struct profile_expectation *expectation = &profile->expect[e];
		unsigned seen = times_seen(tally, e, b);

		if (seen >= expectation->times || !is_due(profile, e, b))
			continue;
		*ret_unseen =
			(struct tally_unseen){ expectation->build ? expectation->build
								  : profile->builds[b].name,
					       expectation->signature, seen, expectation->times };
		return true;
	}
	return false;
}

bool tally_next_short(const struct tally *tally, size_t *position, struct tally_short *ret_short)
{
	const struct profile *profile = tally->profile;

	while (*position < profile->build_count) {
		size_t b = (*position)++;

		if (!has_slot(profile, b) || tally->loops[b] >= profile->stop_loops_per_build ||
		    (profile->stop_expected && fulfilled(tally, b)))
			continue;
		*ret_short = (struct tally_short){ profile->builds[b].name, tally->loops[b],
						   profile->stop_loops_per_build };
		return true;
	}
	return false;
}

enum exit_code tally_verdict(const struct tally *tally)
{
	const struct tally_counts *counts = &tally->counts;
	struct tally_unseen unseen;
	struct tally_short few;
	size_t position = 0, at = 0;

	if (counts->failures)
		return EXIT_FAILURES;
	if (counts->host)
		return EXIT_HOST;
	if (tally_next_unseen(tally, &position, &unseen) || tally_next_short(tally, &at, &few))
		return EXIT_INCONCLUSIVE;
	/* A build that fails before its first loop, and was meant to, has shown what it had to. */
	if (counts->loops || (tally->profile->stop_expected && counts->expected))
		return EXIT_CLEAN;
	return EXIT_INCONCLUSIVE;
}
