// SPDX-License-Identifier: GPL-2.0-or-later
/* qsoakd: options, wiring, run, finish in reverse. The only file that knows everyone. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>

#include "base/clock.h"
#include "base/folder.h"
#include "base/janitor.h"
#include "base/log.h"
#include "base/mem.h"
#include "campaign/campaign.h"
#include "control/control.h"
#include "store/store.h"
#include "triage/incident.h"

/* flock(2) knows no deadline. */
#define LOCK_RETRY_MS 20

struct options {
	const char *state;
	const char *guests;
	int control_fd;
	bool verbose;
};

struct daemon {
	struct ev_loop *loop;
	char *state, *guests, *work, *results;
	int lock_fd;
	struct janitor *janitor;
	struct store *store;
	struct records *records;
	struct control *control;
	ev_signal interrupt, terminate;
};

static const char usage[] =
	"usage: qsoakd --state-dir DIR --control-fd N [--guests-dir DIR] [--verbose]\n"
	"\n"
	"The daemon behind `qsoak run --local`: soaks QEMU as the peer of the control socket N "
	"says,\n"
	"keeps its results below DIR, and ends when the peer has gone.\n"
	"\n"
	"  --state-dir DIR   results and evidence\n"
	"  --control-fd N    inherited, connected socket that speaks QMP's framing\n"
	"  --guests-dir DIR  firmware of the guests\n"
	"  --verbose         log every change of state\n"
	"  --help, --version\n";

static void log_to_stderr(enum log_level level, const char *text)
{
	static const char *const names[] = { "error", "warning", "info", "debug" };

	fprintf(stderr, "qsoakd: %s: %s\n", names[level], text);
}

/* Returns -1 to go on, or the exit code. */
static int parse_options(int argc, char **argv, struct options *options)
{
	static const struct option known[] = {
		{ "state-dir", required_argument, NULL, 's' },
		{ "control-fd", required_argument, NULL, 'c' },
		{ "guests-dir", required_argument, NULL, 'g' },
		{ "verbose", no_argument, NULL, 'v' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ 0 },
	};
	char *end;
	int c;

	options->control_fd = -1;
	while ((c = getopt_long(argc, argv, "", known, NULL)) != -1) {
		switch (c) {
		case 's':
			options->state = optarg;
			break;
		case 'c':
			options->control_fd = (int)strtol(optarg, &end, 10);
			if (*end || fcntl(options->control_fd, F_GETFD) < 0) {
				fprintf(stderr, "qsoakd: --control-fd: %s is no open descriptor\n",
					optarg);
				return EXIT_USAGE;
			}
			break;
		case 'g':
			options->guests = optarg;
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
			fputs(usage, stderr);
			return EXIT_USAGE;
		}
	}
	if (!options->state || options->control_fd < 0 || optind < argc) {
		fputs(usage, stderr);
		return EXIT_USAGE;
	}
	return -1;
}

/* The folder of the guests: as asked for, beside the binary (a build tree), in the lib beside its
 * sbin (wherever it was installed), or where it was to be installed. */
static char *find_guests(const char *asked)
{
	static const char *const places[] = { "guests", "../lib/qsoak/guests" };
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (asked)
		return mem_strdup(asked);
	self[n > 0 ? n : 0] = '\0';
	for (size_t i = 0; n > 0 && i < ARRAY_SIZE(places); i++) {
		auto_free char *path =
			mem_printf("%.*s/%s", (int)(strrchr(self, '/') - self), self, places[i]);

		if (access(path, F_OK) == 0)
			return mem_steal(path);
	}
	return mem_strdup(QSOAK_LIBDIR "/guests");
}

static void idle(void *ctx)
{
	struct daemon *daemon = ctx;

	ev_break(daemon->loop, EVBREAK_ALL);
}

static void store_failed(void *ctx, const struct err *err)
{
	struct daemon *daemon = ctx;

	control_fail(daemon->control, err);
}

static void signal_in(struct ev_loop *loop, ev_signal *watch, int revents)
{
	struct daemon *daemon = watch->data;

	(void)loop;
	(void)revents;
	control_quit(daemon->control);
}

/* One daemon a state folder: two would remove each other's work. A daemon that was killed leaves the
 * lock to its janitor, so it is worth while to wait as long as that may take. */
static int lock_state(struct daemon *daemon, struct err *err)
{
	auto_free char *path = mem_printf("%s/lock", daemon->state);
	int64_t end = clock_now_ns() + JANITOR_LIMIT_NS;

	daemon->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (daemon->lock_fd < 0)
		return err_set_errno(err, errno, "cannot open %s", path);
	while (flock(daemon->lock_fd, LOCK_EX | LOCK_NB) < 0) {
		if (clock_now_ns() >= end)
			return err_set(err, -EBUSY, "another qsoakd uses %s", daemon->state);
		poll(NULL, 0, LOCK_RETRY_MS);
	}
	return 0;
}

static int daemon_start(struct daemon *daemon, const struct options *options, struct err *err)
{
	struct control_spec control = { .idle = idle, .ctx = daemon };
	auto_free char *incidents = NULL;
	int64_t first_id, last_incident;
	int r;

	r = folder_make(options->state, 0700, err);
	if (r < 0)
		return r;
	daemon->state = realpath(options->state, NULL);
	if (!daemon->state)
		return err_set_errno(err, errno, "%s", options->state);
	r = lock_state(daemon, err);
	if (r < 0)
		return r;
	daemon->guests = find_guests(options->guests);
	daemon->work = mem_printf("%s/work", daemon->state);
	daemon->results = mem_printf("%s/results.db", daemon->state);
	incidents = mem_printf("%s/incidents", daemon->state);

	/* What a janitor could not remove: the host may have gone down. */
	folder_remove(daemon->work);
	r = janitor_start(daemon->work, daemon->lock_fd, &daemon->janitor, err);
	if (r == 0)
		r = folder_make(daemon->work, 0700, err);
	daemon->loop = ev_loop_new(EVFLAG_AUTO);
	if (r == 0)
		r = store_open(daemon->loop, daemon->results, &daemon->store, &first_id, err);
	if (r < 0)
		return r;
	last_incident = incident_sweep(incidents);
	if (first_id <= last_incident)
		first_id = last_incident + 1;
	daemon->records = records_new(first_id);
	store_on_failure(daemon->store, store_failed, daemon);
	store_subscribe(daemon->store, daemon->records);

	control.records = daemon->records;
	control.state = daemon->state;
	control.work = daemon->work;
	control.guests = daemon->guests;
	control.fd = options->control_fd;
	daemon->control = control_new(daemon->loop, &control);

	ev_signal_init(&daemon->interrupt, signal_in, SIGINT);
	ev_signal_init(&daemon->terminate, signal_in, SIGTERM);
	daemon->interrupt.data = daemon->terminate.data = daemon;
	ev_signal_start(daemon->loop, &daemon->interrupt);
	ev_signal_start(daemon->loop, &daemon->terminate);
	return 0;
}

/* In reverse; fine with a daemon that was started in part. */
static int daemon_finish(struct daemon *daemon, struct err *err)
{
	int r;

	control_free(daemon->control);
	r = store_close(daemon->store, err);
	records_free(daemon->records);
	if (daemon->loop) {
		ev_signal_stop(daemon->loop, &daemon->interrupt);
		ev_signal_stop(daemon->loop, &daemon->terminate);
		ev_loop_destroy(daemon->loop);
	}
	/* The janitor would, but it may have been killed. */
	if (daemon->janitor)
		folder_remove(daemon->work);
	janitor_finish(daemon->janitor);
	fd_close(&daemon->lock_fd);
	free(daemon->results);
	free(daemon->work);
	free(daemon->guests);
	free(daemon->state);
	return r;
}

int main(int argc, char **argv)
{
	struct daemon daemon = { .lock_fd = -1 };
	struct options options = { 0 };
	struct err err = { 0 };
	int code = parse_options(argc, argv, &options);

	if (code >= 0)
		return code;
	log_set_sink(log_to_stderr, options.verbose ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO);
	signal(SIGPIPE, SIG_IGN);
	/* Inherited as ignored, it would take our children's exit codes away. */
	signal(SIGCHLD, SIG_DFL);
	/* A file size limit is an error of the write that meets it, not the end of the daemon. */
	signal(SIGXFSZ, SIG_IGN);
	fcntl(options.control_fd, F_SETFD, FD_CLOEXEC);
	if (daemon_start(&daemon, &options, &err) == 0)
		ev_run(daemon.loop, 0);
	if (err.code == 0)
		daemon_finish(&daemon, &err);
	else
		daemon_finish(&daemon, &(struct err){ 0 });
	if (err.code) {
		log_error("%s", err.text);
		return err.code == -EINVAL ? EXIT_USAGE : EXIT_HOST;
	}
	return EXIT_CLEAN;
}
