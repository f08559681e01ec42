// SPDX-License-Identifier: GPL-2.0-or-later
/* qsoak bisect --run: whether one build has a failure, told to `git bisect run` by the exit code. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/mem.h"
#include "campaign/profile.h"
#include "cli/bisect.h"
#include "cli/trial.h"
#include "report/bisect.h"
#include "report/field.h"
#include "report/report.h"
#include "report/text.h"

#define RUN_CONFIDENCE 0.95

struct judged {
	struct cli_build build;
	int64_t loops; /* without the failure that make it good */
	struct trial trial;
	enum bisect_code code;
};

/* Of one registered build or one with its binary. */
static int read_build(const struct cli *cli, struct cli_build *ret_build, struct err *err)
{
	json_t *given = json_object_get(cli->overrides, "builds");
	json_t *first = json_array_get(given, 0);
	const char *name = first ? field_text(first, "name")
				 : json_string_value(json_array_get(cli->registered, 0));

	if (json_array_size(given) + json_array_size(cli->registered) != 1)
		return err_set(err, -EINVAL, "bisect --run: expected one --build");
	*ret_build = (struct cli_build){
		.name = mem_strdup(name),
		.binary = first ? mem_strdup(field_text(first, "binary")) : NULL,
	};
	return 0;
}

static int read_loops(const struct cli *cli, int64_t *ret_loops, struct err *err)
{
	double confidence = cli->confidence > 0 ? cli->confidence : RUN_CONFIDENCE;
	int64_t loops = 0;
	int r = trials_loops(cli, &loops, err);

	if (r < 0)
		return r;
	if (!loops == !(cli->rate > 0))
		return err_set(err, -EINVAL, "bisect --run: expected either --loops or --rate");
	if (loops && cli->confidence > 0)
		return err_set(err, -EINVAL, "bisect --run: --confidence goes with --rate");
	*ret_loops = loops ? loops : bisect_loops(cli->rate, 1 - confidence);
	if (*ret_loops > PROFILE_STOP_LOOPS_MAX)
		return err_set(err, -EINVAL, "bisect --run: no campaign has that many loops");
	return 0;
}

static int begin(const struct cli *cli, struct judged *judged, struct trials **ret_trials,
		 struct err *err)
{
	int r;

	if (!cli->profile || !cli->signature)
		return err_set(err, -EINVAL, "bisect --run: --%s is missing",
			       cli->profile ? "signature" : "profile");
	if (cli->good || cli->bad || cli->argument)
		return err_set(err, -EINVAL, "bisect --run judges --build: there is no %s",
			       cli->good  ? "--good"
			       : cli->bad ? "--bad"
					  : "list of builds");
	r = read_build(cli, &judged->build, err);
	if (r == 0)
		r = read_loops(cli, &judged->loops, err);
	if (r == 0)
		r = trials_new(cli, ret_trials, err);
	return r;
}

static void print_judged(json_t *value, FILE *out)
{
	auto_free char *build = text_printable(field_text(value, "build"));
	auto_free char *failures = text_count(field_integer(value, "matches"), "failure");
	auto_free char *loops = text_count(field_integer(value, "loops"), "loop");
	auto_free char *others = text_count(field_integer(value, "others"), "other");

	fprintf(out, "build %s is %s: %s in %s of %" PRId64 ", and %s\n", build,
		field_text(value, "verdict"), failures, loops, field_integer(value, "wanted_loops"),
		others);
}

static enum bisect_code code_of(const struct judged *judged)
{
	return judged->trial.matches		      ? BISECT_BAD
	       : judged->trial.loops >= judged->loops ? BISECT_GOOD
						      : BISECT_CANNOT_TEST;
}

/* Whatever it is that keeps a build from being tested, another revision may be without it. */
static int judge(const struct cli *cli, struct judged *judged, struct trials *trials)
{
	struct err err = { 0 };
	int r = trial_run(trials, &judged->build, cli->signature, 1, judged->loops, &judged->trial,
			  &err);
	int code = trials_end(trials, r, &err);

	if (code >= 0)
		return code == EXIT_INTERRUPTED ? code : BISECT_CANNOT_TEST;
	judged->code = code_of(judged);
	return -1;
}

int bisect_run(const struct cli *cli)
{
	struct judged judged = { 0 };
	auto_json json_t *value = NULL;
	struct trials *trials = NULL;
	struct err err = { 0 };
	int code, r = begin(cli, &judged, &trials, &err);

	if (r < 0) {
		cli_error(&err);
		code = BISECT_ABORT;
	} else {
		code = judge(cli, &judged, trials);
	}
	if (code < 0) {
		code = (int)judged.code;
		value = trial_describe(&judged.trial, judged.build.name, judged.loops);
		if (report_print(value, print_judged, cli->json, stdout, &err) < 0)
			cli_error(&err);
	}
	trial_finish(&judged.trial);
	cli_build_finish(&judged.build);
	return code;
}
