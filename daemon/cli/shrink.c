// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: each candidate is a child, whose lines are looked at while it runs: once they
 * decide, it is asked to end, by SIGTERM, so that it cleans up; a passed limit kills it.
 */
#include "cli/shrink.h"

#include <errno.h>
#include <ev.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/child.h"
#include "base/clock.h"
#include "base/deadline.h"
#include "base/folder.h"
#include "base/mem.h"
#include "report/text.h"
#include "triage/reproducer-shrink.h"

#define LOOK_NS (100 * CLOCK_NS_PER_MS)

/* What a script may take to end, and to make its folder. */
#define GRACE_NS (20 * CLOCK_NS_PER_S)

/* The script takes no number above. */
#define TRY_LIMIT_MAX_S 999999

#define OUTPUT_MAX (1024 * 1024)
#define SCRIPT "reproduce.sh"

/* The exit statuses of a script that has run. */
#define STATUS_NOT_REPRODUCED 1
#define STATUS_ENDED 130

struct here {
	struct ev_loop *loop;
	const char *folder, *qemu;
	struct child *child;
	struct deadline look;
	unsigned tries, needed;
	int try_limit_s;
	int64_t end_ns; /* kill it then */
	bool ending, interrupted;
};

/* Lines of the script that begin with "try N: ", and of these the ones that show the failure. */
static struct shrink_rate count(const char *output)
{
	struct shrink_rate rate = { 0 };

	for (const char *line = output; *line;) {
		unsigned number;
		int length = 0;

		if (sscanf(line, "try %u: %n", &number, &length) == 1 && length) {
			rate.tries++;
			rate.reproduced += !strncmp(line + length, "REPRODUCED", 10);
		}
		line += strcspn(line, "\n");
		line += *line == '\n';
	}
	return rate;
}

static bool is_decided(const struct here *here, const struct shrink_rate *rate)
{
	return here->needed && (rate->reproduced >= here->needed ||
				rate->reproduced + here->tries - rate->tries < here->needed);
}

static void end(struct here *here)
{
	if (here->ending)
		return;
	here->ending = true;
	here->end_ns = clock_now_ns() + GRACE_NS;
	child_kill(here->child, SIGTERM);
}

static void look(void *ctx)
{
	struct here *here = ctx;
	auto_free char *output = child_output(here->child, NULL);
	struct shrink_rate rate = count(output);

	if (clock_now_ns() >= here->end_ns)
		child_kill(here->child, SIGKILL);
	else if (is_decided(here, &rate) || here->interrupted)
		end(here);
	deadline_start(here->loop, &here->look, LOOK_NS);
}

static void exited(void *ctx, const struct child_exit *how)
{
	struct here *here = ctx;

	(void)how;
	ev_break(here->loop, EVBREAK_ALL);
}

static void signal_came(struct ev_loop *loop, ev_signal *watcher, int revents)
{
	struct here *here = watcher->data;

	(void)loop;
	(void)revents;
	here->interrupted = true;
	if (here->child)
		end(here);
}

static int write_script(const char *path, const struct reproducer *candidate, struct err *err)
{
	FILE *f = fopen(path, "we");

	if (!f)
		return err_set_errno(err, errno, "cannot write %s", path);
	reproducer_print(candidate, f);
	if (fclose(f) != 0)
		return err_set_errno(err, errno, "cannot write %s", path);
	return 0;
}

static int spawn(struct here *here, const struct reproducer *candidate, struct err *err)
{
	auto_free char *tries = mem_printf("TRIES=%u", here->tries);
	auto_free char *vms = mem_printf("VMS=%u", candidate->vms);
	auto_free char *rounds = mem_printf("ROUNDS=%u", candidate->rounds);
	auto_free char *limit = mem_printf("TRY_LIMIT=%d", here->try_limit_s);
	auto_free char *qemu = here->qemu ? mem_printf("QEMU=%s", here->qemu) : NULL;
	const char *env[6] = { tries, vms, rounds, limit };
	const char *argv[] = { "/bin/bash", SCRIPT, NULL };
	struct child_spec spec = {
		.argv = argv,
		.env = env,
		.cwd = here->folder,
		.output_max = OUTPUT_MAX,
		.exited = exited,
		.ctx = here,
	};

	if (qemu)
		env[4] = qemu;
	return child_spawn(here->loop, &spec, &here->child, err);
}

/* Whether it ran, and was not only refused by the host. */
static int judge_exit(const struct here *here, const char *output, struct err *err)
{
	const struct child_exit *how = child_exited(here->child);

	if (here->interrupted)
		return err_set(err, -EINTR, "interrupted");
	/* It may have been at its end by itself, where Python has no handler any more. */
	if (here->ending && (how->signal == SIGTERM || how->status == STATUS_ENDED))
		return 0;
	if (!how->signal && (how->status == 0 || how->status == STATUS_NOT_REPRODUCED))
		return 0;
	return err_set(err, -EIO, "the script ended with status %d, signal %d: %.*s", how->status,
		       how->signal, (int)strcspn(output, "\n"), output);
}

static int run_candidate(void *ctx, const struct reproducer *candidate, unsigned tries,
			 unsigned needed, struct shrink_rate *ret_rate, struct err *err)
{
	struct here *here = ctx;
	auto_free char *path = mem_printf("%s/" SCRIPT, here->folder);
	auto_free char *output = NULL;
	int r = write_script(path, candidate, err);

	here->tries = tries;
	here->needed = needed;
	here->ending = false;
	here->end_ns = clock_now_ns() + tries * (here->try_limit_s * CLOCK_NS_PER_S + GRACE_NS);
	if (r == 0 && here->interrupted)
		r = err_set(err, -EINTR, "interrupted");
	if (r == 0)
		r = spawn(here, candidate, err);
	if (r < 0)
		return r;
	deadline_start(here->loop, &here->look, LOOK_NS);
	ev_run(here->loop, 0);
	deadline_stop(here->loop, &here->look);
	output = child_output(here->child, NULL);
	*ret_rate = count(output);
	r = judge_exit(here, output, err);
	child_free(here->child);
	here->child = NULL;
	return r;
}

static void say(void *ctx, const char *text)
{
	auto_free char *printable = text_printable(text);

	(void)ctx;
	fprintf(stderr, "shrink: %s\n", printable);
}

/* As the script itself takes it. */
static int try_limit(void)
{
	const char *text = getenv("TRY_LIMIT");
	long seconds = text ? strtol(text, NULL, 10) : 0;

	return seconds >= 1 && seconds <= TRY_LIMIT_MAX_S ? (int)seconds : SHRINK_TRY_LIMIT_S;
}

int shrink_here(struct reproducer *reproducer, unsigned tries, const char *qemu, struct err *err)
{
	const char *tmp = getenv("TMPDIR");
	auto_free char *folder = mem_printf("%s/qsoak-shrink-XXXXXX", tmp ? tmp : "/tmp");
	struct here here = { .folder = folder, .qemu = qemu, .try_limit_s = try_limit() };
	struct shrink_spec spec = {
		.tries = tries, .run = run_candidate, .say = say, .ctx = &here
	};
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	ev_signal watchers[ARRAY_SIZE(signals)];
	int r;

	if (!mkdtemp(folder))
		return err_set_errno(err, errno, "cannot make %s", folder);
	here.loop = ev_loop_new(EVFLAG_AUTO);
	deadline_init(&here.look, look, &here);
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
		ev_signal_init(&watchers[i], signal_came, signals[i]);
		watchers[i].data = &here;
		ev_signal_start(here.loop, &watchers[i]);
	}
	r = shrink(reproducer, &spec, err);
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		ev_signal_stop(here.loop, &watchers[i]);
	ev_loop_destroy(here.loop);
	folder_remove(folder);
	return r;
}
