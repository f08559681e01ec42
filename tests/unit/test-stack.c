// SPDX-License-Identifier: GPL-2.0-or-later
/* Who waits for whom: in made-up QEMUs, and in a real process whose threads have locked each other out. */
#include "tests/unit/helper.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "stack/print.h"
#include "stack/unwind.h"
#include "stack/waits.h"

#define BQL 0x1000

/* A process of up to four threads, by hand. */
struct scene {
	struct stack_process process;
	pid_t owner; /* of every mutex; -1: cannot be read */
};

static bool owner_of(void *ctx, uint64_t address, pid_t *ret_owner)
{
	const struct scene *scene = ctx;

	assert_int_equal(address, BQL);
	if (scene->owner < 0)
		return false;
	*ret_owner = scene->owner;
	return true;
}

static void setup(struct scene *scene, size_t count, const char *const *names)
{
	struct proc_thread *threads = mem_zalloc(count * sizeof(*threads));

	*scene = (struct scene){ .process.pid = 100 };
	for (size_t i = 0; i < count; i++) {
		threads[i] = (struct proc_thread){ .tid = 100 + (pid_t)i, .syscall = SYS_futex };
		threads[i].args[0] = BQL;
		snprintf(threads[i].name, sizeof(threads[i].name), "%s", names[i]);
	}
	stack_process_set_threads(&scene->process, threads, count);
	for (size_t i = 0; i < count; i++)
		scene->process.threads[i].blocked = true;
}

/* functions: the innermost first, separated by spaces. */
static void stand_in(struct scene *scene, size_t index, const char *functions)
{
	struct stack_thread *thread = &scene->process.threads[index];

	while (*functions) {
		size_t length = strcspn(functions, " ");

		thread->frames = mem_realloc(thread->frames, thread->frame_count + 1,
					     sizeof(*thread->frames));
		thread->frames[thread->frame_count++] =
			(struct stack_frame){ .function = mem_strndup(functions, length) };
		functions += length + (functions[length] == ' ');
	}
}

static void circle_is(struct scene *scene, const char *expected)
{
	waits_find(&scene->process, owner_of, scene);
	if (expected)
		assert_string_equal(scene->process.circle ? scene->process.circle : "none",
				    expected);
	else
		assert_null(scene->process.circle);
	stack_process_clear(&scene->process);
}

#define WAITS_FOR_BQL \
	"__lll_lock_wait pthread_mutex_lock qemu_mutex_lock_impl qemu_mutex_lock_iothread_impl"

static const char *const migrating[] = { "qemu-system-x86", "live_migration", "multifdsend_0" };

static void setup_multifd(struct scene *scene)
{
	setup(scene, 3, migrating);
	stand_in(scene, 0, WAITS_FOR_BQL " main_loop_wait main");
	stand_in(scene, 1,
		 "pthread_cond_wait qemu_cond_wait_impl qemu_sem_wait multifd_send_sync_main "
		 "ram_save_setup migration_thread");
	stand_in(scene, 2, "pthread_cond_wait qemu_sem_wait multifd_send_thread");
	scene->owner = 101;
}

static void multifd_channels_that_the_main_thread_should_set_up_are_a_circle(void **state)
{
	struct scene scene;

	(void)state;
	setup_multifd(&scene);
	circle_is(&scene,
		  "the main thread waits for the BQL, which the migration thread holds; the "
		  "migration thread waits in multifd_send_sync_main on a semaphore for its "
		  "multifd channels, those of which are not set up yet need the main thread");
	/* A migration thread that does not hold the lock holds up nobody. */
	setup_multifd(&scene);
	scene.owner = 0;
	circle_is(&scene, NULL);
	setup_multifd(&scene);
	scene.owner = -1;
	circle_is(&scene, NULL);
	/* What went on while it was looked at was no wait. */
	setup_multifd(&scene);
	scene.process.threads[1].blocked = false;
	circle_is(&scene, NULL);
}

static const char *const running[] = { "qemu-system-x86", "CPU 0/TCG", "CPU 1/TCG" };

static void a_vcpu_whose_write_the_main_loop_completes_is_a_circle(void **state)
{
	struct scene scene;

	(void)state;
	setup(&scene, 3, running);
	stand_in(&scene, 0, "pthread_cond_wait qemu_cond_wait_impl pause_all_vcpus vm_stop");
	stand_in(&scene, 1, "pthread_cond_wait qemu_cond_wait_impl qemu_wait_io_event");
	stand_in(&scene, 2, "ppoll aio_poll bdrv_poll_co blk_pwrite pflash_update");
	circle_is(&scene, "the main thread waits in pause_all_vcpus for vCPU 1; vCPU 1 waits in "
			  "blk_pwrite for an I/O that only the main loop can complete");
}

static void who_idles_waits_for_nobody(void **state)
{
	static const char *const idle[] = { "qemu-system-x86", "CPU 0/KVM", "worker", "call_rcu" };
	struct scene scene;

	(void)state;
	setup(&scene, 4, idle);
	stand_in(&scene, 0, "ppoll qemu_poll_ns main_loop_wait");
	stand_in(&scene, 1, "pthread_cond_wait qemu_cond_wait_impl qemu_wait_io_event");
	stand_in(&scene, 2, "pthread_cond_timedwait qemu_cond_timedwait_impl worker_thread");
	stand_in(&scene, 3, "syscall qemu_event_wait call_rcu_thread");
	waits_find(&scene.process, owner_of, &scene);
	for (size_t i = 0; i < scene.process.thread_count; i++)
		assert_int_equal(scene.process.threads[i].wait_count, 0);
	stack_process_clear(&scene.process);
}

static void roles_are_known_by_the_names_of_several_versions(void **state)
{
	static const struct {
		const char *name, *role;
	} cases[] = {
		{ "CPU 3/KVM", "vCPU 3" },
		{ "CPU 12/TCG", "vCPU 12" },
		{ "CPU x/TCG", "CPU x/TCG" },
		{ "live_migration", "migration" },
		{ "mig/src/main", "migration" },
		{ "multifdsend_7", "multifd send 7" },
		{ "mig/dst/recv_2", "multifd receive 2" },
		{ "IO mon_iothread", "monitor" },
		{ "IO iothread0", "IO thread" },
		{ "", "unnamed" },
		{ "else", "else" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_free char *role = stack_role(cases[i].name, false);

		assert_string_equal(role, cases[i].role);
	}
}

static void names_that_a_process_gave_its_threads_drive_no_terminal(void **state)
{
	static const char *const names[] = { "qemu-system-x86", "a\x1b[31m\n\xc3" };
	struct scene scene;

	(void)state;
	setup(&scene, 2, names);
	assert_string_equal(scene.process.threads[1].proc.name, "a?[31m??");
	assert_string_equal(scene.process.threads[1].role, "a?[31m??");
	stack_process_clear(&scene.process);
}

static pthread_mutex_t locks[2] = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER };
static pthread_barrier_t both_locked;

static void *lock_crosswise(void *arg)
{
	const int first = *(const int *)arg;

	prctl(PR_SET_NAME, first ? "second" : "first");
	pthread_mutex_lock(&locks[first]);
	pthread_barrier_wait(&both_locked);
	pthread_mutex_lock(&locks[1 - first]);
	return NULL;
}

/* A child whose main thread joins two threads that have locked each other out. */
static pid_t start_deadlock(void)
{
	static const int order[] = { 0, 1 };
	pthread_t threads[2];
	pid_t pid = fork();

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	pthread_barrier_init(&both_locked, NULL, 2);
	for (int i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, lock_crosswise, (void *)&order[i]);
	pthread_join(threads[0], NULL);
	_exit(0);
}

/* Until all of its three threads wait in futex(2). */
static void await_deadlock(pid_t pid)
{
	int64_t end = clock_now_ns() + HELPER_LIMIT_NS;
	size_t waiting = 0;

	while (waiting < 3 && clock_now_ns() < end) {
		auto_free struct proc_thread *threads = NULL;
		size_t count = proc_threads(pid, &threads);

		waiting = 0;
		for (size_t i = 0; i < count; i++)
			waiting += proc_thread_in_futex(&threads[i]);
		poll(NULL, 0, 5);
	}
	assert_int_equal(waiting, 3);
}

static void end_child(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void threads_that_have_locked_each_other_out_are_found_in_a_real_process(void **state)
{
	pid_t pid = start_deadlock();
	struct stack_process process = { 0 };
	struct err err = { 0 };
	auto_free char *text = NULL;
	size_t size;
	FILE *f;

	(void)state;
	await_deadlock(pid);
	assert_int_equal(unwind_process(pid, &process, &err), 0);
	waits_find(&process, waits_read_owner, &process);
	assert_int_equal(process.thread_count, 3);
	for (size_t i = 0; i < 3; i++)
		assert_null(process.threads[i].missing);
	assert_non_null(stack_thread_in(&process.threads[1], "lock_crosswise"));
	assert_non_null(process.circle);
	assert_non_null(strstr(process.circle, ", which the second thread holds; the second thread "
					       "waits for the mutex at 0x"));
	assert_string_equal(process.threads[0].waits[0].text,
			    "waits in pthread_join for the end of the first thread");
	f = open_memstream(&text, &size);
	stack_print(&process, f);
	fclose(f);
	assert_non_null(strstr(text, "\n" STACK_CIRCLE "the first thread waits for"));
	assert_non_null(strstr(text, " lock_crosswise+0x"));
	stack_process_clear(&process);
	/* It was let go. */
	end_child(pid);
}

static void a_process_that_is_stopped_can_be_read(void **state)
{
	pid_t pid = start_deadlock();
	struct stack_process process = { 0 };
	struct err err = { 0 };

	(void)state;
	await_deadlock(pid);
	kill(pid, SIGSTOP);
	waitpid(pid, NULL, WUNTRACED);
	assert_int_equal(unwind_process(pid, &process, &err), 0);
	for (size_t i = 0; i < process.thread_count; i++)
		assert_true(process.threads[i].frame_count > 2);
	stack_process_clear(&process);
	end_child(pid);
}

static void a_process_that_has_gone_is_an_error(void **state)
{
	pid_t pid = start_deadlock();
	struct stack_process process = { 0 };
	struct err err = { 0 };

	(void)state;
	end_child(pid);
	assert_int_equal(unwind_process(pid, &process, &err), -ESRCH);
	assert_int_equal(process.thread_count, 0);
	stack_process_clear(&process);
}

static void what_is_no_core_is_an_error(void **state)
{
	struct stack_process process = { 0 };
	struct err err = { 0 };

	(void)state;
	assert_int_equal(unwind_core("/dev/null", NULL, &process, &err), -EINVAL);
	assert_int_equal(unwind_core("/nowhere/core", NULL, &process, &err), -ENOENT);
	stack_process_clear(&process);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(multifd_channels_that_the_main_thread_should_set_up_are_a_circle),
		cmocka_unit_test(a_vcpu_whose_write_the_main_loop_completes_is_a_circle),
		cmocka_unit_test(who_idles_waits_for_nobody),
		cmocka_unit_test(names_that_a_process_gave_its_threads_drive_no_terminal),
		cmocka_unit_test(roles_are_known_by_the_names_of_several_versions),
		cmocka_unit_test(
			threads_that_have_locked_each_other_out_are_found_in_a_real_process),
		cmocka_unit_test(a_process_that_is_stopped_can_be_read),
		cmocka_unit_test(a_process_that_has_gone_is_an_error),
		cmocka_unit_test(what_is_no_core_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
