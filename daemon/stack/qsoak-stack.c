// SPDX-License-Identifier: GPL-2.0-or-later
/* qsoak-stack: the stacks of a QEMU's threads and what they wait for. */
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stack/print.h"
#include "stack/unwind.h"
#include "stack/waits.h"

enum { EXIT_READ = 0, EXIT_UNREADABLE = 1, EXIT_USAGE = 2 };

static void print_help(FILE *out)
{
	fputs("usage: qsoak-stack --pid PID\n"
	      "       qsoak-stack --core FILE [--executable FILE]\n"
	      "\n"
	      "Prints the stack of each thread of a process, or of what a core file holds of it; "
	      "of a\n"
	      "process also what its threads wait for and, if some wait for each other, the "
	      "circle.\n"
	      "\n"
	      "  --pid PID          a living process; each thread is stopped while it is read\n"
	      "  --core FILE        a core file\n"
	      "  --executable FILE  the program that dumped it, where the core does not say\n"
	      "  --help             this text\n"
	      "  --version          print the version\n"
	      "\n"
	      "Exit codes: 0 read (a thread of which something is missing says so), 1 nothing "
	      "could be\n"
	      "read, 2 usage.\n",
	      out);
}

static int usage(const char *text, const char *found)
{
	fprintf(stderr, "qsoak-stack: %s%s; --help tells more\n", text, found);
	return EXIT_USAGE;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "pid", required_argument, NULL, 'p' },
		{ "core", required_argument, NULL, 'c' },
		{ "executable", required_argument, NULL, 'e' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'v' },
		{ 0 },
	};
	const char *core = NULL, *executable = NULL;
	struct stack_process process = { 0 };
	struct err err = { 0 };
	long pid = 0;
	char *end;
	int option, r;

	while ((option = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		switch (option) {
		case 'p':
			pid = strtol(optarg, &end, 10);
			if (*end || pid < 1 || pid > INT_MAX)
				return usage("--pid: expected the id of a process, found ", optarg);
			break;
		case 'c':
			core = optarg;
			break;
		case 'e':
			executable = optarg;
			break;
		case 'h':
			print_help(stdout);
			return EXIT_READ;
		case 'v':
			puts("qsoak-stack " QSOAK_VERSION);
			return EXIT_READ;
		default:
			return EXIT_USAGE;
		}
	}
	if (optind < argc)
		return usage("unexpected argument ", argv[optind]);
	if (!pid == !core)
		return usage("expected either --pid or --core", "");
	if (executable && !core)
		return usage("--executable goes with --core", "");

	r = core ? unwind_core(core, executable, &process, &err)
		 : unwind_process((pid_t)pid, &process, &err);
	if (r == 0 && !core)
		waits_find(&process, waits_read_owner, &process);
	/* What /proc has said of the threads is worth having without the stacks. */
	if (process.thread_count)
		stack_print(&process, stdout);
	stack_process_clear(&process);
	if (r < 0)
		fprintf(stderr, "qsoak-stack: %s\n", err.text);
	return r < 0 ? EXIT_UNREADABLE : EXIT_READ;
}
