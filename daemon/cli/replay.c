// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * qsoak replay: the plan of a VM that failed, played again by many, on its build or another one.
 *
 * All that it takes is in the incident: the profile, the seed, and which part of the plan the VM had.
 */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>

#include "base/mem.h"
#include "campaign/profile.h"
#include "cli/choice.h"
#include "cli/evidence.h"
#include "cli/session.h"
#include "report/field.h"
#include "report/replay.h"
#include "report/report.h"
#include "report/text.h"

/* Attempts, where nobody says how many. */
#define REPLAY_TIMES 10

/* An attempt without the failure ends after so many times the loops that the incident took, the one in
 * which it came among them; a VM of its campaign would have had no more than its `loops-per-vm`. */
#define REPLAY_LOOPS_FACTOR 2

/* What is known of the incident. */
struct original {
	int64_t incident;
	json_t *manifest;
	char *text; /* of the profile */
	size_t size;
	struct profile *profile;
};

static void original_finish(struct original *original)
{
	json_decref(original->manifest);
	free(original->text);
	profile_free(original->profile);
}

/* Evidence is input like any other: it may be old, or not ours. */
static int check_manifest(const struct original *original, struct err *err)
{
	/* As the command run takes them. */
	static const struct {
		const char *key;
		int64_t min, max;
	} numbers[] = {
		{ "plan-slot", 0, PROFILE_VMS_MAX - 1 },
		{ "plan-vm", 0, INT_MAX },
		{ "first-loop", 0, PROFILE_STOP_LOOPS_MAX },
		{ "loops", 0, PROFILE_LOOPS_PER_VM_MAX },
		{ "fleet", 1, PROFILE_VMS_MAX },
	};
	static const char *const texts[] = { "seed", "build", "class", "kind", "signature" };
	const char *class = field_text(original->manifest, "class"), *missing = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		if (!json_is_integer(json_object_get(original->manifest, numbers[i].key)))
			missing = numbers[i].key;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		if (!field_text(original->manifest, texts[i]))
			missing = texts[i];
	if (missing)
		return err_set(err, -EINVAL,
			       "incident %" PRId64
			       ": its manifest has no %s, without which there is "
			       "no plan to play again",
			       original->incident, missing);
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		int64_t value = field_integer(original->manifest, numbers[i].key);

		if (value < numbers[i].min || value > numbers[i].max)
			return err_set(err, -EINVAL,
				       "incident %" PRId64 ": its manifest's %s: found %" PRId64
				       ", expected %" PRId64 " to %" PRId64,
				       original->incident, numbers[i].key, value, numbers[i].min,
				       numbers[i].max);
	}
	if (!strcmp(class, "host"))
		return err_set(err, -EINVAL,
			       "incident %" PRId64
			       ": the host's own fault, no build can reproduce it",
			       original->incident);
	return 0;
}

static int read_original(struct source *source, struct original *original, struct err *err)
{
	auto_json json_t *value = NULL;
	auto_free char *name = mem_printf("profile of incident %" PRId64, original->incident);
	int r = evidence_query(source, original->incident, &value, err);

	if (r < 0)
		return r;
	original->manifest = json_incref(json_object_get(value, "manifest"));
	r = check_manifest(original, err);
	/* One that is cut must not be taken for a whole one. */
	if (r == 0)
		r = evidence_get_file(source, original->incident, "profile.yaml",
				      PROFILE_TEXT_MAX + 1, &original->text, &original->size, err);
	if (r == 0)
		r = profile_parse(original->text, original->size, name, &original->profile, err);
	return r;
}

/* Its shutdown came when its loops were done: where it failed, so they are again. */
static int64_t loops_of_attempt(const struct original *original)
{
	int64_t took = field_integer(original->manifest, "loops");
	int64_t most = original->profile->loops_per_vm;
	int64_t loops = REPLAY_LOOPS_FACTOR * (took + 1);

	if (!strcmp(field_text(original->manifest, "kind"), "shutdown") ||
	    took == PROFILE_LOOPS_PER_VM_MAX)
		return took;
	return loops < most ? loops : most > took ? most : took + 1;
}

/* By the runs of the VM. */
static const char *known_binary(void *ctx, const char *name)
{
	const struct original *original = ctx;
	json_t *run;
	size_t i;

	json_array_foreach(json_object_get(original->manifest, "runs"), i, run) {
		const char *build = field_text(run, "build");

		if (build && !strcmp(build, name))
			return field_text(run, "binary");
	}
	return NULL;
}

/* The build to try: --build, or the one that failed. */
static int choose_build(const struct cli *cli, struct original *original, json_t *arguments,
			const char **ret_build, struct err *err)
{
	json_t *given = json_object_get(cli->overrides, "builds");
	const char *registered = json_string_value(json_array_get(cli->registered, 0));
	json_t *binary = json_array_get(given, 0);

	if (json_array_size(given) + json_array_size(cli->registered) > 1)
		return err_set(err, -EINVAL, "replay: --build: found several, expected one build");
	*ret_build = binary	  ? field_text(binary, "name")
		     : registered ? registered
				  : field_text(original->manifest, "build");
	return choice_add(arguments, original->profile, *ret_build, field_text(binary, "binary"),
			  known_binary, original, err);
}

static int make_arguments(const struct cli *cli, struct original *original,
			  struct replay_asked *asked, json_t **ret_arguments, struct err *err)
{
	json_t *manifest = original->manifest;
	auto_free char *name = mem_printf("profile of incident %" PRId64, original->incident);
	auto_json json_t *arguments = json_pack(
		"{s:s, s:s%, s:s, s:s, s:O, s:{s:I, s:I, s:I, s:I, s:I}}", "name", name, "profile",
		original->text, original->size, "seed", field_text(manifest, "seed"), "on-failure",
		"go-on", "vms", json_object_get(manifest, "fleet"), "replay", "slot",
		(json_int_t)field_integer(manifest, "plan-slot"), "vm",
		(json_int_t)field_integer(manifest, "plan-vm"), "first-loop",
		(json_int_t)field_integer(manifest, "first-loop"), "loops",
		(json_int_t)asked->loops, "attempts", (json_int_t)asked->attempts);
	json_t *vms = json_object_get(cli->overrides, "vms");
	int r;

	if (!arguments)
		return err_set(err, -EINVAL, "%s: not UTF-8 text", name);
	if (vms)
		json_object_set(arguments, "vms", vms);
	r = choose_build(cli, original, arguments, &asked->build, err);
	if (r == 0)
		*ret_arguments = json_incref(arguments);
	return r;
}

/* The service of the evidence, or the private state: closed before a qsoakd of our own opens it. */
static int read_evidence(const struct cli *cli, struct original *original, struct err *err)
{
	struct source source = { 0 };
	int r = cli_parse_incident(cli->argument, &original->incident, err);

	if (r == 0)
		r = source_open(cli, &source, err);
	if (r == 0)
		r = read_original(&source, original, err);
	source_close(&source);
	return r;
}

static void announce(const struct original *original, const struct replay_asked *asked,
		     json_t *arguments)
{
	int64_t fleet = field_integer(arguments, "vms");
	auto_free char *build = text_printable(asked->build);

	fprintf(stderr,
		"replay of incident %" PRId64 ": %" PRId64 " attempts of up to %" PRId64
		" loops on build %s, %" PRId64 " at a time\n",
		original->incident, asked->attempts, asked->loops, build,
		fleet < asked->attempts ? fleet : asked->attempts);
	if (asked->attempts < fleet)
		fprintf(stderr,
			"the fleet was of %" PRId64 " VMs: --times %" PRId64
			" makes as much load\n",
			fleet, fleet);
}

static int add_row(void *ctx, json_t *row, struct err *err)
{
	(void)err;
	json_array_append(ctx, row);
	return 0;
}

static int count(struct source *source, int64_t campaign, const struct replay_asked *asked,
		 json_t **ret_result, struct err *err)
{
	auto_json json_t *failures = json_array(), *report = NULL;
	json_t *of_campaign = json_pack("{s:I}", "campaign", (json_int_t)campaign);
	int r = source_get(source, "query-report", json_incref(of_campaign), &report, err);

	if (r == 0)
		r = source_list(source, "query-failures", "failures", json_incref(of_campaign),
				add_row, failures, err);
	json_decref(of_campaign);
	if (r == 0)
		*ret_result = replay_result(asked, failures, report);
	return r;
}

static int exit_code(const struct session_campaign *campaign, json_t *result)
{
	if (campaign->code == EXIT_INTERRUPTED)
		return EXIT_INTERRUPTED;
	if (field_integer(result, "reproduced"))
		return EXIT_FAILURES;
	if (campaign->code == EXIT_HOST || field_integer(result, "host_failures"))
		return EXIT_HOST;
	return field_integer(result, "attempts") < field_integer(result, "wanted")
		       ? EXIT_INCONCLUSIVE
		       : EXIT_CLEAN;
}

static int play(const struct cli *cli, json_t *arguments, const struct replay_asked *asked)
{
	struct session_campaign campaign = { 0 };
	auto_json json_t *result = NULL;
	struct session *session = NULL;
	struct err err = { 0 };
	int r = session_open(cli, &session, &err);

	if (r == 0)
		r = session_run(session, "run", json_incref(arguments), true, &campaign, &err);
	if (r == 0)
		r = count(session_source(session), campaign.id, asked, &result, &err);
	r = session_end(session, r, &err);
	if (r >= 0)
		return r;
	if (report_print(result, replay_print, cli->json, stdout, &err) < 0)
		return cli_error(&err);
	return exit_code(&campaign, result);
}

int cli_replay(const struct cli *cli)
{
	struct replay_asked asked = { .attempts = cli->times ? cli->times : REPLAY_TIMES };
	struct original original = { 0 };
	auto_json json_t *arguments = NULL;
	struct err err = { 0 };
	int code, r = read_evidence(cli, &original, &err);

	if (r == 0) {
		asked.manifest = original.manifest;
		asked.loops = loops_of_attempt(&original);
		r = make_arguments(cli, &original, &asked, &arguments, &err);
	}
	if (r == 0)
		announce(&original, &asked, arguments);
	code = r == 0 ? play(cli, arguments, &asked) : cli_error(&err);
	original_finish(&original);
	return code;
}
