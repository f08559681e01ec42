// SPDX-License-Identifier: GPL-2.0-or-later
/* qsoak: commands and options of the client. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/size.h"
#include "cli/cli.h"

static const char usage[] =
	"usage: qsoak COMMAND [OPTION]...\n"
	"\n"
	"  run PROFILE     run a campaign, follow it, print its result\n"
	"    --local                 by a private qsoakd, which ends with the command\n"
	"    --build NAME=BINARY     use this binary for the profile's build NAME, or add a build\n"
	"    --vms N                 size of the fleet\n"
	"    --loops N               stop after so many loops\n"
	"    --duration T            stop after this time: 90s, 15m, 8h\n"
	"    --seed S                repeat the plan of an earlier campaign\n"
	"    --verbose               log every change of state\n"
	"  failures        list failures, oldest first\n"
	"    --campaign C            of this campaign only\n"
	"\n"
	"  --state-dir DIR   where results are; default $XDG_STATE_HOME/qsoak\n"
	"  --json            print JSON\n"
	"  --help, --version\n"
	"\n"
	"Exit codes: 0 clean, 1 failures found, 2 usage or profile, 3 host, 4 inconclusive,\n"
	"130 interrupted.\n";

enum option_id {
	OPTION_STATE_DIR,
	OPTION_JSON,
	OPTION_HELP,
	OPTION_VERSION,
	OPTION_LOCAL,
	OPTION_BUILD,
	OPTION_VMS,
	OPTION_LOOPS,
	OPTION_DURATION,
	OPTION_SEED,
	OPTION_VERBOSE,
	OPTION_CAMPAIGN,
};

#define BIT(option) (1u << (option))
#define COMMON (BIT(OPTION_STATE_DIR) | BIT(OPTION_JSON))

static const struct option options[] = {
	{ "state-dir", required_argument, NULL, OPTION_STATE_DIR },
	{ "json", no_argument, NULL, OPTION_JSON },
	{ "help", no_argument, NULL, OPTION_HELP },
	{ "version", no_argument, NULL, OPTION_VERSION },
	{ "local", no_argument, NULL, OPTION_LOCAL },
	{ "build", required_argument, NULL, OPTION_BUILD },
	{ "vms", required_argument, NULL, OPTION_VMS },
	{ "loops", required_argument, NULL, OPTION_LOOPS },
	{ "duration", required_argument, NULL, OPTION_DURATION },
	{ "seed", required_argument, NULL, OPTION_SEED },
	{ "verbose", no_argument, NULL, OPTION_VERBOSE },
	{ "campaign", required_argument, NULL, OPTION_CAMPAIGN },
	{ 0 },
};

static const struct command {
	const char *name;
	int (*run)(const struct cli *cli);
	unsigned options; /* BIT()s of those it takes beside --help and --version */
	bool wants_profile;
} commands[] = {
	{ "run", cli_run,
	  COMMON | BIT(OPTION_LOCAL) | BIT(OPTION_BUILD) | BIT(OPTION_VMS) | BIT(OPTION_LOOPS) |
		  BIT(OPTION_DURATION) | BIT(OPTION_SEED) | BIT(OPTION_VERBOSE),
	  true },
	{ "failures", cli_failures, COMMON | BIT(OPTION_CAMPAIGN), false },
};

int cli_error(const struct err *err)
{
	fprintf(stderr, "qsoak: %s\n", err->text);
	return err->code == -EINVAL ? EXIT_USAGE : EXIT_HOST;
}

char *cli_state(const struct cli *cli)
{
	const char *xdg = getenv("XDG_STATE_HOME"), *home = getenv("HOME");

	if (cli->state)
		return mem_strdup(cli->state);
	if (xdg && xdg[0] == '/')
		return mem_printf("%s/qsoak", xdg);
	return mem_printf("%s/.local/state/qsoak", home ? home : "");
}

/* Bounds are checked where the value is used; here it has to be a number. */
static int parse_number(const char *option, const char *text, json_int_t *ret_value,
			struct err *err)
{
	char *end;

	errno = 0;
	*ret_value = strtoll(text, &end, 10);
	if (errno || *end || text[strspn(text, "0123456789")] || !*text)
		return err_set(err, -EINVAL, "--%s: found \"%s\", expected a whole number", option,
			       text);
	return 0;
}

static int set_number(struct cli *cli, const char *option, const char *text, struct err *err)
{
	json_int_t value;
	int r = parse_number(option, text, &value, err);

	if (r == 0)
		json_object_set_new(cli->overrides, option, json_integer(value));
	return r;
}

static int add_build(struct cli *cli, const char *text, struct err *err)
{
	const char *equals = strchr(text, '=');
	json_t *builds = json_object_get(cli->overrides, "builds");
	auto_free char *name = NULL, *binary = NULL;

	if (!equals || equals == text || !equals[1])
		return err_set(err, -EINVAL, "--build: found \"%s\", expected NAME=BINARY", text);
	name = mem_strndup(text, (size_t)(equals - text));
	/* The daemon runs elsewhere: a relative path is relative to us. */
	binary = realpath(equals + 1, NULL);
	if (!binary) {
		err_set_errno(err, errno, "--build %s: %s", name, equals + 1);
		return err->code = -EINVAL;
	}
	if (!builds) {
		builds = json_array();
		json_object_set_new(cli->overrides, "builds", builds);
	}
	if (json_array_append_new(builds, json_pack("{s:s, s:s}", "name", name, "binary", binary)) <
	    0)
		return err_set(err, -EINVAL, "--build %s: not UTF-8", text);
	return 0;
}

static int set_option(struct cli *cli, enum option_id id, const char *value, struct err *err)
{
	const char *name = options[id].name;
	int64_t ns;
	json_int_t number;
	int r = 0;

	switch (id) {
	case OPTION_STATE_DIR:
		cli->state = value;
		break;
	case OPTION_JSON:
		cli->json = true;
		break;
	case OPTION_LOCAL:
		cli->local = true;
		break;
	case OPTION_VERBOSE:
		cli->verbose = true;
		break;
	case OPTION_BUILD:
		r = add_build(cli, value, err);
		break;
	case OPTION_VMS:
	case OPTION_LOOPS:
		r = set_number(cli, name, value, err);
		break;
	case OPTION_DURATION:
		r = size_parse_duration(value, &ns, err);
		if (r < 0)
			return err_prefix(err, "--duration");
		json_object_set_new(cli->overrides, "duration-ns", json_integer(ns));
		break;
	case OPTION_SEED:
		if (json_object_set_new(cli->overrides, "seed", json_string(value)) < 0)
			r = err_set(err, -EINVAL, "--seed: not UTF-8");
		break;
	case OPTION_CAMPAIGN:
		r = parse_number(name, value, &number, err);
		if (r == 0)
			cli->campaign = number;
		break;
	case OPTION_HELP:
	case OPTION_VERSION:
		break;
	}
	return r;
}

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	return NULL;
}

/* Returns -1 to go on, or the exit code. */
static int parse(int argc, char **argv, struct cli *cli, const struct command **ret_command)
{
	struct err err = { 0 };
	unsigned given = 0;
	int id;

	while ((id = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (id == '?') {
			fputs("qsoak: `qsoak --help` lists the options\n", stderr);
			return EXIT_USAGE;
		}
		if (id == OPTION_HELP) {
			fputs(usage, stdout);
			return EXIT_CLEAN;
		}
		if (id == OPTION_VERSION) {
			puts("qsoak " QSOAK_VERSION);
			return EXIT_CLEAN;
		}
		given |= BIT(id);
		if (set_option(cli, (enum option_id)id, optarg, &err) < 0)
			return cli_error(&err);
	}
	*ret_command = optind < argc ? find_command(argv[optind]) : NULL;
	if (!*ret_command) {
		if (optind < argc)
			fprintf(stderr, "qsoak: there is no command \"%s\"\n\n", argv[optind]);
		fputs(usage, stderr);
		return EXIT_USAGE;
	}
	for (id = 0; options[id].name; id++) {
		if (!(given & BIT(id)) || (*ret_command)->options & BIT(id))
			continue;
		fprintf(stderr, "qsoak: %s does not take --%s\n", argv[optind], options[id].name);
		return EXIT_USAGE;
	}
	if (argc - optind - 1 != (*ret_command)->wants_profile) {
		fprintf(stderr, "qsoak: %s: expected %s\n", argv[optind],
			(*ret_command)->wants_profile ? "one profile" : "no argument");
		return EXIT_USAGE;
	}
	cli->profile = argv[optind + 1];
	return -1;
}

int main(int argc, char **argv)
{
	auto_json json_t *overrides = json_object();
	struct cli cli = { .overrides = overrides };
	const struct command *command = NULL;
	int code;

	/* Inherited as ignored, it would take qsoakd's exit code away. */
	signal(SIGCHLD, SIG_DFL);
	code = parse(argc, argv, &cli, &command);

	return code >= 0 ? code : command->run(&cli);
}
