// SPDX-License-Identifier: GPL-2.0-or-later
/* One campaign after the other, each a search on one build. */
#include "cli/trial.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/random.h>

#include "base/mem.h"
#include "campaign/profile.h"
#include "cli/choice.h"
#include "cli/profiles.h"
#include "report/field.h"

struct trials {
	const struct cli *cli;
	struct session *session; /* NULL before the first */
	struct profile *profile;
	json_t *arguments; /* what those of all trials have in common */
	int64_t vms;
};

/* 0 where the option is not given. */
static int get_number(const struct cli *cli, const char *option, int64_t max, int64_t *ret_value,
		      struct err *err)
{
	int64_t value = field_integer(cli->overrides, option);

	if (json_object_get(cli->overrides, option) && (value < 1 || value > max))
		return err_set(err, -EINVAL, "--%s: found %" PRId64 ", expected 1 to %" PRId64,
			       option, value, max);
	*ret_value = value;
	return 0;
}

int trials_loops(const struct cli *cli, int64_t *ret_loops, struct err *err)
{
	return get_number(cli, "loops", PROFILE_STOP_LOOPS_MAX, ret_loops, err);
}

int trials_new(const struct cli *cli, struct trials **ret_trials, struct err *err)
{
	struct trials *trials = mem_new(struct trials);
	json_t *text;
	int r;

	trials->cli = cli;
	trials->arguments = json_pack("{s:s}", "on-failure", "go-on");
	r = get_number(cli, "vms", PROFILE_VMS_MAX, &trials->vms, err);
	if (r == 0)
		r = profiles_add(trials->arguments, cli->profile, err);
	text = json_object_get(trials->arguments, "profile");
	if (r == 0)
		r = profile_parse(json_string_value(text), json_string_length(text),
				  field_text(trials->arguments, "name"), &trials->profile, err);
	if (r < 0) {
		trials_end(trials, 1, err);
		return r;
	}
	if (!trials->vms)
		trials->vms = trials->profile->vms;
	json_object_set_new(trials->arguments, "vms", json_integer(trials->vms));
	*ret_trials = trials;
	return 0;
}

int trials_end(struct trials *trials, int r, const struct err *err)
{
	int code = session_end(trials ? trials->session : NULL, r, err);

	if (!trials)
		return code;
	profile_free(trials->profile);
	json_decref(trials->arguments);
	free(trials);
	return code;
}

static int make_arguments(const struct trials *trials, const struct cli_build *build,
			  const char *pattern, int64_t times, int64_t loops, json_t **ret_arguments,
			  struct err *err)
{
	auto_json json_t *arguments = json_copy(trials->arguments);
	auto_free char *seed = NULL;
	json_t *search = json_pack("{s:s, s:I, s:I}", "signature", pattern, "times",
				   (json_int_t)times, "loops", (json_int_t)loops);
	uint64_t random;
	int r;

	if (json_object_set_new(arguments, "search", search) < 0)
		return err_set(err, -EINVAL, "--signature: not UTF-8");
	if (getrandom(&random, sizeof(random), 0) < 0)
		return err_set_errno(err, errno, "getrandom");
	seed = mem_printf("%" PRIu64, random);
	json_object_set_new(arguments, "seed", json_string(seed));
	r = choice_add(arguments, trials->profile, build->name, build->binary, NULL, NULL, err);
	if (r == 0)
		*ret_arguments = json_incref(arguments);
	return r;
}

/* The title that a failure of the row is looked for by on other builds: of a crash not the one of its frames,
 * where another build may have one more, but what it was doing. Borrowed. */
static const char *lasting_title(json_t *failure)
{
	const char *class = field_text(failure, "class");
	const char *alternative = field_text(failure, "alternative");

	return class && !strcmp(class, "crash") && alternative ? alternative
							       : field_text(failure, "signature");
}

static void count_one(json_t *counts, const char *key)
{
	json_object_set_new(counts, key, json_integer(field_integer(counts, key) + 1));
}

struct counting {
	struct trial *trial;
	json_t *matches; /* how often each title and class came: {CLASS: {TITLE: count}} */
	int64_t oldest;	 /* loops of a match, with the one that failed; 0: none did */
};

/* Nothing but what is looked for is expected: see profile_set_search(). */
static int count_failure(void *ctx, json_t *failure, struct err *err)
{
	struct counting *counting = ctx;
	struct trial *trial = counting->trial;
	const char *class = field_text(failure, "class"), *title = lasting_title(failure);
	int64_t age = field_integer(failure, "loops") + 1;

	(void)err;
	if (!class || !title) {
		trial->others++;
	} else if (field_integer(failure, "expected")) {
		if (!json_object_get(counting->matches, class))
			json_object_set_new(counting->matches, class, json_object());
		count_one(json_object_get(counting->matches, class), title);
		trial->matches++;
		if (age > counting->oldest)
			counting->oldest = age;
	} else if (!strcmp(class, "host")) {
		trial->host++;
	} else {
		count_one(trial->others_of, class);
		trial->others++;
	}
	return 0;
}

static void find_most_frequent(json_t *matches, struct trial *trial)
{
	const char *class, *title;
	json_t *titles, *count;
	int64_t most = 0;

	json_object_foreach(matches, class, titles) {
		json_object_foreach(titles, title, count) {
			if (json_integer_value(count) <= most)
				continue;
			most = json_integer_value(count);
			free(trial->signature);
			free(trial->class);
			trial->signature = mem_strdup(title);
			trial->class = mem_strdup(class);
		}
	}
}

static int count_failures(const struct trials *trials, struct trial *trial, struct err *err)
{
	auto_json json_t *matches = json_object();
	struct counting counting = { .trial = trial, .matches = matches };
	int r;

	trial->others_of = json_object();
	r = source_list(session_source(trials->session), "query-failures", "failures",
			json_pack("{s:I}", "campaign", (json_int_t)trial->campaign), count_failure,
			&counting, err);
	trial->age_loops = trials->vms * counting.oldest;
	find_most_frequent(matches, trial);
	return r;
}

static void count_loops(const struct trials *trials, json_t *report, struct trial *trial)
{
	json_t *campaign = json_object_get(report, "campaign");

	trial->loops = field_integer(campaign, "loops");
	trial->duration_ns =
		field_integer(campaign, "ended_unix_ns") - field_integer(campaign, "began_unix_ns");
	trial->loops_begun = trial->loops + field_integer(campaign, "failures") + trials->vms;
}

static int run(struct trials *trials, json_t *arguments, struct trial *ret_trial, struct err *err)
{
	struct session_campaign campaign = { 0 };
	struct trial trial = { 0 };
	auto_json json_t *report = NULL;
	int r = 0;

	if (!trials->session)
		r = session_open(trials->cli, &trials->session, err);
	if (r == 0)
		r = session_run(trials->session, "run", json_incref(arguments), true, &campaign,
				err);
	if (r == 0 && campaign.code == EXIT_INTERRUPTED)
		return 1;
	if (r == 0)
		r = source_get(session_source(trials->session), "query-report",
			       json_pack("{s:I}", "campaign", (json_int_t)campaign.id), &report,
			       err);
	if (r != 0)
		return r;
	trial.campaign = campaign.id;
	count_loops(trials, report, &trial);
	r = count_failures(trials, &trial, err);
	trial.cannot_boot = campaign.code == EXIT_HOST && !trial.host;
	if (r < 0)
		trial_finish(&trial);
	else
		*ret_trial = trial;
	return r;
}

int trial_run(struct trials *trials, const struct cli_build *build, const char *pattern,
	      int64_t times, int64_t loops, struct trial *ret_trial, struct err *err)
{
	auto_json json_t *arguments = NULL;
	int r = make_arguments(trials, build, pattern, times, loops, &arguments, err);

	return r < 0 ? r : run(trials, arguments, ret_trial, err);
}

void trial_finish(struct trial *trial)
{
	free(trial->signature);
	free(trial->class);
	json_decref(trial->others_of);
	*trial = (struct trial){ 0 };
}

const char *trial_verdict(const struct trial *trial, int64_t loops)
{
	return trial->matches ? "bad" : trial->loops >= loops ? "good" : "unclear";
}

json_t *trial_describe(const struct trial *trial, const char *build, int64_t loops)
{
	return json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I}", "build", build, "verdict",
			 trial_verdict(trial, loops), "campaign", (json_int_t)trial->campaign,
			 "loops", (json_int_t)trial->loops, "wanted_loops", (json_int_t)loops,
			 "matches", (json_int_t)trial->matches, "others", (json_int_t)trial->others,
			 "host_failures", (json_int_t)trial->host);
}
