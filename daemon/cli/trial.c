// SPDX-License-Identifier: GPL-2.0-or-later
/* One campaign after the other, each a search on one build. */
#include "cli/trial.h"

#include <errno.h>
#include <fnmatch.h>
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

/* A campaign that was reported, with its failures by signature, the most frequent first. */
static void count(const struct trials *trials, json_t *report, struct trial *trial)
{
	json_t *campaign = json_object_get(report, "campaign"), *signature;
	int64_t most = 0, failures = field_integer(campaign, "failures");
	size_t i;

	trial->loops = field_integer(campaign, "loops");
	trial->duration_ns =
		field_integer(campaign, "ended_unix_ns") - field_integer(campaign, "began_unix_ns");
	json_array_foreach(json_object_get(report, "signatures"), i, signature) {
		const char *class = field_text(signature, "class");
		const char *title = field_text(signature, "signature");
		int64_t all = field_integer(signature, "failures");
		int64_t matches = field_integer(signature, "expected");

		trial->matches += matches;
		if (class && !strcmp(class, "host"))
			trial->host += all;
		else
			trial->others += all - matches;
		if (matches <= most || !title)
			continue;
		most = matches;
		free(trial->signature);
		trial->signature = mem_strdup(title);
	}
	trial->loops_begun = trial->loops + failures + trials->vms;
}

struct ages {
	const char *pattern;
	int64_t oldest; /* loops, with the one that failed; 0: none did */
};

static int add_age(void *ctx, json_t *failure, struct err *err)
{
	struct ages *ages = ctx;
	const char *signature = field_text(failure, "signature");
	int64_t age = field_integer(failure, "loops") + 1;

	(void)err;
	if (signature && !fnmatch(ages->pattern, signature, 0) && age > ages->oldest)
		ages->oldest = age;
	return 0;
}

static int find_oldest(const struct trials *trials, const char *pattern, struct trial *trial,
		       struct err *err)
{
	struct ages ages = { .pattern = pattern };
	int r = source_list(session_source(trials->session), "query-failures", "failures",
			    json_pack("{s:I}", "campaign", (json_int_t)trial->campaign), add_age,
			    &ages, err);

	trial->age_loops = trials->vms * ages.oldest;
	return r;
}

static int run(struct trials *trials, json_t *arguments, const char *pattern,
	       struct trial *ret_trial, struct err *err)
{
	struct session_campaign campaign = { 0 };
	struct trial trial = { 0 };
	auto_json json_t *report = NULL;
	int r = 0;

	if (!trials->session)
		r = session_open(trials->cli, &trials->session, err);
	if (r == 0)
		r = session_run(trials->session, json_incref(arguments), true, &campaign, err);
	if (r == 0 && campaign.code == EXIT_INTERRUPTED)
		return 1;
	if (r == 0)
		r = source_get(session_source(trials->session), "query-report",
			       json_pack("{s:I}", "campaign", (json_int_t)campaign.id), &report,
			       err);
	if (r != 0)
		return r;
	trial.campaign = campaign.id;
	count(trials, report, &trial);
	trial.cannot_boot = campaign.code == EXIT_HOST && !trial.host;
	r = find_oldest(trials, pattern, &trial, err);
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

	return r < 0 ? r : run(trials, arguments, pattern, ret_trial, err);
}

void trial_finish(struct trial *trial)
{
	free(trial->signature);
	*trial = (struct trial){ 0 };
}

char *trial_pattern(const char *text)
{
	char *pattern = mem_zalloc(2 * strlen(text) + 1), *to = pattern;

	for (; *text; text++) {
		if (strchr("*?[\\", *text))
			*to++ = '\\';
		*to++ = *text;
	}
	return pattern;
}
