// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What stands in the tables below is accepted, and is what --help prints; nothing else is either.
 */
#include "cli/options.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <string.h>

#include "base/mem.h"
#include "base/names.h"
#include "base/size.h"
#include "cli/bisect.h"

enum option_id {
	OPTION_LOCAL,
	OPTION_DETACH,
	OPTION_BUILD,
	OPTION_VMS,
	OPTION_LOOPS,
	OPTION_DURATION,
	OPTION_SEED,
	OPTION_ON_FAILURE,
	OPTION_VERBOSE,
	OPTION_WAIT,
	OPTION_KILL,
	OPTION_ALL,
	OPTION_CAMPAIGN,
	OPTION_KNOWN,
	OPTION_FORMAT,
	OPTION_LIST,
	OPTION_OPERATION,
	OPTION_RULES,
	OPTION_JUNIT,
	OPTION_TAP,
	OPTION_TIMES,
	OPTION_GOOD,
	OPTION_BAD,
	OPTION_PROFILE,
	OPTION_SIGNATURE,
	OPTION_CONFIDENCE,
	OPTION_RUN,
	OPTION_RATE,
	OPTION_SHRINK,
	OPTION_TRIES,
	OPTION_QEMU,
	OPTION_FORCE,
	OPTION_EXPERIMENTS,
	OPTION_OF,
	OPTION_HTML,
	OPTION_CHECK,
	OPTION_STATE_DIR,
	OPTION_SOCKET,
	OPTION_STORE,
	OPTION_JSON,
	OPTION_HELP,
	OPTION_VERSION,
	OPTION_COUNT,
};

static const struct {
	const char *name, *value, *help;
} options[] = {
	[OPTION_LOCAL] = { "local", NULL,
			   "the private state; run: by a qsoakd that ends with the command" },
	[OPTION_DETACH] = { "detach", NULL, "return as soon as the campaign has begun" },
	[OPTION_BUILD] = { "build", "NAME[=BINARY]",
			   "binary of the profile's build NAME, or of another; a registered one" },
	[OPTION_VMS] = { "vms", "N", "size of the fleet" },
	[OPTION_LOOPS] = { "loops", "N", "stop after so many loops" },
	[OPTION_DURATION] = { "duration", "T", "stop after this time: 90s, 15m, 8h" },
	[OPTION_SEED] = { "seed", "S", "repeat the plan of an earlier campaign" },
	[OPTION_ON_FAILURE] = { "on-failure", "WHAT",
				"go-on, or hold: keep VMs that have failed for a debugger" },
	[OPTION_VERBOSE] = { "verbose", NULL, "with --local: log every change of state" },
	[OPTION_WAIT] = { "wait", "T",
			  "for a service that goes to come back: 90s, 1h; default 5m, 0s: not at "
			  "all" },
	[OPTION_KILL] = { "kill", NULL, "interrupt operations instead of letting them end" },
	[OPTION_ALL] = { "all", NULL, "release: all VMs that are held; show: all files" },
	[OPTION_CAMPAIGN] = { "campaign", "C", "of this campaign only" },
	[OPTION_KNOWN] = { "known", "FILE", "a ledger of known issues, instead of the usual ones" },
	[OPTION_FORMAT] = { "format", "FORMAT",
			    "export: json (default), csv or guestperf; compare: text, json, "
			    "benchstat" },
	[OPTION_LIST] = { "list", "LIST",
			  "of csv: operations (the default), steps, runs, failures, ..." },
	[OPTION_OPERATION] = { "operation", "ID", "of guestperf: this migration only" },
	[OPTION_RULES] = { "rules", "FILE",
			   "what the campaign must show; default: built-in rules" },
	[OPTION_JUNIT] = { "junit", "FILE", "write test cases as XML of JUnit instead" },
	[OPTION_TAP] = { "tap", "FILE", "write test cases in the Test Anything Protocol instead" },
	[OPTION_TIMES] = { "times", "N", "how many attempts; default 10" },
	[OPTION_GOOD] = { "good", "BUILD", "the build without the failure" },
	[OPTION_BAD] = { "bad", "BUILD", "the build with it" },
	[OPTION_PROFILE] = { "profile", "PROFILE", "what is run on each build: a file, or a name" },
	[OPTION_SIGNATURE] = { "signature", "PATTERN",
			       "of the failure, like *bdrv_poll_co*; default: the most frequent "
			       "one" },
	[OPTION_CONFIDENCE] = { "confidence", "C", "of the answer; default 0.95" },
	[OPTION_RUN] = { "run", NULL, "judge one build, for `git bisect run`" },
	[OPTION_RATE] = { "rate", "P", "with --run: share of loops that fail, at least" },
	[OPTION_SHRINK] = { "shrink", NULL,
			    "run it with less and less, and print what still fails" },
	[OPTION_TRIES] = { "tries", "N", "with --shrink: tries of each candidate (10)" },
	[OPTION_QEMU] = { "qemu", "BINARY",
			  "with --shrink: run this instead of the build's binary" },
	[OPTION_FORCE] = { "force", NULL, "although the builds ran in different environments" },
	[OPTION_EXPERIMENTS] = { "experiments", "N",
				 "cut all blocks into experiments of N, and judge each" },
	[OPTION_OF] = { "of", "BUILD", "of builds of this name only" },
	[OPTION_HTML] = { "html", "FILE", "write it as a page for a browser" },
	[OPTION_CHECK] = { "check", NULL, "say nothing unless something is wrong" },
	[OPTION_STATE_DIR] = { "state-dir", "DIR",
			       "a private state; default $XDG_STATE_HOME/qsoak" },
	[OPTION_SOCKET] = { "socket", "PATH", "where the service listens" },
	[OPTION_STORE] = { "store", "URL", "the results of many hosts, in a PostgreSQL: see push" },
	[OPTION_JSON] = { "json", NULL, "print JSON" },
	[OPTION_HELP] = { "help", NULL, "this text" },
	[OPTION_VERSION] = { "version", NULL, "print the version" },
};
NAMES_COMPLETE(options, OPTION_COUNT);

#define BIT(option) (1ull << (option))
#define ALWAYS (BIT(OPTION_HELP) | BIT(OPTION_VERSION))
#define SERVICE (BIT(OPTION_SOCKET) | BIT(OPTION_JSON) | ALWAYS)
#define RESULTS (BIT(OPTION_LOCAL) | BIT(OPTION_STATE_DIR) | SERVICE)
#define KNOWN (BIT(OPTION_KNOWN) | RESULTS)
#define STORE BIT(OPTION_STORE)

static const struct command {
	const char *name;
	/* Words; in brackets: optional; with "...": one or more; NULL: none. */
	const char *argument;
	const char *help;
	int (*run)(const struct cli *cli);
	uint64_t options; /* BIT()s */
} commands[] = {
	{ "run", "PROFILE",
	  "run a campaign (a file, or one of `profiles`), follow it, print its result", cli_run,
	  BIT(OPTION_DETACH) | BIT(OPTION_BUILD) | BIT(OPTION_VMS) | BIT(OPTION_LOOPS) |
		  BIT(OPTION_DURATION) | BIT(OPTION_SEED) | BIT(OPTION_ON_FAILURE) |
		  BIT(OPTION_VERBOSE) | BIT(OPTION_WAIT) | KNOWN },
	{ "status", NULL, "what the campaign in progress and its slots do", cli_status, RESULTS },
	{ "watch", NULL,
	  "follow the campaign in progress, on a terminal as a table, print its result", cli_watch,
	  BIT(OPTION_WAIT) | KNOWN },
	{ "stop", NULL, "end the campaign in progress, its VMs shut down; again: killed", cli_stop,
	  BIT(OPTION_KILL) | RESULTS },
	{ "pause", NULL, "begin no operation and boot no VM until `resume`", cli_pause, RESULTS },
	{ "resume", "[CAMPAIGN]", "end a pause, or let an interrupted campaign go on", cli_resume,
	  BIT(OPTION_VERBOSE) | KNOWN },
	{ "release", "[INCIDENT]", "kill the VM that is held for an incident; its slot goes on",
	  cli_release, BIT(OPTION_ALL) | RESULTS },
	{ "campaigns", NULL, "list campaigns", cli_campaigns, STORE | RESULTS },
	{ "builds", NULL, "list builds: those that were soaked, and those that are registered",
	  cli_builds, BIT(OPTION_CAMPAIGN) | STORE | RESULTS },
	{ "profiles", NULL, "list the profiles that come with qsoak", cli_profiles,
	  BIT(OPTION_JSON) | ALWAYS },
	{ "failures", NULL, "list failures, oldest first", cli_failures,
	  BIT(OPTION_CAMPAIGN) | STORE | KNOWN },
	{ "signatures", NULL, "list under which titles failures came, and what is known of them",
	  cli_signatures, BIT(OPTION_CAMPAIGN) | STORE | KNOWN },
	{ "show", "INCIDENT", "print the evidence of a failure, given by its id", cli_show,
	  BIT(OPTION_ALL) | KNOWN },
	{ "reproducer", "INCIDENT", "print a script that repeats a failure without qsoak",
	  cli_reproducer,
	  BIT(OPTION_SHRINK) | BIT(OPTION_TRIES) | BIT(OPTION_QEMU) |
		  (RESULTS & ~BIT(OPTION_JSON)) },
	{ "replay", "INCIDENT",
	  "play the plan of a VM that failed again, and tell how often it fails", cli_replay,
	  BIT(OPTION_TIMES) | BIT(OPTION_BUILD) | BIT(OPTION_VMS) | BIT(OPTION_VERBOSE) |
		  BIT(OPTION_WAIT) | RESULTS },
	{ "bisect", "[BUILD...]",
	  "find the first of a list of builds that has a failure, or has it no more", cli_bisect,
	  BIT(OPTION_GOOD) | BIT(OPTION_BAD) | BIT(OPTION_PROFILE) | BIT(OPTION_SIGNATURE) |
		  BIT(OPTION_CONFIDENCE) | BIT(OPTION_RUN) | BIT(OPTION_BUILD) | BIT(OPTION_LOOPS) |
		  BIT(OPTION_RATE) | BIT(OPTION_VMS) | BIT(OPTION_VERBOSE) | BIT(OPTION_WAIT) |
		  RESULTS },
	{ "report", "[CAMPAIGN]", "print a campaign's result again; default the newest", cli_report,
	  BIT(OPTION_FORCE) | BIT(OPTION_HTML) | BIT(OPTION_JUNIT) | BIT(OPTION_TAP) | STORE |
		  KNOWN },
	{ "compare", "A B", "say whether build B is slower than build A, compared in blocks",
	  cli_compare,
	  BIT(OPTION_CAMPAIGN) | BIT(OPTION_FORCE) | BIT(OPTION_EXPERIMENTS) | BIT(OPTION_FORMAT) |
		  STORE | RESULTS },
	{ "history", "METRIC", "how a metric was over all campaigns, and where it changed",
	  cli_history, BIT(OPTION_OF) | STORE | RESULTS },
	{ "selfcheck", NULL, "compare a build with itself: what this host can tell apart",
	  cli_selfcheck,
	  BIT(OPTION_BUILD) | BIT(OPTION_VMS) | BIT(OPTION_DURATION) | BIT(OPTION_SEED) |
		  BIT(OPTION_VERBOSE) | BIT(OPTION_WAIT) | RESULTS },
	{ "gate", "CAMPAIGN", "judge by rules whether a campaign lets its build out", cli_gate,
	  BIT(OPTION_RULES) | STORE | KNOWN },
	{ "export", "CAMPAIGN", "print all rows of a campaign", cli_export,
	  BIT(OPTION_FORMAT) | BIT(OPTION_LIST) | BIT(OPTION_OPERATION) | STORE | RESULTS },
	{ "import", "FILE", "bring reports of QEMU's guestperf into a private state", cli_import,
	  BIT(OPTION_LOCAL) | BIT(OPTION_STATE_DIR) | BIT(OPTION_BUILD) | BIT(OPTION_JSON) |
		  ALWAYS },
	{ "push", "URL",
	  "copy what has finished to a PostgreSQL that has the results of many hosts", cli_push,
	  BIT(OPTION_LOCAL) | BIT(OPTION_STATE_DIR) | BIT(OPTION_JSON) | ALWAYS },
	{ "config", "[FILE]", "print what qsoakd.conf says, or what is wrong with it", cli_config,
	  BIT(OPTION_CHECK) | BIT(OPTION_JSON) | ALWAYS },
};

_Static_assert(OPTION_COUNT <= 64, "an option is a bit");

static void print_usage(FILE *out)
{
	fputs("usage: qsoak COMMAND [OPTION]...\n\n", out);
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		auto_free char *line = mem_printf("%s %s", commands[i].name,
						  commands[i].argument ? commands[i].argument : "");

		fprintf(out, "  %-20s %s\n", line, commands[i].help);
	}
	fputs("\n`qsoak COMMAND --help` lists the options of a command.\n\n"
	      "Exit codes: 0 clean, 1 failures found, 2 usage or profile, 3 host, 4 inconclusive,\n"
	      "130 interrupted.\n",
	      out);
}

static void print_command_usage(const struct command *command, FILE *out)
{
	fprintf(out, "usage: qsoak %s%s%s [OPTION]...\n\n%c%s.\n\n", command->name,
		command->argument ? " " : "", command->argument ? command->argument : "",
		command->help[0] - 'a' + 'A', command->help + 1);
	for (int id = 0; id < OPTION_COUNT; id++) {
		auto_free char *option = NULL;

		if (!(command->options & BIT(id)))
			continue;
		option = mem_printf("--%s %s", options[id].name,
				    options[id].value ? options[id].value : "");
		fprintf(out, "  %-22s %s\n", option, options[id].help);
	}
}

/* Bounds are checked where the value is used; here it has to be a number. */
static int parse_number(const char *what, const char *text, json_int_t *ret_value, struct err *err)
{
	char *end;

	errno = 0;
	*ret_value = strtoll(text, &end, 10);
	if (errno || *end || text[strspn(text, "0123456789")] || !*text)
		return err_set(err, -EINVAL, "%s: found \"%s\", expected a whole number", what,
			       text);
	return 0;
}

int cli_parse_id(const char *what, const char *text, int64_t *ret_id, struct err *err)
{
	json_int_t id;
	int r = parse_number(what, text, &id, err);

	if (r == 0 && id < 1)
		r = err_set(err, -EINVAL, "%s: found \"%s\", expected a number above 0", what,
			    text);
	if (r == 0)
		*ret_id = id;
	return r;
}

int cli_parse_incident(const char *text, int64_t *ret_id, struct err *err)
{
	const char *slash = strrchr(text, '/');

	return cli_parse_id("INCIDENT", slash ? slash + 1 : text, ret_id, err);
}

static int set_number(struct cli *cli, enum option_id id, const char *text, struct err *err)
{
	auto_free char *what = mem_printf("--%s", options[id].name);
	json_int_t value;
	int r = parse_number(what, text, &value, err);

	if (r == 0)
		json_object_set_new(cli->overrides, options[id].name, json_integer(value));
	return r;
}

int cli_build_parse(const char *what, const char *text, struct cli_build *ret_build,
		    struct err *err)
{
	const char *equals = strchr(text, '=');
	struct cli_build build = { 0 };

	if (!*text || equals == text || (equals && !equals[1]))
		return err_set(err, -EINVAL,
			       "%s: found \"%s\", expected NAME=BINARY, or the NAME of a "
			       "registered build",
			       what, text);
	build.name = mem_strndup(text, equals ? (size_t)(equals - text) : strlen(text));
	/* A relative path is relative to us. */
	build.binary = equals ? realpath(equals + 1, NULL) : NULL;
	if (equals && !build.binary) {
		err_set_errno(err, errno, "%s %s: %s", what, build.name, equals + 1);
		cli_build_finish(&build);
		return err->code = -EINVAL;
	}
	*ret_build = build;
	return 0;
}

void cli_build_finish(struct cli_build *build)
{
	free(build->name);
	free(build->binary);
	*build = (struct cli_build){ 0 };
}

static int add_build(struct cli *cli, const char *text, struct err *err)
{
	json_t *builds = json_object_get(cli->overrides, "builds");
	struct cli_build build;
	int r = cli_build_parse("--build", text, &build, err);

	if (r < 0)
		return r;
	if (build.binary && !builds) {
		builds = json_array();
		json_object_set_new(cli->overrides, "builds", builds);
	}
	if (build.binary)
		r = json_array_append_new(builds, json_pack("{s:s, s:s}", "name", build.name,
							    "binary", build.binary));
	else
		r = json_array_append_new(cli->registered, json_string(build.name));
	if (r < 0)
		r = err_set(err, -EINVAL, "--build %s: not UTF-8", text);
	cli_build_finish(&build);
	return r;
}

/* Between 0 and 1, neither of them. */
static int set_share(enum option_id id, const char *text, double *ret_share, struct err *err)
{
	char *end;
	double share = strtod(text, &end);

	if (!*text || *end || text[strspn(text, "0123456789.e-")] || !(share > 0 && share < 1))
		return err_set(err, -EINVAL,
			       "--%s: found \"%s\", expected a number between 0 and 1",
			       options[id].name, text);
	*ret_share = share;
	return 0;
}

static int parse_duration(enum option_id id, const char *text, int64_t *ret_ns, struct err *err)
{
	int r = size_parse_duration(text, ret_ns, err);

	return r < 0 ? err_prefix(err, "--%s", options[id].name) : 0;
}

static int set_duration(struct cli *cli, const char *text, struct err *err)
{
	int64_t ns;
	int r = parse_duration(OPTION_DURATION, text, &ns, err);

	if (r < 0)
		return r;
	json_object_set_new(cli->overrides, "duration-ns", json_integer(ns));
	return 0;
}

static int set_option(struct cli *cli, enum option_id id, const char *value, struct err *err)
{
	switch (id) {
	case OPTION_LOCAL:
		cli->local = true;
		break;
	case OPTION_DETACH:
		cli->detach = true;
		break;
	case OPTION_BUILD:
		return add_build(cli, value, err);
	case OPTION_VMS:
	case OPTION_LOOPS:
		return set_number(cli, id, value, err);
	case OPTION_DURATION:
		return set_duration(cli, value, err);
	case OPTION_SEED:
		if (json_object_set_new(cli->overrides, "seed", json_string(value)) < 0)
			return err_set(err, -EINVAL, "--seed: not UTF-8");
		break;
	case OPTION_ON_FAILURE:
		if (json_object_set_new(cli->overrides, "on-failure", json_string(value)) < 0)
			return err_set(err, -EINVAL, "--on-failure: not UTF-8");
		break;
	case OPTION_ALL:
		cli->all = true;
		break;
	case OPTION_VERBOSE:
		cli->verbose = true;
		break;
	case OPTION_WAIT:
		return parse_duration(id, value, &cli->wait_ns, err);
	case OPTION_KILL:
		cli->kill = true;
		break;
	case OPTION_CAMPAIGN:
		return cli_parse_id("--campaign", value, &cli->campaign, err);
	case OPTION_KNOWN:
		cli->known = value;
		break;
	case OPTION_TIMES:
		return cli_parse_id("--times", value, &cli->times, err);
	case OPTION_GOOD:
		cli->good = value;
		break;
	case OPTION_BAD:
		cli->bad = value;
		break;
	case OPTION_PROFILE:
		cli->profile = value;
		break;
	case OPTION_SIGNATURE:
		cli->signature = value;
		break;
	case OPTION_CONFIDENCE:
		return set_share(id, value, &cli->confidence, err);
	case OPTION_RATE:
		return set_share(id, value, &cli->rate, err);
	case OPTION_RUN:
		cli->predicate = true;
		break;
	case OPTION_FORMAT:
		cli->format = value;
		break;
	case OPTION_LIST:
		cli->list = value;
		break;
	case OPTION_OPERATION:
		return cli_parse_id("--operation", value, &cli->operation, err);
	case OPTION_RULES:
		cli->rules = value;
		break;
	case OPTION_JUNIT:
		cli->junit = value;
		break;
	case OPTION_TAP:
		cli->tap = value;
		break;
	case OPTION_SHRINK:
		cli->shrink = true;
		break;
	case OPTION_TRIES:
		return cli_parse_id("--tries", value, &cli->tries, err);
	case OPTION_QEMU:
		cli->qemu = value;
		break;
	case OPTION_CHECK:
		cli->check = true;
		break;
	case OPTION_FORCE:
		cli->force = true;
		break;
	case OPTION_OF:
		cli->of = value;
		break;
	case OPTION_EXPERIMENTS:
		return cli_parse_id("--experiments", value, &cli->experiments, err);
	case OPTION_HTML:
		cli->html = value;
		break;
	case OPTION_STATE_DIR:
		cli->state = value;
		break;
	case OPTION_SOCKET:
		cli->socket = value;
		break;
	case OPTION_STORE:
		cli->store = value;
		break;
	case OPTION_JSON:
		cli->json = true;
		break;
	case OPTION_HELP:
	case OPTION_VERSION:
	case OPTION_COUNT:
		break;
	}
	return 0;
}

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	return NULL;
}

/* Whether `git bisect run` is to make something of our exit code. */
static bool is_predicate(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (!strcmp(argv[i], "--run"))
			return true;
	return false;
}

/* Options may stand anywhere. Returns EXIT_CLEAN if all were understood; *given has their BIT()s. */
static int read_options(int argc, char **argv, struct cli *cli, uint64_t *given)
{
	struct option known[OPTION_COUNT + 1] = { 0 };
	struct err err = { 0 };
	int id;

	for (id = 0; id < OPTION_COUNT; id++)
		known[id] = (struct option){
			.name = options[id].name,
			.has_arg = options[id].value ? required_argument : no_argument,
			.val = id,
		};
	argv[0] = (char *)"qsoak"; /* for getopt's own lines */
	while ((id = getopt_long(argc, argv, "", known, NULL)) != -1) {
		if (id == '?')
			return EXIT_USAGE; /* getopt has said it */
		*given |= BIT(id);
		if (set_option(cli, (enum option_id)id, optarg, &err) < 0) {
			cli_error(&err);
			/* A binary that is not there is one that could not be built. */
			return id == OPTION_BUILD && is_predicate(argc, argv) ? BISECT_CANNOT_TEST
									      : EXIT_USAGE;
		}
	}
	return EXIT_CLEAN;
}

static int count_words(const char *text)
{
	int count = text != NULL;

	for (; text && *text; text++)
		count += *text == ' ';
	return count;
}

/* What the command takes, against what is there. */
static int check_usage(const struct command *command, uint64_t given, int arguments)
{
	bool optional = command->argument && command->argument[0] == '[';
	bool many = command->argument && strstr(command->argument, "...");
	int words = count_words(command->argument), least = optional ? 0 : words;
	int most = many ? INT_MAX : words;

	for (int id = 0; id < OPTION_COUNT; id++) {
		if (!(given & BIT(id)) || command->options & BIT(id))
			continue;
		fprintf(stderr, "qsoak: %s does not take --%s\n", command->name, options[id].name);
		return EXIT_USAGE;
	}
	if (arguments >= least && arguments <= most)
		return -1;
	fprintf(stderr, "qsoak: %s: found %d arguments, expected %s\n", command->name, arguments,
		command->argument ? command->argument : "none");
	return EXIT_USAGE;
}

static int parse(int argc, char **argv, struct cli *cli, int (**ret_run)(const struct cli *cli))
{
	const struct command *command = NULL;
	uint64_t given = 0;
	int code;

	code = read_options(argc, argv, cli, &given);
	if (code != EXIT_CLEAN)
		return code;
	if (given & BIT(OPTION_VERSION)) {
		puts("qsoak " QSOAK_VERSION);
		return EXIT_CLEAN;
	}
	if (optind < argc) {
		command = find_command(argv[optind]);
		if (!command) {
			fprintf(stderr, "qsoak: there is no command \"%s\": see `qsoak --help`\n",
				argv[optind]);
			return EXIT_USAGE;
		}
	}
	if (given & BIT(OPTION_HELP)) {
		if (command)
			print_command_usage(command, stdout);
		else
			print_usage(stdout);
		return EXIT_CLEAN;
	}
	if (!command) {
		print_usage(stderr);
		return EXIT_USAGE;
	}
	code = check_usage(command, given, argc - optind - 1);
	cli->command = command->name;
	cli->argument = argv[optind + 1];
	cli->arguments = (const char *const *)&argv[optind + 1];
	*ret_run = command->run;
	return code;
}

int options_parse(int argc, char **argv, struct cli *cli, int (**ret_run)(const struct cli *cli))
{
	int code = parse(argc, argv, cli, ret_run);

	return code == EXIT_USAGE && is_predicate(argc, argv) ? BISECT_ABORT : code;
}
