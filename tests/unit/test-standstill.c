// SPDX-License-Identifier: GPL-2.0-or-later
/* A process that was stopped has lost its time: deadlines come as much later, and it is told. */
#include "tests/unit/helper.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "base/clock.h"
#include "base/standstill.h"

/* Longer than a standstill, and than the deadline in progress. */
#define STOPPED_MS (STANDSTILL_NS / CLOCK_NS_PER_MS + 500)
#define AFTER_NS (1500 * CLOCK_NS_PER_MS)

/* A suspend: CLOCK_BOOTTIME alone goes on. */
static time_t suspended_s;

int clock_gettime(clockid_t id, struct timespec *ts)
{
	int r = (int)syscall(SYS_clock_gettime, id, ts);

	if (id == CLOCK_BOOTTIME)
		ts->tv_sec += suspended_s;
	return r;
}

struct desk {
	struct ev_loop *loop;
	struct standstill *standstill;
	struct deadline deadline;
	ev_timer soon;
	int64_t began_ns, fired_ns, lost_ns, suspended_ns;
	int told;
};

static void late(void *ctx)
{
	struct desk *desk = ctx;

	desk->fired_ns = clock_now_ns();
	ev_break(desk->loop, EVBREAK_ALL);
}

static void stood(void *ctx, int64_t lost_ns, int64_t suspended_ns)
{
	struct desk *desk = ctx;

	desk->told++;
	desk->lost_ns += lost_ns;
	desk->suspended_ns += suspended_ns;
}

static void open_desk(struct desk *desk)
{
	desk->loop = ev_loop_new(EVFLAG_AUTO);
	desk->standstill = standstill_new(desk->loop, stood, desk);
	deadline_init(&desk->deadline, late, desk);
	desk->began_ns = clock_now_ns();
	deadline_start(desk->loop, &desk->deadline, AFTER_NS);
}

static void close_desk(struct desk *desk)
{
	deadline_stop(desk->loop, &desk->deadline);
	standstill_free(desk->standstill);
	ev_loop_destroy(desk->loop);
}

/* The story, in a process that somebody stops; 0, or the line that is wrong. */
#define EXPECT(what)                               \
	do {                                       \
		if (!(what))                       \
			_exit(__LINE__ % 200 + 1); \
	} while (0)

/* In the middle of a callback: what is asked next already knows. */
static void stop_here(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct desk *desk = timer->data;
	uint64_t before = standstill_count(loop);
	struct deadline other;

	(void)revents;
	raise(SIGSTOP);
	EXPECT(standstill_count(loop) == before + 1);
	EXPECT(standstill_lost_ns(loop) >= STOPPED_MS * CLOCK_NS_PER_MS - CLOCK_NS_PER_MS);
	EXPECT(desk->told == 0);
	deadline_init(&other, late, desk);
	deadline_start(loop, &other, CLOCK_NS_PER_S);
	EXPECT(other.lost_ns == standstill_lost_ns(loop));
	deadline_stop(loop, &other);
}

static void be_stopped_in_a_callback(void)
{
	struct desk desk = { 0 };

	open_desk(&desk);
	ev_timer_init(&desk.soon, stop_here, 0.1, 0.);
	desk.soon.data = &desk;
	ev_timer_start(desk.loop, &desk.soon);
	ev_run(desk.loop, 0);
	EXPECT(desk.told == 1);
	EXPECT(desk.lost_ns >= STOPPED_MS * CLOCK_NS_PER_MS - CLOCK_NS_PER_MS);
	EXPECT(desk.suspended_ns == 0);
	EXPECT(desk.fired_ns - desk.began_ns >= AFTER_NS + desk.lost_ns - CLOCK_NS_PER_MS);
	close_desk(&desk);
	_exit(0);
}

/* In poll(): the loop is stopped by somebody else while it waits. */
static void be_stopped_in_poll(int ready_fd)
{
	struct desk desk = { 0 };

	open_desk(&desk);
	EXPECT(write(ready_fd, "", 1) == 1);
	ev_run(desk.loop, 0);
	EXPECT(desk.told == 1);
	EXPECT(desk.lost_ns >= STOPPED_MS * CLOCK_NS_PER_MS - CLOCK_NS_PER_MS);
	EXPECT(desk.fired_ns - desk.began_ns >= AFTER_NS + desk.lost_ns - CLOCK_NS_PER_MS);
	close_desk(&desk);
	_exit(0);
}

/* Once it has stopped, it is woken when its deadline has long passed. */
static int wake_later(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
	assert_true(WIFSTOPPED(status));
	poll(NULL, 0, STOPPED_MS);
	kill(pid, SIGCONT);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void a_stop_in_a_callback_moves_the_deadline(void **state)
{
	pid_t pid = fork();

	(void)state;
	if (pid == 0)
		be_stopped_in_a_callback();
	assert_int_equal(wake_later(pid), 0);
}

static void a_stop_in_poll_moves_the_deadline(void **state)
{
	int ends[2];
	char byte;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0)
		be_stopped_in_poll(ends[1]);
	assert_int_equal(read(ends[0], &byte, 1), 1);
	kill(pid, SIGSTOP);
	assert_int_equal(wake_later(pid), 0);
	close(ends[0]);
	close(ends[1]);
}

static void a_loop_that_only_waits_has_lost_nothing(void **state)
{
	struct desk desk = { 0 };

	(void)state;
	open_desk(&desk);
	/* Longer than a standstill: the watch itself makes the loop turn. */
	deadline_start(desk.loop, &desk.deadline, STANDSTILL_NS + 500 * CLOCK_NS_PER_MS);
	ev_run(desk.loop, 0);
	assert_int_equal(desk.told, 0);
	assert_int_equal(standstill_lost_ns(desk.loop), 0);
	close_desk(&desk);
}

static void wake_up(struct ev_loop *loop, ev_timer *timer, int revents)
{
	(void)loop;
	(void)timer;
	(void)revents;
	suspended_s = 3 * 3600;
}

static void a_suspend_is_told_and_moves_nothing(void **state)
{
	struct desk desk = { 0 };

	(void)state;
	open_desk(&desk);
	ev_timer_init(&desk.soon, wake_up, 0.1, 0.);
	ev_timer_start(desk.loop, &desk.soon);
	ev_run(desk.loop, 0);
	assert_int_equal(desk.told, 1);
	assert_true(desk.suspended_ns >= (3 * 3600 - 1) * CLOCK_NS_PER_S);
	assert_int_equal(desk.lost_ns, 0);
	assert_int_equal(standstill_count(desk.loop), 1);
	assert_int_equal(standstill_lost_ns(desk.loop), 0);
	close_desk(&desk);
	suspended_s = 0;
}

static void it_does_not_keep_the_loop(void **state)
{
	struct desk desk = { 0 };

	(void)state;
	open_desk(&desk);
	deadline_stop(desk.loop, &desk.deadline);
	ev_run(desk.loop, 0);
	close_desk(&desk);
}

static void a_loop_without_watch_has_lost_nothing(void **state)
{
	struct ev_loop *loop = ev_loop_new(EVFLAG_AUTO);

	(void)state;
	assert_int_equal(standstill_lost_ns(loop), 0);
	assert_int_equal(standstill_count(loop), 0);
	standstill_free(NULL);
	ev_loop_destroy(loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_stop_in_a_callback_moves_the_deadline),
		cmocka_unit_test(a_stop_in_poll_moves_the_deadline),
		cmocka_unit_test(a_loop_that_only_waits_has_lost_nothing),
		cmocka_unit_test(a_suspend_is_told_and_moves_nothing),
		cmocka_unit_test(it_does_not_keep_the_loop),
		cmocka_unit_test(a_loop_without_watch_has_lost_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
