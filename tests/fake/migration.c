/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Migration between two fakes over a UNIX socket or TCP: the commands, the status and the source.
 *
 * Theory of operation: `migrate` replies at once, a thread does the rest. It sends one JSON object
 * a step: "hello" (the settings that both sides must share), "pass" (the guest's state while it
 * still runs, so the destination's RAM changes early, as with QEMU) and "final" (the state of the
 * stopped guest, and the snapshots, which with QEMU lie in the images that both sides open). The
 * destination acknowledges the pass with one byte: without it the source does not complete, so a
 * destination that dies early means a failed migration each time.
 */
#include "migration.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dispatch.h"
#include "fake.h"
#include "job.h"
#include "log.h"
#include "monitor.h"
#include "vm.h"

#define USUAL_MS 5
#define THROTTLED_BYTES 65536 /* a second */
#define LATE_TIMES_NS (50 * 1000000ll)

struct migration *migration_new(struct fake *fake)
{
	struct migration *migration = calloc(1, sizeof(*migration));

	if (!migration)
		return NULL;
	migration->fake = fake;
	migration->listener = -1;
	migration->cancel = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	settings_init(&migration->settings);
	return migration;
}

static bool is(const struct migration *migration, const char *status)
{
	return migration->status && !strcmp(migration->status, status);
}

bool migration_running(const struct migration *migration)
{
	return migration->outgoing && (is(migration, "setup") || is(migration, "active") ||
				       is(migration, "device") || is(migration, "cancelling"));
}

void migration_set_status(struct migration *migration, const char *status)
{
	migration->status = status;
	if (settings_capable(&migration->settings, "events"))
		monitor_event(migration->fake->monitor, "MIGRATION",
			      json_pack("{s:s}", "status", status));
}

static void count_pass(struct migration *migration)
{
	migration->passes++;
	if (settings_capable(&migration->settings, "events"))
		monitor_event(migration->fake->monitor, "MIGRATION_PASS",
			      json_pack("{s:i}", "pass", migration->passes));
}

static bool unix_address(struct request *request, const char *path, struct address *ret_address)
{
	if (strlen(path) >= sizeof(ret_address->un.sun_path)) {
		request_error(request, "UNIX socket path '%.200s' is too long", path);
		return false;
	}
	*ret_address =
		(struct address){ .un.sun_family = AF_UNIX, .size = sizeof(ret_address->un) };
	strcpy(ret_address->un.sun_path, path);
	return true;
}

/* Both are optional where there are both. */
bool migration_has_address(struct request *request)
{
	if (json_object_get(request->args, "uri") ||
	    json_array_size(json_object_get(request->args, "channels")))
		return true;
	request_error(request, "need either 'uri' or 'channels' argument");
	return false;
}

bool migration_address(struct request *request, struct address *ret_address)
{
	const char *uri = json_string_value(json_object_get(request->args, "uri"));
	unsigned short port;
	int used = 0;

	if (!uri) {
		request_error(request, "fake: channels are not taken");
		return false;
	}
	if (!strncmp(uri, "unix:", strlen("unix:")) && uri[strlen("unix:")])
		return unix_address(request, uri + strlen("unix:"), ret_address);
	if (sscanf(uri, "tcp:127.0.0.1:%hu%n", &port, &used) == 1 && !uri[used]) {
		*ret_address = (struct address){
			.in = { .sin_family = AF_INET,
				.sin_port = htons(port),
				.sin_addr.s_addr = htonl(INADDR_LOOPBACK) },
			.size = sizeof(ret_address->in),
		};
		return true;
	}
	request_error(request, "Parameter 'uri' expects a valid migration protocol");
	return false;
}

const char *migration_address_text(const struct address *address, char *buffer, size_t size)
{
	if (address->any.sa_family == AF_UNIX)
		snprintf(buffer, size, "%s", address->un.sun_path);
	else
		snprintf(buffer, size, "127.0.0.1:%hu", ntohs(address->in.sin_port));
	return buffer;
}

/* Takes the object. */
static bool send_step(int fd, json_t *step)
{
	bool sent = !json_dumpfd(step, fd, JSON_COMPACT);

	json_decref(step);
	return sent;
}

static json_t *hello(const struct migration *migration)
{
	json_t *parameters = migration->settings.parameters;

	return json_pack("{s:{s:b, s:O, s:O}}", "hello", "multifd",
			 settings_capable(&migration->settings, "multifd"), "multifd-channels",
			 json_object_get(parameters, "multifd-channels"), "multifd-compression",
			 json_object_get(parameters, "multifd-compression"));
}

/* The BQL is held. */
static void fail(struct migration *migration, const char *error)
{
	snprintf(migration->error, sizeof(migration->error), "%s", error);
	if (error[0])
		fake_stderr("%s", error);
	log_fact(migration->fake->log, "migration failed", "{s:s}", "error", error);
	migration_set_status(migration, "failed");
}

/* Waits for the destination to say something or to go (true), the timeout (-1: none) or a cancel. */
static bool wait_for_peer(const struct migration *migration, int fd, int timeout_ms,
			  bool *ret_timeout)
{
	struct pollfd fds[] = {
		{ .fd = fd, .events = POLLIN | POLLRDHUP },
		{ .fd = migration->cancel, .events = POLLIN },
	};
	int n;

	do
		n = poll(fds, 2, timeout_ms);
	while (n < 0 && errno == EINTR);
	*ret_timeout = n == 0;
	return fds[0].revents;
}

/* The destination acknowledges the pass, then all is well for the time that the migration shall be
 * active. False when it ended before. */
static bool stay_active(const struct migration *migration, int fd)
{
	bool timeout;
	char ack;

	if (!wait_for_peer(migration, fd, -1, &timeout) || read(fd, &ack, 1) != 1)
		return false;
	wait_for_peer(migration, fd, migration->sticks ? -1 : (int)migration->active_ms, &timeout);
	return timeout;
}

/* The guest stops here and starts there. The BQL is held. */
static void switch_over(struct migration *migration, int fd)
{
	struct fake *fake = migration->fake;
	bool running = vm_running(fake->vm);
	const char *runstate = vm_runstate(fake->vm);
	long long stop_ns = fake_now_ns();
	json_t *state;

	vm_stop(fake->vm, "finish-migrate");
	vm_set_runstate(fake->vm, "finish-migrate");
	count_pass(migration);
	migration_set_status(migration, "device");
	state = vm_save(fake->vm);
	if (!send_step(fd, json_pack("{s:O, s:O, s:b}", "final", state, "snapshots",
				     jobs_snapshots(fake->jobs), "running", running))) {
		json_decref(state);
		vm_set_runstate(fake->vm, runstate);
		fail(migration, "");
		if (running)
			vm_start(fake->vm);
		return;
	}
	migration->downtime_ns = fake_now_ns() - stop_ns;
	migration->total_ns = fake_now_ns() - migration->start_ns;
	migration->told_ns = fake_now_ns() + (migration->late_times ? LATE_TIMES_NS : 0);
	vm_set_runstate(fake->vm, "postmigrate");
	log_fact(fake->log, "migrated", "{s:s, s:o}", "side", "source", "state", state);
	migration_set_status(migration, "completed");
	if (migration->disorder)
		migration_set_status(migration, "active");
}

/* The BQL is held. False: the destination is not there any more. */
static bool go_active(struct migration *migration, int fd)
{
	migration->setup_ns = fake_now_ns() - migration->start_ns;
	if (!send_step(fd, hello(migration)) ||
	    !send_step(fd, json_pack("{s:o}", "pass", vm_save(migration->fake->vm))))
		return false;
	count_pass(migration);
	migration_set_status(migration, "active");
	return true;
}

static void end(struct migration *migration, int fd, bool alive)
{
	if (migration->cancelled) {
		log_fact(migration->fake->log, "migration cancelled", NULL);
		migration_set_status(migration, "cancelled");
	} else if (alive) {
		switch_over(migration, fd);
	} else {
		fail(migration, "");
	}
}

static void *live_migration(void *arg)
{
	struct migration *migration = arg;
	struct fake *fake = migration->fake;
	int fd = socket(migration->to.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool alive;

	if (fd < 0 || connect(fd, &migration->to.any, migration->to.size) < 0) {
		char error[256], to[128];

		snprintf(error, sizeof(error), "Failed to connect to '%s': %s",
			 migration_address_text(&migration->to, to, sizeof(to)), strerror(errno));
		bql_lock_impl(fake);
		fail(migration, error);
		bql_unlock(fake);
	} else {
		bql_lock_impl(fake);
		alive = go_active(migration, fd);
		bql_unlock(fake);
		alive = alive && stay_active(migration, fd);
		bql_lock_impl(fake);
		end(migration, fd, alive);
		bql_unlock(fake);
	}
	if (fd >= 0)
		close(fd);
	return NULL;
}

/* The guest dirties more than that: it never ends. */
static bool is_throttled(const struct migration *migration)
{
	const json_t *bandwidth = json_object_get(migration->settings.parameters, "max-bandwidth");

	return json_integer_value(bandwidth) < THROTTLED_BYTES;
}

void migration_migrate(struct request *request)
{
	struct migration *migration = request->fake->migration;
	eventfd_t count;

	if (!migration_has_address(request))
		return;
	if (migration_running(migration)) {
		request_error(request, "There's a migration process in progress");
		return;
	}
	if (!strcmp(vm_runstate(request->fake->vm), "inmigrate")) {
		request_error(request, "Guest is waiting for an incoming migration");
		return;
	}
	if (!migration_address(request, &migration->to))
		return;
	eventfd_read(migration->cancel, &count);
	migration->outgoing = true;
	migration->cancelled = false;
	migration->error[0] = '\0';
	migration->passes = 0;
	migration->active_ms = request->slow ? request->slow_ms : USUAL_MS;
	migration->sticks = hit(&request->hits, FAULT_STUCK_MIGRATION) || is_throttled(migration);
	migration->disorder = hit(&request->hits, FAULT_MIGRATION_ORDER);
	migration->late_times = hit(&request->hits, FAULT_LATE_TIMES);
	migration->start_ns = fake_now_ns();
	migration->setup_ns = 0;
	migration_set_status(migration, "setup");
	request_return(request, json_object());
	fake_thread("live_migration", live_migration, migration);
}

void migration_cancel(struct request *request)
{
	struct migration *migration = request->fake->migration;

	if (!migration_running(migration) || migration->cancelled)
		return;
	migration->cancelled = true;
	migration_set_status(migration, "cancelling");
	eventfd_write(migration->cancel, 1);
}

/* A time of 0 means none: what took less counts as one. */
static json_int_t ms(long long ns)
{
	return ns < 1000000 ? 1 : ns / 1000000;
}

static json_t *query_ram(const struct migration *migration, json_int_t total_ms)
{
	bool multifd = settings_capable(&migration->settings, "multifd");
	json_int_t transferred = 75087 + (multifd ? 32576 : 0);
	double mbps = total_ms ? (double)transferred * 8 / 1000 / (double)total_ms : 0;

	return json_pack(
		"{s:I, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:f, s:I, s:i, s:i, s:i, s:i, s:i, "
		"s:i, s:i}",
		"total", (json_int_t)34152448, "postcopy-requests", 0, "dirty-sync-count",
		migration->passes, "multifd-bytes", multifd ? 32576 : 0, "pages-per-second", 0,
		"downtime-bytes", multifd ? 0 : 13, "page-size", 4096, "remaining", 0,
		"postcopy-bytes", 0, "mbps", mbps, "transferred", transferred,
		"dirty-sync-missed-zero-copy", 0, "precopy-bytes", 75074, "duplicate", 8334,
		"dirty-pages-rate", 0, "skipped", 0, "normal-bytes", 20480, "normal", 5);
}

static json_t *query_source(const struct migration *migration)
{
	json_t *reply = json_pack("{s:s}", "status", migration->status);

	if (is(migration, "active") || is(migration, "device")) {
		json_int_t total = ms(fake_now_ns() - migration->start_ns);

		json_object_set_new(reply, "expected-downtime", json_integer(300));
		json_object_set_new(reply, "setup-time", json_integer(ms(migration->setup_ns)));
		json_object_set_new(reply, "total-time", json_integer(total));
		json_object_set_new(reply, "ram", query_ram(migration, total));
	} else if (is(migration, "completed")) {
		bool told = fake_now_ns() >= migration->told_ns;
		json_int_t total = told ? ms(migration->total_ns) : 0;

		json_object_set_new(reply, "setup-time", json_integer(ms(migration->setup_ns)));
		json_object_set_new(reply, "downtime",
				    json_integer(told ? ms(migration->downtime_ns) : 0));
		json_object_set_new(reply, "total-time", json_integer(total));
		json_object_set_new(reply, "ram", query_ram(migration, total));
	} else if (migration->error[0]) {
		json_object_set_new(reply, "error-desc", json_string(migration->error));
	}
	return reply;
}

static json_t *query_address(const struct address *at)
{
	char port[8];

	if (at->any.sa_family == AF_UNIX)
		return json_pack("{s:[{s:s, s:s}]}", "socket-address", "path", at->un.sun_path,
				 "type", "unix");
	snprintf(port, sizeof(port), "%hu", ntohs(at->in.sin_port));
	return json_pack("{s:[{s:s, s:s, s:s}]}", "socket-address", "port", port, "host",
			 "127.0.0.1", "type", "inet");
}

void migration_query(struct request *request)
{
	struct migration *migration = request->fake->migration;

	if (!migration->status)
		request_return(request, json_object());
	else if (migration->outgoing)
		request_return(request, query_source(migration));
	else if (is(migration, "setup"))
		request_return(request, query_address(&migration->at));
	else
		request_return(request, json_pack("{s:s}", "status", migration->status));
}

void migration_set_capabilities(struct request *request)
{
	struct migration *migration = request->fake->migration;

	if (migration_running(migration))
		request_error(request, "There's a migration process in progress");
	else
		settings_set_capabilities(&migration->settings, request->args);
}

void migration_query_capabilities(struct request *request)
{
	request_return(request, settings_get_capabilities(&request->fake->migration->settings));
}

void migration_set_parameters(struct request *request)
{
	const char *why =
		settings_set_parameters(&request->fake->migration->settings, request->args);

	if (why)
		request_error(request, "%s", why);
}

void migration_query_parameters(struct request *request)
{
	request_return(request, json_incref(request->fake->migration->settings.parameters));
}
