// SPDX-License-Identifier: GPL-2.0-or-later
/* qsoak-stack: the stacks of a QEMU's threads and what they wait for. */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "stack/gdb.h"
#include "stack/json.h"
#include "stack/print.h"
#include "stack/unwind.h"
#include "stack/waits.h"

enum { EXIT_READ = 0, EXIT_UNREADABLE = 1, EXIT_USAGE = 2 };

/* Seconds; more is of no use to anybody who waits. */
#define LIMIT_MAX_S 3600

struct wish {
	pid_t pid;
	const char *core, *executable, *json, *gdb_script;
	int64_t limit_ns;
	bool debuginfod, gdb;
};

static void print_help(FILE *out)
{
	fputs("usage: qsoak-stack --pid PID [OPTION]...\n"
	      "       qsoak-stack --core FILE [--executable FILE] [OPTION]...\n"
	      "\n"
	      "Prints the stack of each thread of a process, or of what a core file holds of it; "
	      "of a\n"
	      "process also what its threads wait for and, if some wait for each other, the "
	      "circle.\n"
	      "\n"
	      "  --pid PID          a living process; each thread is stopped while it is read\n"
	      "  --core FILE        a core file\n"
	      "  --executable FILE  the program that dumped it, where the core does not say\n"
	      "  --json FILE        write the same to the file, as JSON\n"
	      "  --limit SECONDS    print after that what is there (2); SIGTERM does the same\n"
	      "  --debuginfod       ask the servers of DEBUGINFOD_URLS for debug information\n"
	      "  --gdb              let gdb tell of coroutines, which may break the process\n"
	      "  --gdb-script FILE  QEMU's qemu-gdb.py, where it is not around the binary\n"
	      "  --help             this text\n"
	      "  --version          print the version\n"
	      "\n"
	      "Exit codes: 0 read (a thread of which something is missing says so), 1 nothing "
	      "could be\n"
	      "read, or not written, 2 usage.\n",
	      out);
}

static int usage(const char *text, const char *found)
{
	fprintf(stderr, "qsoak-stack: %s%s; --help tells more\n", text, found);
	return EXIT_USAGE;
}

/* -1: go on; else the code to exit with. */
static int read_options(int argc, char **argv, struct wish *wish)
{
	static const struct option options[] = {
		{ "pid", required_argument, NULL, 'p' },
		{ "core", required_argument, NULL, 'c' },
		{ "executable", required_argument, NULL, 'e' },
		{ "json", required_argument, NULL, 'j' },
		{ "limit", required_argument, NULL, 'l' },
		{ "debuginfod", no_argument, NULL, 'd' },
		{ "gdb", no_argument, NULL, 'g' },
		{ "gdb-script", required_argument, NULL, 's' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'v' },
		{ 0 },
	};
	double seconds;
	long pid;
	char *end;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		switch (option) {
		case 'p':
			pid = strtol(optarg, &end, 10);
			if (end == optarg || *end || pid < 1 || pid > INT_MAX)
				return usage("--pid: expected the id of a process, found ", optarg);
			wish->pid = (pid_t)pid;
			break;
		case 'c':
			wish->core = optarg;
			break;
		case 'e':
			wish->executable = optarg;
			break;
		case 'j':
			wish->json = optarg;
			break;
		case 'l':
			seconds = strtod(optarg, &end);
			if (end == optarg || *end || !(seconds > 0 && seconds <= LIMIT_MAX_S))
				return usage(
					"--limit: expected seconds above 0, 3600 at most, found ",
					optarg);
			wish->limit_ns = (int64_t)(seconds * CLOCK_NS_PER_S);
			break;
		case 'd':
			wish->debuginfod = true;
			break;
		case 'g':
			wish->gdb = true;
			break;
		case 's':
			wish->gdb_script = optarg;
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
	if (!wish->pid == !wish->core)
		return usage("expected either --pid or --core", "");
	if (wish->executable && !wish->core)
		return usage("--executable goes with --core", "");
	if (wish->gdb && !wish->pid)
		return usage("--gdb goes with --pid", "");
	if (wish->gdb_script && !wish->gdb)
		return usage("--gdb-script goes with --gdb", "");
	return -1;
}

static int read_process(const struct wish *wish, struct stack_process *process, struct err *err)
{
	const struct stack_budget budget = stack_budget_begin(wish->limit_ns);
	int r;

	if (wish->core)
		return unwind_core(wish->core, wish->executable, &budget, process, err);
	r = unwind_process(wish->pid, &budget, process, err);
	if (r == 0)
		waits_find(process, waits_read_owner, process);
	return r;
}

/* All else has been printed. */
static void ask_gdb(const struct wish *wish, const struct stack_process *process)
{
	auto_free char *text = NULL;
	struct err err = { 0 };

	if (gdb_tell_coroutines(process, wish->gdb_script, GDB_LIMIT_NS, &text, &err) == 0)
		printf("\ngdb, by QEMU's script:\n%s", text);
	else
		printf("\ngdb tells nothing of coroutines: %s\n", err.text);
}

static int tell(const struct wish *wish, const struct stack_process *process)
{
	auto_json json_t *value = NULL;
	struct err err = { 0 };

	stack_print(process, stdout);
	fflush(stdout);
	if (!wish->json)
		return 0;
	value = stack_json(process);
	if (stack_json_write(value, wish->json, &err) < 0)
		fprintf(stderr, "qsoak-stack: %s\n", err.text);
	return err.code;
}

/* Blocked, it asks for what is there, see stack_budget_left_ns(). */
static void block_sigterm(int how)
{
	sigset_t term;

	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	sigprocmask(how, &term, NULL);
}

int main(int argc, char **argv)
{
	struct wish wish = { .limit_ns = STACK_LIMIT_NS };
	struct stack_process process = { 0 };
	struct err err = { 0 };
	int r = read_options(argc, argv, &wish);

	if (r >= 0)
		return r;
	block_sigterm(SIG_BLOCK);
	/* It tells of threads that stop, but not a process that inherited to ignore it. */
	signal(SIGCHLD, SIG_DFL);
	/* A server that does not answer takes 90 s a file. */
	if (!wish.debuginfod)
		unsetenv("DEBUGINFOD_URLS");
	r = read_process(&wish, &process, &err);
	if (r < 0)
		fprintf(stderr, "qsoak-stack: %s\n", err.text);
	/* What /proc has said of the threads is worth having without the stacks. */
	if (process.thread_count && tell(&wish, &process) < 0)
		r = -EIO;
	if (r == 0 && wish.gdb && !stack_budget_asked_to_end()) {
		block_sigterm(SIG_UNBLOCK);
		ask_gdb(&wish, &process);
	}
	stack_process_clear(&process);
	return r < 0 ? EXIT_UNREADABLE : EXIT_READ;
}
