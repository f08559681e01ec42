// SPDX-License-Identifier: GPL-2.0-or-later
/* The service manager's side is a socket of the test's: what it is told, and when the watchdog starves. */
#include "control/notify.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/deadline.h"
#include "base/mem.h"

#include "tests/unit/helper.h"

struct manager {
	struct ev_loop *loop;
	struct notify *notify;
	char path[64];
	int fd, asked;
	bool alive;
	const char *doing;
	char *story; /* all it was told, but for what the watchdog was fed */
	int fed, enough;
	ev_io watch;
	struct deadline limit;
};

static bool alive(void *ctx)
{
	struct manager *m = ctx;

	/* Enough questions for any answer to have come. */
	if (++m->asked == m->enough)
		ev_break(m->loop, EVBREAK_ALL);
	return m->alive;
}

static char *status(void *ctx)
{
	struct manager *m = ctx;

	return mem_strdup(m->doing);
}

static void told(struct ev_loop *loop, ev_io *watch, int events)
{
	struct manager *m = watch->data;
	char text[512];
	ssize_t n;

	(void)loop;
	(void)events;
	while ((n = recv(m->fd, text, sizeof(text) - 1, MSG_DONTWAIT)) > 0) {
		text[n] = '\0';
		if (!strcmp(text, "WATCHDOG=1"))
			m->fed++;
		else
			mem_append(&m->story, "|", "%s", text);
	}
}

static void too_late(void *ctx)
{
	(void)ctx;
	fail_msg("the watchdog is not looked at");
}

static void setup(struct manager *m, const char *watchdog_us)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct notify_spec spec = { .alive = alive, .status = status, .ctx = m };
	char pid[16];

	snprintf(m->path, sizeof(m->path), "/tmp/qsoak-notify-%d", getpid());
	strcpy(address.sun_path, m->path);
	m->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(m->fd, (struct sockaddr *)&address, sizeof(address)), 0);
	setenv("NOTIFY_SOCKET", m->path, 1);
	snprintf(pid, sizeof(pid), "%d", getpid());
	setenv("WATCHDOG_PID", pid, 1);
	setenv("WATCHDOG_USEC", watchdog_us, 1);
	m->loop = ev_loop_new(0);
	ev_io_init(&m->watch, told, m->fd, EV_READ);
	m->watch.data = m;
	ev_io_start(m->loop, &m->watch);
	deadline_init(&m->limit, too_late, m);
	deadline_start(m->loop, &m->limit, 20 * CLOCK_NS_PER_S);
	m->notify = notify_new(m->loop, &spec);
}

static void finish(struct manager *m)
{
	notify_free(m->notify);
	ev_io_stop(m->loop, &m->watch);
	deadline_stop(m->loop, &m->limit);
	ev_loop_destroy(m->loop);
	close(m->fd);
	unlink(m->path);
	free(m->story);
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
}

static void it_is_ready_does_something_and_stops(void **state)
{
	struct manager m = { .alive = true, .doing = "no campaign", .enough = 3 };

	(void)state;
	setup(&m, "30000");
	notify_ready(m.notify);
	ev_run(m.loop, 0);
	notify_stopping(m.notify);
	told(m.loop, &m.watch, 0);
	assert_string_equal(m.story, "READY=1|STATUS=no campaign|STOPPING=1");
	assert_true(m.fed >= 2);
	finish(&m);
}

static void a_watchdog_of_what_is_dead_starves(void **state)
{
	struct manager m = { .alive = false, .doing = "", .enough = 5 };

	(void)state;
	setup(&m, "30000");
	notify_ready(m.notify);
	ev_run(m.loop, 0);
	told(m.loop, &m.watch, 0);
	assert_int_equal(m.fed, 0);
	/* Until it answers again. */
	m.alive = true;
	m.enough = m.asked + 2;
	ev_run(m.loop, 0);
	told(m.loop, &m.watch, 0);
	assert_true(m.fed >= 1);
	finish(&m);
}

static void a_reload_has_its_time(void **state)
{
	struct manager m = { .alive = true, .doing = "x", .enough = 1 };

	(void)state;
	setup(&m, "0");
	notify_reloading(m.notify);
	notify_ready(m.notify);
	told(m.loop, &m.watch, 0);
	assert_non_null(strstr(m.story, "RELOADING=1\nMONOTONIC_USEC="));
	assert_non_null(strstr(m.story, "|READY=1"));
	/* No watchdog, no question. */
	ev_run(m.loop, EVRUN_NOWAIT);
	assert_int_equal(m.asked, 0);
	finish(&m);
}

static void pass_sockets(int count)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", getpid());
	setenv("LISTEN_PID", text, 1);
	snprintf(text, sizeof(text), "%d", count);
	setenv("LISTEN_FDS", text, 1);
}

/* In a child: descriptor 3 may be one of the test's own. */
static void with_descriptor_3(int fd, int count, int expected_fd, const char *expected_error)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		struct err err = { 0 };
		int found = -2, r;

		if (dup2(fd, 3) != 3)
			_exit(9);
		pass_sockets(count);
		r = notify_listen_fd(&found, &err);
		if (expected_error)
			_exit(r < 0 && strstr(err.text, expected_error) && found == -2 ? 0 : 1);
		_exit(r == 0 && found == expected_fd ? 0 : 2);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void a_socket_is_handed_over(void **state)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int listening = socket(AF_UNIX, SOCK_STREAM, 0), datagrams = socket(AF_UNIX, SOCK_DGRAM, 0);
	int found = 7;
	struct err err = { 0 };

	(void)state;
	/* An abstract name of the kernel's choice. */
	assert_int_equal(bind(listening, (struct sockaddr *)&address, sizeof(sa_family_t)), 0);
	with_descriptor_3(listening, 1, 0, "no listening Unix stream socket");
	assert_int_equal(listen(listening, 1), 0);
	with_descriptor_3(listening, 1, 3, NULL);
	with_descriptor_3(datagrams, 1, 0, "no listening Unix stream socket");
	with_descriptor_3(listening, 2, 0, "hands over 2 sockets, expected one");
	assert_int_equal(notify_listen_fd(&found, &err), 0);
	assert_int_equal(found, -1);
	close(listening);
	close(datagrams);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_ready_does_something_and_stops),
		cmocka_unit_test(a_watchdog_of_what_is_dead_starves),
		cmocka_unit_test(a_reload_has_its_time),
		cmocka_unit_test(a_socket_is_handed_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
