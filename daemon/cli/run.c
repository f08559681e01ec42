// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * qsoak run: sends a profile to qsoakd, follows the campaign, prints its result.
 *
 * Theory of operation: greeting -> qmp_capabilities -> run -> events until CAMPAIGN_ENDED. The first
 * Ctrl-C asks for the campaign's end, the second leaves at once; whatever ends the connection ends
 * a private qsoakd too.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "cli/cli.h"
#include "cli/local.h"
#include "qmp/qmp.h"
#include "report/report.h"

/* Without a terminal, a line of progress this often. */
#define PROGRESS_LINE_NS (10 * CLOCK_NS_PER_S)

struct follower {
	struct ev_loop *loop;
	struct qmp *qmp;
	json_t *arguments;
	const char *state;
	bool terminal, line_open;
	int64_t last_line_ns; /* elapsed time of the last plain line */
	int64_t campaign;
	int code; /* -1: not known yet */
	bool asked_to_stop;
	json_t *signatures; /* seen so far: signature -> true */
	struct err err;
};

static void follower_end(struct follower *follower)
{
	ev_break(follower->loop, EVBREAK_ALL);
}

/* A line of its own, even if a progress line is on the terminal. */
__attribute__((format(printf, 2, 3))) static void say(struct follower *follower, const char *fmt,
						      ...)
{
	va_list ap;

	if (follower->line_open)
		fputs("\r\033[K", stderr);
	follower->line_open = false;
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
}

static int64_t get(json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

static const char *get_text(json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "?";
}

static void print_progress(struct follower *follower, json_t *data)
{
	int64_t elapsed = get(data, "elapsed-ns"), left = get(data, "duration-ns") - elapsed;
	int64_t wanted = get(data, "loops-wanted"), seconds = elapsed / CLOCK_NS_PER_S;
	auto_free char *target = NULL, *line = NULL;

	if (!follower->terminal && elapsed - follower->last_line_ns < PROGRESS_LINE_NS)
		return;
	follower->last_line_ns = elapsed;
	if (get(data, "duration-ns") == 0)
		target = mem_printf("%" PRId64 " loops wanted", wanted);
	else if (left > 0)
		target = mem_printf("%" PRId64 " s left", left / CLOCK_NS_PER_S);
	else
		target = mem_strdup("ending");
	line = mem_printf(
		"%" PRId64 ":%02" PRId64 "  %" PRId64 " loops, %" PRId64
		" operations (%.1f/s), %" PRId64 " failures, %s",
		seconds / 60, seconds % 60, get(data, "loops"), get(data, "operations"),
		elapsed ? (double)get(data, "operations") * CLOCK_NS_PER_S / (double)elapsed : 0.,
		get(data, "failures"), target);
	if (!follower->terminal) {
		say(follower, "%s", line);
		return;
	}
	fprintf(stderr, "\r\033[K%s", line);
	follower->line_open = true;
}

/* A signature's first failure on a build gets a line; the others are in the count and the store. */
static void print_failure(struct follower *follower, json_t *data)
{
	const char *build = get_text(data, "build"), *signature = get_text(data, "signature");
	auto_free char *kind = mem_printf("%s: %s", build, signature);
	const char *incident = json_string_value(json_object_get(data, "incident"));
	auto_free char *evidence =
		incident ? mem_printf(" (%s/%s)", follower->state, incident) : mem_strdup("");

	if (json_object_get(follower->signatures, kind))
		return;
	json_object_set_new(follower->signatures, kind, json_true());
	say(follower,
	    "failure %" PRId64 ", new: build %s, slot %" PRId64 ", after %" PRId64 " %s: %s%s",
	    get(data, "failure"), build, get(data, "slot"), get(data, "loops"),
	    get(data, "loops") == 1 ? "loop" : "loops", signature, evidence);
}

static void event_in(void *ctx, const struct qmp_event *event)
{
	struct follower *follower = ctx;

	if (!strcmp(event->name, "PROGRESS")) {
		print_progress(follower, event->data);
	} else if (!strcmp(event->name, "FAILURE")) {
		print_failure(follower, event->data);
	} else if (!strcmp(event->name, "CAMPAIGN_ENDED")) {
		follower->code = (int)get(event->data, "exit-code");
		follower_end(follower);
	} else if (!strcmp(event->name, "DAEMON_FAILED")) {
		err_set(&follower->err, -EIO, "qsoakd has failed: %s",
			get_text(event->data, "error"));
	}
}

static void run_started(void *ctx, const struct qmp_reply *reply)
{
	struct follower *follower = ctx;

	if (reply->error) {
		err_set(&follower->err, reply->bad_input ? -EINVAL : -EREMOTEIO, "%s",
			reply->error);
		follower_end(follower);
		return;
	}
	follower->campaign = get(reply->value, "campaign");
	say(follower, "campaign %" PRId64 ", seed %s, results below %s", follower->campaign,
	    get_text(reply->value, "seed"), follower->state);
}

static void greeting_in(void *ctx)
{
	struct follower *follower = ctx;

	if (follower->asked_to_stop) {
		follower->code = EXIT_INTERRUPTED;
		follower_end(follower);
		return;
	}
	qmp_execute(follower->qmp, "qmp_capabilities", NULL, false, NULL, NULL);
	qmp_execute(follower->qmp, "run", json_incref(follower->arguments), false, run_started,
		    follower);
}

static void closed(void *ctx, const struct err *err)
{
	struct follower *follower = ctx;

	if (!follower->err.code)
		err_set(&follower->err, -EPIPE, "qsoakd has gone: %s", err->text);
	follower_end(follower);
}

static const struct qmp_handler handler = {
	.greeting = greeting_in,
	.event = event_in,
	.closed = closed,
};

static void signal_in(struct ev_loop *loop, ev_signal *watch, int revents)
{
	struct follower *follower = watch->data;

	(void)loop;
	(void)revents;
	if (follower->asked_to_stop) {
		follower->code = EXIT_INTERRUPTED;
		follower_end(follower);
		return;
	}
	follower->asked_to_stop = true;
	say(follower, "stopping; once more to leave at once");
	if (!qmp_greeted(follower->qmp))
		return;
	qmp_execute(follower->qmp, "stop", json_pack("{s:s}", "mode", "kill"), false, NULL, NULL);
}

static int read_profile(const char *path, char **ret_text, size_t *ret_size, struct err *err)
{
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC);
	auto_free char *text = mem_zalloc(PROFILE_TEXT_MAX + 1);
	size_t size = 0;
	ssize_t n = 1;

	if (fd < 0) {
		err_set_errno(err, errno, "cannot open the profile %s", path);
		return err->code = -EINVAL;
	}
	while (n > 0 && size <= PROFILE_TEXT_MAX) {
		n = read(fd, text + size, PROFILE_TEXT_MAX + 1 - size);
		if (n < 0) {
			err_set_errno(err, errno, "cannot read the profile %s", path);
			return err->code = -EINVAL;
		}
		size += (size_t)n;
	}
	if (size > PROFILE_TEXT_MAX)
		return err_set(err, -EINVAL, "%s: longer than %d bytes: not a profile", path,
			       PROFILE_TEXT_MAX);
	*ret_text = mem_steal(text);
	*ret_size = size;
	return 0;
}

/* What went wrong, and what the results say, in one exit code. */
static int print_result(const struct cli *cli, const struct follower *follower, struct err *err)
{
	auto_free char *path = mem_printf("%s/results.db", follower->state);
	struct query *query = NULL;
	int r;

	r = query_open(path, &query, err);
	if (r == 0)
		r = report_campaign(query, follower->campaign, cli->json, stdout, err);
	query_close(query);
	return r;
}

static void follow(struct follower *follower, int fd)
{
	ev_signal interrupt, terminate;

	follower->loop = ev_loop_new(EVFLAG_AUTO);
	follower->qmp = qmp_new(follower->loop, fd, &handler, follower);
	ev_signal_init(&interrupt, signal_in, SIGINT);
	ev_signal_init(&terminate, signal_in, SIGTERM);
	interrupt.data = terminate.data = follower;
	ev_signal_start(follower->loop, &interrupt);
	ev_signal_start(follower->loop, &terminate);
	ev_run(follower->loop, 0);
	ev_signal_stop(follower->loop, &interrupt);
	ev_signal_stop(follower->loop, &terminate);
	qmp_free(follower->qmp);
	ev_loop_destroy(follower->loop);
	if (follower->line_open)
		fputc('\n', stderr);
}

int cli_run(const struct cli *cli)
{
	auto_free char *state = cli_state(cli);
	auto_free char *text = NULL;
	auto_json json_t *arguments = NULL, *signatures = json_object();
	struct follower follower = {
		.signatures = signatures,
		.state = state,
		.terminal = isatty(STDERR_FILENO),
		.code = -1,
	};
	struct local local;
	struct err err = { 0 };
	size_t size = 0;
	int fd, daemon_code;

	if (!cli->local) {
		err_set(&err, -EINVAL,
			"run: there is no service to talk to yet; --local runs a private qsoakd");
		return cli_error(&err);
	}
	if (read_profile(cli->profile, &text, &size, &err) < 0)
		return cli_error(&err);
	arguments = json_copy(cli->overrides);
	json_object_set_new(arguments, "name", json_string(cli->profile));
	if (json_object_set_new(arguments, "profile", json_stringn(text, size)) < 0) {
		err_set(&err, -EINVAL, "%s: not UTF-8 text", cli->profile);
		return cli_error(&err);
	}
	follower.arguments = arguments;
	if (local_start(state, cli->verbose, &local, &fd, &err) < 0)
		return cli_error(&err);
	follow(&follower, fd);
	daemon_code = local_finish(&local);
	if (follower.code < 0) {
		/* A qsoakd that could not start has said why. */
		if (!follower.campaign && !follower.err.code)
			err_set(&follower.err, -EPIPE, "qsoakd did not start");
		if (daemon_code > 0 && !follower.campaign && follower.err.code == -EPIPE)
			return daemon_code;
		return cli_error(&follower.err);
	}
	/* It may have come to an end, but not into the store. */
	if (follower.err.code && !follower.asked_to_stop)
		return cli_error(&follower.err);
	if (follower.campaign && print_result(cli, &follower, &err) < 0)
		return cli_error(&err);
	if (follower.code == EXIT_CLEAN && daemon_code != EXIT_CLEAN)
		return EXIT_HOST;
	if (follower.code == EXIT_INCONCLUSIVE)
		say(&follower, "inconclusive: no loop was finished");
	return follower.code;
}
