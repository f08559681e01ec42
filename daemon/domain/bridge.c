// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: the loop reads commands and writes answers and events, and never calls libvirt. Three threads do:
 * one takes commands in their order, each of which may block for ever when the QEMU hangs; one makes calls that last, a
 * migration above all, beside which commands go on; and one asks how libvirt is, and destroys the domain. All that they
 * find comes back as tasks of the loop.
 */
#include "domain/bridge.h"

#include <errno.h>
#include <libvirt/libvirt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/deadline.h"
#include "base/mem.h"
#include "domain/calls.h"
#include "domain/process.h"
#include "domain/tasks.h"
#include "qmp/qmp.h"
#include "qmp/stream.h"

#define CONNECT_LOOK_MS 200

struct bridge {
	struct ev_loop *loop;
	const struct host_spec *spec;
	struct qmp_stream *stream;
	struct tasks *back, *commands, *calls, *control;
	struct host *host; /* set by the thread of commands; others read it once it is opened */
	struct process_log *log;
	pid_t pid; /* of the QEMU; 0: not known */
	int detail; /* why libvirt says that it has gone */
	ev_io gone;
	struct deadline gone_limit;
	ev_signal term, interrupt;
	struct deadline destroy_limit, refusal;
	json_t *refused; /* answers to commands, until it is sure that the domain lives; or NULL */
	bool opened, begun, greeted, resumed, asked_to_quit, ending, over; /* begun: host_start() was well */
	enum domain_exit exit;
};

/* There is one in a process; what threads find is for it. */
static struct bridge bridge;

static void end(enum domain_exit how)
{
	if (bridge.over)
		return;
	bridge.over = true;
	bridge.exit = how;
	ev_break(bridge.loop, EVBREAK_ALL);
}

/* --- to the peer */

static void send_object(void *ctx)
{
	auto_json json_t *object = ctx;
	auto_free char *text = json_dumps(object, JSON_COMPACT);
	auto_free char *line = mem_printf("%s\n", text);

	if (!bridge.over)
		qmp_stream_send(bridge.stream, line, strlen(line));
}

static void send_greeting(void *ctx)
{
	bridge.greeted = true;
	send_object(ctx);
}

static void send_event(void *ctx)
{
	if (bridge.greeted)
		send_object(ctx);
	else
		json_decref(ctx);
}

/* id and value are stolen; NULL: the command had no id. */
static json_t *answer(json_t *id, const char *member, json_t *value)
{
	json_t *object = json_pack("{s:o}", member, value);

	if (id)
		json_object_set_new(object, "id", id);
	return object;
}

static json_t *answer_error(json_t *id, const struct err *err)
{
	return answer(id, "error",
		      json_pack("{s:s, s:s}", "class",
				err->code == -EOPNOTSUPP ? QMP_UNSUPPORTED : "GenericError", "desc",
				err->text));
}

static void send_refused(void *ctx)
{
	auto_json json_t *answers = mem_steal(bridge.refused);
	json_t *one;
	size_t i;

	(void)ctx;
	json_array_foreach(answers, i, one)
		send_object(json_incref(one));
}

/* libvirt itself refuses commands when their QEMU or its connection has gone, of which we hear a moment later. */
static void refuse_command(void *ctx)
{
	if (!bridge.refused)
		bridge.refused = json_array();
	json_array_append_new(bridge.refused, ctx);
	deadline_start(bridge.loop, &bridge.refusal, BRIDGE_REFUSAL_NS);
}

/* --- commands */

/* What a thread does for the peer. */
struct request {
	json_t *id;
	char *command;	   /* of the monitor, without its id */
	const struct call *call; /* of libvirt's */
	json_t *arguments;	 /* of that */
};

static void request_free(struct request *request)
{
	free(request->command);
	json_decref(request->arguments);
	free(request);
}

static void do_command(void *ctx)
{
	struct request *request = ctx;
	struct err err = { 0 };
	json_t *found = NULL;

	if (host_command(bridge.host, request->command, &found, &err) < 0) {
		tasks_add(bridge.back, refuse_command, answer_error(request->id, &err));
	} else {
		json_object_del(found, "id"); /* libvirt's own */
		if (request->id)
			json_object_set_new(found, "id", request->id);
		tasks_add(bridge.back, send_object, found);
	}
	request_free(request);
}

static void do_call(void *ctx)
{
	struct request *request = ctx;
	struct err err = { 0 };
	json_t *value = request->call->make(bridge.host, request->arguments, &err);

	if (value)
		tasks_add(bridge.back, send_object, answer(request->id, "return", value));
	else if (err.code == -EOPNOTSUPP || err.code == -ECANCELED)
		tasks_add(bridge.back, send_object, answer_error(request->id, &err));
	else
		tasks_add(bridge.back, refuse_command, answer_error(request->id, &err));
	request_free(request);
}

static void do_probe(void *ctx)
{
	struct request *request = ctx;
	const char *state = NULL;
	struct err err = { 0 };
	json_t *found;

	if (host_probe(bridge.host, &state, &err) < 0)
		found = answer_error(request->id, &err);
	else
		found = answer(request->id, "return", json_pack("{s:s}", "control", state));
	tasks_add(bridge.back, send_object, found);
	request_free(request);
}

static void message_in(void *ctx, json_t *message, const char *line, size_t size)
{
	struct request *request = mem_new(struct request);
	const char *name = json_string_value(json_object_get(message, "execute"));
	struct err err = { 0 };

	(void)ctx;
	(void)line;
	(void)size;
	request->id = json_deep_copy(json_object_get(message, "id"));
	if (!bridge.opened) {
		err_set(&err, -ENOTCONN, "libvirt is not connected to yet");
		send_object(answer_error(request->id, &err));
		request_free(request);
		return;
	}
	if (name && !strcmp(name, "qmp_capabilities")) {
		/* libvirt has negotiated for itself. */
		send_object(answer(request->id, "return", json_object()));
		request_free(request);
		return;
	}
	if (!name) {
		tasks_add(bridge.control, do_probe, request);
		return;
	}
	request->call = call_find(name);
	if (request->call) {
		request->arguments = json_deep_copy(json_object_get(message, "arguments"));
		tasks_add(request->call->beside ? bridge.control : bridge.calls, do_call, request);
		return;
	}
	bridge.asked_to_quit |= !strcmp(name, "quit");
	json_object_del(message, "id");
	request->command = json_dumps(message, JSON_COMPACT);
	tasks_add(bridge.commands, do_command, request);
}

/* --- the end */

static void nothing_left(void *ctx)
{
	(void)ctx;
	end(DOMAIN_EXIT_ENDED);
}

static void not_destroyed(void *ctx)
{
	auto_free char *text = ctx;

	if (!bridge.over)
		fprintf(stderr, "qsoak-domain: %s\n", text);
	end(DOMAIN_EXIT_LIBVIRT_GONE);
}

/* Where it was destroyed, an event ends us. */
static void do_destroy(void *ctx)
{
	struct err err = { 0 };
	int r = host_destroy(bridge.host, &err);

	(void)ctx;
	if (r == -ENOENT)
		tasks_add(bridge.back, nothing_left, NULL);
	else if (r < 0)
		tasks_add(bridge.back, not_destroyed, mem_strdup(err.text));
}

static void destroy_late(void *ctx)
{
	(void)ctx;
	fprintf(stderr, "qsoak-domain: libvirt does not destroy the domain %s\n",
		bridge.spec->name);
	end(DOMAIN_EXIT_LIBVIRT_HANGS);
}

static void begin_end(void)
{
	struct tasks *who = bridge.control;

	if (bridge.ending)
		return;
	bridge.ending = true;
	if (!bridge.opened) {
		end(DOMAIN_EXIT_ENDED);
		return;
	}
	deadline_start(bridge.loop, &bridge.destroy_limit, BRIDGE_DESTROY_LIMIT_NS);
	/* One that is about to start, or is being restored, has to be there first. */
	if (!bridge.begun)
		who = bridge.commands;
	else if (!host_has_domain(bridge.host))
		who = bridge.calls;
	tasks_add(who, do_destroy, NULL);
}

static void peer_closed(void *ctx, const struct err *err)
{
	(void)ctx;
	(void)err;
	begin_end();
}

static void signalled(struct ev_loop *loop, ev_signal *watch, int revents)
{
	(void)loop;
	(void)watch;
	(void)revents;
	begin_end();
}

static bool is_asked_for(int detail)
{
	return detail == VIR_DOMAIN_EVENT_STOPPED_SHUTDOWN ||
	       detail == VIR_DOMAIN_EVENT_STOPPED_MIGRATED ||
	       detail == VIR_DOMAIN_EVENT_STOPPED_SAVED ||
	       detail == VIR_DOMAIN_EVENT_STOPPED_FROM_SNAPSHOT;
}

/* how: as the kernel tells it; NULL: it does not. libvirt takes the word of QEMU, which may crash right after it, and be
 * gone before it has said a thing although it was asked to go; and ends with a signal what is slow to go. */
static enum domain_exit exit_of(int detail, const struct child_exit *how)
{
	bool well = how && how->status == 0;
	bool ended = well || (how && (how->signal == SIGTERM || how->signal == SIGKILL));

	if (bridge.ending || (is_asked_for(detail) && (!how || ended)))
		return DOMAIN_EXIT_ENDED;
	if (detail == VIR_DOMAIN_EVENT_STOPPED_DESTROYED)
		return DOMAIN_EXIT_DESTROYED;
	return well && bridge.asked_to_quit ? DOMAIN_EXIT_ENDED : DOMAIN_EXIT_CRASHED;
}

static json_t *ended_event(const struct child_exit *how)
{
	json_t *data = how->signal ? json_pack("{s:i, s:b}", "signal", how->signal, "core-dumped",
					       (int)how->core_dumped)
				   : json_pack("{s:i}", "status", how->status);

	return json_pack("{s:s, s:o}", "event", BRIDGE_ENDED, "data", data);
}

/* The QEMU is no process any more, or not soon enough, or none of this host. */
static void conclude(void)
{
	struct child_exit how;
	bool known = bridge.pid && process_ended(bridge.gone.fd, bridge.pid, &how);
	enum domain_exit code = exit_of(bridge.detail, known ? &how : NULL);

	if (bridge.over)
		return;
	process_log_print(bridge.log, stderr);
	if (known && code == DOMAIN_EXIT_CRASHED)
		send_event(ended_event(&how));
	end(code);
}

static void process_gone(struct ev_loop *loop, ev_io *watch, int revents)
{
	(void)revents;
	ev_io_stop(loop, watch);
	conclude();
}

static void gone_late(void *ctx)
{
	(void)ctx;
	conclude();
}

static void domain_stopped(void *ctx)
{
	int detail = (int)(intptr_t)ctx;

	if (bridge.over)
		return;
	/* A migration to here has failed, and libvirt has ended what was to take it: why, the source is told. */
	if (!bridge.spec->xml && !bridge.ending && !bridge.resumed &&
	    (detail == VIR_DOMAIN_EVENT_STOPPED_DESTROYED ||
	     (detail == VIR_DOMAIN_EVENT_STOPPED_FAILED && process_log_terminated(bridge.log))))
		return;
	bridge.detail = detail;
	if (!bridge.pid) {
		conclude();
		return;
	}
	ev_io_start(bridge.loop, &bridge.gone);
	deadline_start(bridge.loop, &bridge.gone_limit, BRIDGE_GONE_NS);
}

static void connection_closed(void *ctx)
{
	int reason = (int)(intptr_t)ctx;

	if (bridge.over)
		return;
	fprintf(stderr, "qsoak-domain: the connection to libvirt has ended: %s\n",
		reason == VIR_CONNECT_CLOSE_REASON_KEEPALIVE ? "no answer to its keepalive"
		: reason == VIR_CONNECT_CLOSE_REASON_EOF     ? "closed by libvirt"
							     : "an error");
	end(reason == VIR_CONNECT_CLOSE_REASON_KEEPALIVE ? DOMAIN_EXIT_LIBVIRT_HANGS
							 : DOMAIN_EXIT_LIBVIRT_GONE);
}

static void refused(void *ctx)
{
	auto_free char *text = ctx;

	if (!bridge.over)
		fprintf(stderr, "qsoak-domain: %s\n", text);
	end(bridge.ending ? DOMAIN_EXIT_ENDED : DOMAIN_EXIT_REFUSED);
}

/* --- from libvirt's thread */

static void qemu_said(void *ctx)
{
	bridge.resumed |= !strcmp(json_string_value(json_object_get(ctx, "event")), "RESUME");
	send_event(ctx);
}

static void event_in(void *ctx, const char *name, long long seconds, unsigned microseconds,
		     const char *data)
{
	json_t *members, *event;

	(void)ctx;
	/* Such are ours to say, whatever a QEMU says. */
	if (!strncmp(name, BRIDGE_EVENT_PREFIX, strlen(BRIDGE_EVENT_PREFIX)))
		return;
	event = json_pack("{s:s, s:{s:I, s:I}}", "event", name, "timestamp", "seconds",
			  (json_int_t)seconds, "microseconds", (json_int_t)microseconds);
	members = data ? json_loads(data, 0, NULL) : NULL;
	if (members)
		json_object_set_new(event, "data", members);
	tasks_add(bridge.back, qemu_said, event);
}

static void stopped_in(void *ctx, int detail)
{
	(void)ctx;
	tasks_add(bridge.back, domain_stopped, (void *)(intptr_t)detail);
}

static void closed_in(void *ctx, int reason)
{
	(void)ctx;
	tasks_add(bridge.back, connection_closed, (void *)(intptr_t)reason);
}

static void log_found(void *ctx)
{
	bridge.log = ctx;
}

/* It may have gone already. */
static void process_found(void *ctx)
{
	pid_t pid = (pid_t)(intptr_t)ctx;
	int pidfd = process_open(pid, bridge.spec->uuid);

	if (pidfd < 0)
		return;
	bridge.pid = pid;
	ev_io_init(&bridge.gone, process_gone, pidfd, EV_READ);
}

static void do_arrive(void *ctx)
{
	pid_t pid = process_find(bridge.spec->uuid);

	(void)ctx;
	tasks_add(bridge.back, process_found, (void *)(intptr_t)pid);
	tasks_add(bridge.back, log_found,
		  process_log_open(pid, bridge.spec->uri, bridge.spec->name));
	tasks_add(bridge.back, send_event,
		  json_pack("{s:s, s:{s:i}}", "event", BRIDGE_ARRIVED, "data", "pid", (int)pid));
}

/* While a domain is on its way, libvirt takes no command for it. */
static void started_in(void *ctx)
{
	(void)ctx;
	tasks_add(bridge.control, do_arrive, NULL);
}

static const struct host_handler host_handler = {
	.event = event_in,
	.started = started_in,
	.stopped = stopped_in,
	.closed = closed_in,
};

static void opened(void *ctx)
{
	(void)ctx;
	bridge.opened = true;
}

static void begun(void *ctx)
{
	(void)ctx;
	bridge.begun = true;
}

/* Until libvirt is there: who waits for us has a limit, and nothing tells when it comes. */
static int connect_to(struct err *err)
{
	bool told = false;

	for (;;) {
		int r = host_open(bridge.spec->uri, &host_handler, NULL, &bridge.host, err);

		if (r != -ECONNREFUSED)
			return r;
		if (!told)
			fprintf(stderr, "qsoak-domain: %s; waiting\n", err->text);
		told = true;
		poll(NULL, 0, CONNECT_LOOK_MS);
	}
}

static int greet(struct err *err)
{
	json_t *version = NULL;
	int r = host_version(bridge.host, &version, err);

	if (r == 0)
		tasks_add(bridge.back, send_greeting,
			  json_pack("{s:{s:o, s:[s]}}", "QMP", "version", version, "capabilities",
				    "oob"));
	return r;
}

static int start(struct err *err)
{
	return host_start(bridge.host, bridge.spec->uuid, bridge.spec->xml, err);
}

static void do_open(void *ctx)
{
	const struct host_spec *spec = bridge.spec;
	struct err err = { 0 };
	int r = connect_to(&err);

	(void)ctx;
	if (r == 0)
		r = host_sweep(bridge.host, spec, &err);
	if (r >= 0) {
		tasks_add(bridge.back, opened, NULL);
		/* Who is greeted may at once send what is awaited. */
		r = spec->xml ? greet(&err) : start(&err);
	}
	if (r == 0)
		r = spec->xml ? start(&err) : greet(&err);
	if (r < 0)
		tasks_add(bridge.back, refused, mem_strdup(err.text));
	else
		tasks_add(bridge.back, begun, NULL);
}

enum domain_exit bridge_run(struct ev_loop *loop, int fd, const struct host_spec *spec)
{
	static const struct qmp_stream_handler handler = {
		.message = message_in,
		.closed = peer_closed,
	};

	bridge.loop = loop;
	bridge.spec = spec;
	bridge.stream = qmp_stream_new(loop, fd, &handler, NULL);
	qmp_stream_serve(bridge.stream, QMP_LINE_MAX, QMP_UNSENT_MAX);
	deadline_init(&bridge.destroy_limit, destroy_late, NULL);
	deadline_init(&bridge.gone_limit, gone_late, NULL);
	deadline_init(&bridge.refusal, send_refused, NULL);
	ev_signal_init(&bridge.term, signalled, SIGTERM);
	ev_signal_start(loop, &bridge.term);
	ev_signal_init(&bridge.interrupt, signalled, SIGINT);
	ev_signal_start(loop, &bridge.interrupt);
	bridge.back = tasks_of_loop(loop);
	bridge.commands = tasks_of_thread();
	bridge.calls = tasks_of_thread();
	bridge.control = tasks_of_thread();
	tasks_add(bridge.commands, do_open, NULL);
	ev_run(loop, 0);
	/* A thread may sit in a call that never returns; nobody frees what it may use. */
	return bridge.exit;
}
