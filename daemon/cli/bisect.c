// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * qsoak bisect: which of a list of builds is the first that has a failure, or the first without it.
 *
 * Theory of operation: the bad end is measured until the failure has come BISECT_FAILURES times, which
 * bounds its rate from below. That says how many loops without it are enough to call a build good: first
 * the good end, then one build after the other, by halves. A build is bad at the first failure that
 * matches; others are counted apart and mean nothing, but are told where they are of its class. Without
 * --signature, a campaign before that says which failure is meant: what has chosen it does not measure
 * it.
 */
#include "cli/bisect.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/mem.h"
#include "base/pattern.h"
#include "cli/trial.h"
#include "report/bisect.h"
#include "report/field.h"
#include "report/report.h"
#include "report/text.h"

/* Failures of the bad end that its rate is measured by: with fewer the bound is low, and builds take
 * many loops; more take their time themselves. */
#define BISECT_FAILURES 5

/* Loops of one campaign, where --loops does not say how many at most. */
#define BISECT_LOOPS_MAX 10000

#define BISECT_CONFIDENCE 0.95

struct search {
	struct trials *trials;
	struct cli_build *builds; /* in the order of the list */
	size_t count;
	struct bisect range;
	double confidence, alpha; /* of the whole; of one conclusion */
	int64_t limit;		  /* loops of a campaign */
	char *pattern;
	char *class;   /* of the failure, or NULL: not yet measured */
	double rate;   /* of the failure, at least */
	int64_t loops; /* without it that make a build good */

	json_t *steps, *warnings;
	int64_t total_loops, total_ns;
	char *reason; /* why there is no answer, or NULL */
};

/* What a part of the search returns, besides a negative error. */
enum { GO_ON = 0, LEFT = 1, CANNOT_TELL = 2 };

static const char *name_of(const struct search *search, size_t at)
{
	return search->builds[at].name;
}

static size_t bad_end(const struct search *search)
{
	return search->range.bad_at_high ? search->range.high : search->range.low;
}

static size_t good_end(const struct search *search)
{
	return search->range.bad_at_high ? search->range.low : search->range.high;
}

/* A line, and an element of the result. */
static void record(struct search *search, size_t at, const char *purpose, int64_t loops,
		   const struct trial *trial)
{
	json_t *step = trial_describe(trial, name_of(search, at), loops);
	auto_free char *name = text_printable(name_of(search, at));
	auto_free char *done = text_count(trial->loops, "loop");
	auto_free char *failures = text_count(trial->matches, "failure");
	auto_free char *others = text_count(trial->others, "other");

	search->total_loops += trial->loops;
	search->total_ns += trial->duration_ns;
	fprintf(stderr, "%s: build %s is %s: %s in %s of %" PRId64 "%s%s\n", purpose, name,
		trial_verdict(trial, loops), failures, done, loops, trial->others ? ", and " : "",
		trial->others ? others : "");
	json_object_set_new(step, "purpose", json_string(purpose));
	json_object_set_new(step, "duration_ns", json_integer(trial->duration_ns));
	json_array_append_new(search->steps, step);
}

static int try_build(struct search *search, size_t at, const char *purpose, const char *pattern,
		     int64_t times, int64_t loops, struct trial *ret_trial, struct err *err)
{
	int r = trial_run(search->trials, &search->builds[at], pattern, times, loops, ret_trial,
			  err);

	if (r == 0)
		record(search, at, purpose, loops, ret_trial);
	return r;
}

static int nothing_seen(struct search *search, const struct trial *trial)
{
	search->reason =
		trial->cannot_boot
			? mem_printf("build %s cannot boot", name_of(search, bad_end(search)))
			: mem_printf("build %s, which is to be bad, has done %" PRId64
				     " loops without the failure",
				     name_of(search, bad_end(search)), trial->loops);
	return CANNOT_TELL;
}

/* Which failure is meant, where nobody says. */
static int choose(struct search *search, const char *pattern, struct err *err)
{
	struct trial trial = { 0 };
	int r;

	if (pattern) {
		search->pattern = mem_strdup(pattern);
		return GO_ON;
	}
	r = try_build(search, bad_end(search), "choose", "*", BISECT_FAILURES, search->limit,
		      &trial, err);
	if (r == 0 && trial.signature)
		search->pattern = pattern_literal(trial.signature);
	else if (r == 0)
		r = nothing_seen(search, &trial);
	trial_finish(&trial);
	return r;
}

/* How rare it can be, and so how long a good build has to go without. */
static int measure(struct search *search, struct err *err)
{
	auto_free char *pattern = text_printable(search->pattern);
	struct trial trial = { 0 };
	int r;

	fprintf(stderr, "the failure: %s\n", pattern);
	r = try_build(search, bad_end(search), "measure", search->pattern, BISECT_FAILURES,
		      search->limit, &trial, err);
	if (r == 0 && !trial.matches)
		r = nothing_seen(search, &trial);
	if (r == 0 && trial.class)
		search->class = mem_strdup(trial.class);
	if (r == 0) {
		auto_free char *share = NULL;

		/* What came behind the last one that was waited for does not count. */
		search->rate = bisect_rate_lower(trial.matches < BISECT_FAILURES ? trial.matches
										 : BISECT_FAILURES,
						 trial.loops_begun, search->alpha);
		search->loops = bisect_loops(search->rate, search->alpha);
		/* Some failures come with a VM's age: many loops of young ones would say nothing. */
		if (search->loops < trial.age_loops)
			search->loops = trial.age_loops;
		share = text_percent(search->rate);
		fprintf(stderr,
			"at least %s of its loops fail: %" PRId64 " loops without it are "
			"a good build\n",
			share, search->loops);
	}
	trial_finish(&trial);
	if (r == 0 && search->loops > search->limit) {
		search->reason = mem_printf("a build would take %" PRId64 " loops, --loops allows "
					    "%" PRId64,
					    search->loops, search->limit);
		r = CANNOT_TELL;
	}
	return r;
}

/* A good build that fails likewise, but under another title, may be a bad one. */
static void warn_of_likes(struct search *search, size_t at, const struct trial *trial)
{
	int64_t likes = search->class ? field_integer(trial->others_of, search->class) : 0;

	if (trial->matches || trial->loops < search->loops || !likes)
		return;
	json_array_append_new(search->warnings,
			      json_pack("{s:s, s:s, s:I, s:I}", "build", name_of(search, at),
					"class", search->class, "failures", (json_int_t)likes,
					"campaign", (json_int_t)trial->campaign));
}

static int judge(struct search *search, size_t at, const char *purpose, bool *ret_bad,
		 struct err *err)
{
	struct trial trial = { 0 };
	int r = try_build(search, at, purpose, search->pattern, 1, search->loops, &trial, err);

	if (r == 0 && !trial.matches && trial.loops < search->loops) {
		search->reason =
			trial.cannot_boot
				? mem_printf("build %s cannot boot", name_of(search, at))
				: mem_printf("build %s has done %" PRId64 " loops of %" PRId64,
					     name_of(search, at), trial.loops, search->loops);
		r = CANNOT_TELL;
	}
	if (r == 0)
		warn_of_likes(search, at, &trial);
	*ret_bad = trial.matches;
	trial_finish(&trial);
	return r;
}

static int find(struct search *search, const char *pattern, struct err *err)
{
	bool bad = false;
	size_t at;
	int r = choose(search, pattern, err);

	if (r == 0)
		r = measure(search, err);
	if (r == 0)
		r = judge(search, good_end(search), "verify", &bad, err);
	if (r == 0 && bad) {
		search->reason = mem_printf("build %s, which is to be good, has the failure too",
					    name_of(search, good_end(search)));
		return CANNOT_TELL;
	}
	while (r == 0 && bisect_next(&search->range, &at)) {
		r = judge(search, at, "test", &bad, err);
		if (r == 0)
			bisect_learn(&search->range, at, bad);
	}
	return r;
}

/* How many builds were tried. */
static int64_t count_builds(json_t *steps)
{
	auto_json json_t *names = json_object();
	json_t *step;
	size_t i;

	json_array_foreach(steps, i, step)
		json_object_set_new(names, field_text(step, "build"), json_true());
	return (int64_t)json_object_size(names);
}

static json_t *result(const struct search *search)
{
	const char *found = search->reason ? NULL : name_of(search, search->range.high);

	return json_pack("{s:s?, s:s, s:s?, s:s?, s:f, s:f, s:I, s:I, s:I, s:I, s:O, s:O}", "found",
			 found, "direction", search->range.bad_at_high ? "with" : "without",
			 "signature", search->pattern, "reason", search->reason, "confidence",
			 search->confidence, "rate_lower", search->rate, "loops_per_good_build",
			 (json_int_t)search->loops, "loops", (json_int_t)search->total_loops,
			 "builds", (json_int_t)count_builds(search->steps), "duration_ns",
			 (json_int_t)search->total_ns, "steps", search->steps, "warnings",
			 search->warnings);
}

static void print_warnings(json_t *warnings, FILE *out)
{
	json_t *warning;
	size_t i;

	json_array_foreach(warnings, i, warning) {
		auto_free char *build = text_printable(field_text(warning, "build"));
		auto_free char *class = text_printable(field_text(warning, "class"));
		auto_free char *failures =
			text_count(field_integer(warning, "failures"), "failure");

		fprintf(out,
			"warning: build %s counts as good, but has %s of class %s under other "
			"titles: qsoak failures --campaign %" PRId64 "\n",
			build, failures, class, field_integer(warning, "campaign"));
	}
}

static void print_result(json_t *value, FILE *out)
{
	auto_free char *found = text_printable(field_text(value, "found"));
	auto_free char *reason = text_printable(field_text(value, "reason"));
	auto_free char *signature = text_printable(field_text(value, "signature"));
	auto_free char *confidence =
		text_percent(json_number_value(json_object_get(value, "confidence")));
	auto_free char *loops = text_count(field_integer(value, "loops"), "loop");
	auto_free char *builds = text_count(field_integer(value, "builds"), "build");
	auto_free char *took = text_long_duration(field_integer(value, "duration_ns"));

	if (field_known(value, "found"))
		fprintf(out, "the first build %s \"%s\" is %s, with %s confidence: %s in %s, %s\n",
			field_text(value, "direction"), signature, found, confidence, loops, builds,
			took);
	else
		fprintf(out, "cannot tell: %s: %s in %s, %s\n", reason, loops, builds, took);
	print_warnings(json_object_get(value, "warnings"), out);
}

/* A build is called by its name, or as it stands in the list. */
static int find_build(const struct search *search, const char *const *list, const char *option,
		      const char *name, size_t *ret_at, struct err *err)
{
	for (size_t i = 0; i < search->count; i++) {
		if (strcmp(search->builds[i].name, name) && strcmp(list[i], name))
			continue;
		*ret_at = i;
		return 0;
	}
	return err_set(err, -EINVAL, "%s: found %s, expected one of the builds of the list", option,
		       name);
}

static int read_builds(struct search *search, const char *const *list, struct err *err)
{
	int r = 0;

	while (list[search->count])
		search->count++;
	search->builds = mem_zalloc((search->count + 1) * sizeof(*search->builds));
	for (size_t i = 0; r == 0 && i < search->count; i++) {
		r = cli_build_parse("BUILD", list[i], &search->builds[i], err);
		for (size_t j = 0; r == 0 && j < i; j++)
			if (!strcmp(name_of(search, i), name_of(search, j)))
				r = err_set(err, -EINVAL, "BUILD: found %s twice", list[i]);
	}
	return r;
}

static int read_range(struct search *search, const struct cli *cli, struct err *err)
{
	size_t good = 0, bad = 0;
	int r = read_builds(search, cli->arguments, err);

	if (r == 0)
		r = find_build(search, cli->arguments, "--good", cli->good, &good, err);
	if (r == 0)
		r = find_build(search, cli->arguments, "--bad", cli->bad, &bad, err);
	if (r == 0 && good == bad)
		r = err_set(err, -EINVAL, "--good and --bad are the same build");
	if (r == 0)
		search->range = good < bad ? (struct bisect){ good, bad, true }
					   : (struct bisect){ bad, good, false };
	return r;
}

static int check_options(const struct cli *cli, struct err *err)
{
	if (!cli->profile || !cli->good || !cli->bad)
		return err_set(err, -EINVAL, "bisect: --%s is missing",
			       !cli->profile ? "profile"
			       : !cli->good  ? "good"
					     : "bad");
	if (cli->rate || json_object_get(cli->overrides, "builds") ||
	    json_array_size(cli->registered))
		return err_set(err, -EINVAL, "bisect: --%s goes with --run",
			       cli->rate ? "rate" : "build");
	return 0;
}

static int search_begin(struct search *search, const struct cli *cli, struct err *err)
{
	int r = check_options(cli, err);

	search->steps = json_array();
	search->warnings = json_array();
	search->confidence = cli->confidence > 0 ? cli->confidence : BISECT_CONFIDENCE;
	if (r == 0)
		r = read_range(search, cli, err);
	if (r == 0)
		r = trials_loops(cli, &search->limit, err);
	if (r == 0 && !search->limit)
		search->limit = BISECT_LOOPS_MAX;
	if (r == 0)
		r = trials_new(cli, &search->trials, err);
	if (r == 0)
		search->alpha = (1 - search->confidence) / bisect_decisions(&search->range);
	return r;
}

static void search_finish(struct search *search)
{
	for (size_t i = 0; i < search->count; i++)
		cli_build_finish(&search->builds[i]);
	free(search->builds);
	free(search->pattern);
	free(search->class);
	free(search->reason);
	json_decref(search->steps);
	json_decref(search->warnings);
}

static int print(const struct search *search, bool json, struct err *err)
{
	auto_json json_t *value = result(search);

	if (!value)
		return err_set(err, -EINVAL, "a name is not UTF-8 text");
	return report_print(value, print_result, json, stdout, err);
}

int cli_bisect(const struct cli *cli)
{
	struct search search = { 0 };
	struct err err = { 0 };
	int code, r;

	if (cli->predicate)
		return bisect_run(cli);
	r = search_begin(&search, cli, &err);
	if (r == 0)
		r = find(&search, cli->signature, &err);
	code = trials_end(search.trials, r, &err);
	if (code < 0)
		code = print(&search, cli->json, &err) < 0 ? cli_error(&err)
		       : search.reason			   ? EXIT_INCONCLUSIVE
							   : EXIT_CLEAN;
	search_finish(&search);
	return code;
}
