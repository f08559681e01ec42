// SPDX-License-Identifier: GPL-2.0-or-later
/* The options of qsoakd. */
#include "config/options.h"

#include <fcntl.h>
#include <getopt.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>

#include "campaign/tally.h"
#include "control/listener.h"

static const char usage[] =
	"usage: qsoakd [--config FILE] [--state-dir DIR] [--socket PATH] [--group NAME]\n"
	"              [--http ADDRESS] [--guests-dir DIR] [--verbose]\n"
	"       qsoakd --control-fd N [OPTION]...\n"
	"\n"
	"Soaks QEMU as the clients of its control socket say, and keeps the results. See `qsoak "
	"--help`\n"
	"for the client. SIGTERM ends; the campaign in progress goes on when qsoakd\n"
	"is back. SIGHUP reads the configuration again.\n"
	"\n"
	"  --config FILE     default qsoakd.conf in $CONFIGURATION_DIRECTORY, for root in "
	"/etc/qsoak,\n"
	"                    else in $XDG_CONFIG_HOME/qsoak; see qsoakd.conf(5). Options come "
	"first\n"
	"  --state-dir DIR   results and evidence; default $STATE_DIRECTORY, for root "
	"/var/lib/qsoak,\n"
	"                    else $XDG_STATE_HOME/qsoak\n"
	"  --socket PATH     where to listen; default control.sock in $RUNTIME_DIRECTORY, for root "
	"in\n"
	"                    /run/qsoak, else in $XDG_RUNTIME_DIR/qsoak\n"
	"  --group NAME      its members may connect, too; else only root and the same user\n"
	"  --http ADDRESS    serve a page that shows all, read only, on a loopback address like\n"
	"                    127.0.0.1:9191\n"
	"  --control-fd N    private: serve this connected socket, and end with it; others "
	"connect to\n"
	"                    work/control.sock in the state folder\n"
	"  --guests-dir DIR  firmware of the guests\n"
	"  --rebuild         make the summaries of all results anew, and end\n"
	"  --verbose         log every change of state\n"
	"  --help, --version\n"
	"\n"
	"A client may run any program as the user of qsoakd: it names the binaries under test.\n";

static int bad_option(const char *option, const char *value, const char *expected)
{
	fprintf(stderr, "qsoakd: %s: found \"%s\", expected %s\n", option, value, expected);
	return EXIT_USAGE;
}

/* Each returns -1 to go on, or the exit code. */
static int set_option(int option, const char *value, struct options *options)
{
	const struct group *group;
	char *end;

	switch (option) {
	case 'f':
		options->config = value;
		break;
	case 's':
		options->state = value;
		break;
	case 'S':
		options->socket = value;
		break;
	case 'G':
		group = getgrnam(value);
		if (!group)
			return bad_option("--group", value, "the name of a group of this host");
		options->group = group->gr_gid;
		break;
	case 'H':
		options->http = value;
		break;
	case 'c':
		options->control_fd = (int)strtol(value, &end, 10);
		if (!*value || *end || fcntl(options->control_fd, F_GETFD) < 0)
			return bad_option("--control-fd", value, "an open descriptor");
		break;
	case 'g':
		options->guests = value;
		break;
	case 'r':
		options->rebuild = true;
		break;
	case 'v':
		options->verbose = true;
		break;
	case 'h':
		fputs(usage, stdout);
		return EXIT_CLEAN;
	case 'V':
		puts("qsoakd " QSOAK_VERSION);
		return EXIT_CLEAN;
	default:
		fputs("qsoakd: `qsoakd --help` lists the options\n", stderr);
		return EXIT_USAGE;
	}
	return -1;
}

int options_parse(int argc, char **argv, struct options *options)
{
	static const struct option known[] = {
		{ "config", required_argument, NULL, 'f' },
		{ "state-dir", required_argument, NULL, 's' },
		{ "socket", required_argument, NULL, 'S' },
		{ "group", required_argument, NULL, 'G' },
		{ "http", required_argument, NULL, 'H' },
		{ "control-fd", required_argument, NULL, 'c' },
		{ "guests-dir", required_argument, NULL, 'g' },
		{ "rebuild", no_argument, NULL, 'r' },
		{ "verbose", no_argument, NULL, 'v' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ 0 },
	};
	int c, code;

	options->control_fd = -1;
	options->group = LISTENER_NO_GROUP;
	while ((c = getopt_long(argc, argv, "", known, NULL)) != -1) {
		code = set_option(c, optarg, options);
		if (code >= 0)
			return code;
	}
	if (optind < argc)
		return bad_option("argument", argv[optind], "options only");
	if (options->control_fd >= 0 &&
	    (options->socket || options->config || options->group != LISTENER_NO_GROUP)) {
		fputs("qsoakd: --control-fd goes with none of --config, --socket and --group\n",
		      stderr);
		return EXIT_USAGE;
	}
	return -1;
}
