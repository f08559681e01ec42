/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The destination's side of a migration. */
#include "incoming.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dispatch.h"
#include "fake.h"
#include "job.h"
#include "log.h"
#include "migration.h"
#include "vm.h"

/* QEMU's destination leaves when the load fails, whoever's fault it is. */
static _Noreturn void give_up(struct migration *migration, int error)
{
	fake_stderr("load of migration failed: %s", strerror(error));
	fake_exit(migration->fake, 1);
}

/* The two sides must agree on what changes the stream. */
static bool agrees(const struct migration *migration, const json_t *hello)
{
	bool multifd = settings_capable(&migration->settings, "multifd");
	static const char *const same[] = { "multifd-channels", "multifd-compression" };

	if (json_is_true(json_object_get(hello, "multifd")) != multifd)
		return false;
	for (int i = 0; multifd && i < 2; i++)
		if (!json_equal(json_object_get(hello, same[i]),
				json_object_get(migration->settings.parameters, same[i])))
			return false;
	return true;
}

static void take_over(struct migration *migration, const json_t *step)
{
	struct fake *fake = migration->fake;

	vm_load(fake->vm, json_object_get(step, "final"));
	jobs_set_snapshots(fake->jobs, json_object_get(step, "snapshots"));
	log_fact(fake->log, "migrated", "{s:s, s:O}", "side", "destination", "state",
		 json_object_get(step, "final"));
	if (fake->autostart && json_is_true(json_object_get(step, "running")))
		vm_start(fake->vm);
	else
		vm_set_runstate(fake->vm, "paused");
	migration_set_status(migration, "completed");
}

/* True when the step was the last. The BQL is held. */
static bool take_step(struct migration *migration, const json_t *step, int fd)
{
	json_t *hello = json_object_get(step, "hello");
	json_t *pass = json_object_get(step, "pass");

	if (hello && !agrees(migration, hello))
		give_up(migration, EINVAL);
	if (pass) {
		vm_load(migration->fake->vm, pass);
		if (migration->dies)
			give_up(migration, EINVAL);
		if (write(fd, "+", 1) != 1)
			give_up(migration, EIO);
	}
	if (!json_object_get(step, "final"))
		return false;
	take_over(migration, step);
	return true;
}

static void unlink_address(const struct address *at)
{
	if (at->any.sa_family == AF_UNIX)
		unlink(at->un.sun_path);
}

static void *take_in(void *arg)
{
	struct migration *migration = arg;
	bool done = false;
	json_error_t error;
	int fd;

	do
		fd = accept4(migration->listener, NULL, NULL, SOCK_CLOEXEC);
	while (fd < 0 && errno == EINTR);
	close(migration->listener);
	unlink_address(&migration->at);
	if (fd < 0)
		give_up(migration, errno);
	bql_lock_impl(migration->fake);
	migration_set_status(migration, "active");
	bql_unlock(migration->fake);
	while (!done) {
		json_t *step = json_loadfd(fd, JSON_DISABLE_EOF_CHECK, &error);

		bql_lock_impl(migration->fake);
		if (!step)
			give_up(migration, EIO);
		done = take_step(migration, step, fd);
		bql_unlock(migration->fake);
		json_decref(step);
	}
	close(fd);
	return NULL;
}

void incoming_listen(struct request *request)
{
	struct migration *migration = request->fake->migration;

	if (!migration_has_address(request))
		return;
	if (!request->fake->incoming) {
		request_error(request, "'-incoming' was not specified on the command line");
		return;
	}
	if (migration->status) {
		request_error(request, "The incoming migration has already been started");
		return;
	}
	if (!migration_address(request, &migration->at))
		return;
	unlink_address(&migration->at);
	migration->listener = socket(migration->at.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	/* The port that was bound is told by query-migrate. */
	if (migration->listener < 0 ||
	    bind(migration->listener, &migration->at.any, migration->at.size) < 0 ||
	    listen(migration->listener, 1) < 0 ||
	    getsockname(migration->listener, &migration->at.any, &migration->at.size) < 0) {
		char at[128];

		request_error(request, "Failed to bind socket to %s: %s",
			      migration_address_text(&migration->at, at, sizeof(at)),
			      strerror(errno));
		if (migration->listener >= 0)
			close(migration->listener);
		return;
	}
	migration->dies = hit(&request->hits, FAULT_DEAD_INCOMING);
	migration_set_status(migration, "setup");
	fake_thread("mig/incoming", take_in, migration);
}
