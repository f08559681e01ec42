// SPDX-License-Identifier: GPL-2.0-or-later
/* Who waits for whom, and who is who, in made-up QEMUs. */
#include "tests/unit/helper.h"

#include <linux/futex.h>
#include <sys/syscall.h>

#include "stack/role.h"
#include "stack/waits.h"

#define BQL 0x1000
#define IDLE 0x2000

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
		threads[i].args[0] = IDLE;
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

/* In the futex system call of a mutex at the address, or of another thing, while its word is value. */
static void wait_on(struct scene *scene, size_t index, uint64_t address, uint64_t value)
{
	struct proc_thread *proc = &scene->process.threads[index].proc;

	proc->args[0] = address;
	proc->args[1] = FUTEX_WAIT | FUTEX_PRIVATE_FLAG;
	proc->args[2] = value;
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
	wait_on(scene, 0, BQL, 2);
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

/* Without the symbols of glibc, and with the big lock found by its symbol. */
static void without_the_names_of_glibc_the_futex_tells_the_big_lock(void **state)
{
	struct scene scene;

	(void)state;
	setup(&scene, 3, migrating);
	scene.process.bql = BQL;
	stand_in(&scene, 0, "pthread_mutex_lock qemu_mutex_lock_impl main_loop_wait main");
	wait_on(&scene, 0, BQL, 2);
	stand_in(&scene, 1, "qemu_sem_wait multifd_send_sync_main ram_save_setup");
	scene.owner = 101;
	/* Names of what there is between qemu_mutex_lock_impl() and the system call are missing. */
	free(scene.process.threads[0].frames[0].function);
	scene.process.threads[0].frames[0].function = NULL;
	circle_is(&scene,
		  "the main thread waits for the BQL, which the migration thread holds; the "
		  "migration thread waits in multifd_send_sync_main on a semaphore for its "
		  "multifd channels, those of which are not set up yet need the main thread");
}

static void a_wait_for_a_condition_is_none_for_its_mutex(void **state)
{
	struct scene scene;

	(void)state;
	setup(&scene, 3, running);
	scene.process.bql = BQL;
	scene.owner = 101;
	stand_in(&scene, 1, "pthread_cond_wait qemu_cond_wait_impl qemu_wait_io_event");
	stand_in(&scene, 2, "pthread_cond_wait qemu_cond_wait_impl qemu_wait_io_event");
	/* One waits for the condition, the other one has got it and waits for the lock. */
	wait_on(&scene, 1, IDLE, 0);
	wait_on(&scene, 2, BQL, 2);
	waits_find(&scene.process, owner_of, &scene);
	assert_int_equal(scene.process.threads[1].wait_count, 0);
	assert_int_equal(scene.process.threads[2].wait_count, 1);
	assert_string_equal(scene.process.threads[2].waits[0].text,
			    "waits for the BQL, which vCPU 0 holds");
	assert_string_equal(scene.process.threads[2].waits[0].object, "BQL");
	assert_int_equal(scene.process.threads[2].waits[0].what, STACK_MUTEX);
	stack_process_clear(&scene.process);
}

static void a_join_is_known_by_the_function_of_qemu(void **state)
{
	struct scene scene;

	(void)state;
	setup(&scene, 3, migrating);
	stand_in(&scene, 0, "- - qemu_thread_join migrate_fd_cleanup");
	wait_on(&scene, 0, IDLE, 102);
	waits_find(&scene.process, owner_of, &scene);
	assert_int_equal(scene.process.threads[0].wait_count, 1);
	assert_int_equal(scene.process.threads[0].waits[0].on, 102);
	assert_int_equal(scene.process.threads[0].waits[0].what, STACK_JOIN);
	assert_string_equal(scene.process.threads[0].waits[0].text,
			    "waits in pthread_join for the end of multifd send 0");
	stack_process_clear(&scene.process);
}

static void a_vcpu_that_wants_the_big_lock_is_not_paused(void **state)
{
	static const char *const names[] = { "qemu-system-x86", "CPU 0/TCG", "live_migration" };
	struct scene scene;

	(void)state;
	for (int wants = 0; wants < 2; wants++) {
		setup(&scene, 3, names);
		scene.process.bql = BQL;
		scene.owner = 102;
		stand_in(&scene, 0, "pthread_cond_wait qemu_cond_wait_impl pause_all_vcpus");
		stand_in(&scene, 1, "pthread_cond_wait qemu_cond_wait_impl qemu_wait_io_event");
		stand_in(&scene, 2, "aio_poll bdrv_flush migration_thread");
		if (wants)
			wait_on(&scene, 1, BQL, 2);
		circle_is(
			&scene,
			wants ? "the main thread waits in pause_all_vcpus for vCPU 0; vCPU 0 waits "
				"for the BQL, which the migration thread holds; the migration "
				"thread waits in aio_poll for what only the main loop can complete"
			      : NULL);
	}
}

static void parts_that_a_compiler_made_of_a_function_are_that_function(void **state)
{
	struct scene scene;

	(void)state;
	setup(&scene, 3, running);
	stand_in(&scene, 0, "qemu_cond_wait_impl pause_all_vcpus.part.0 vm_stop");
	stand_in(&scene, 1, "qemu_cond_wait_impl qemu_wait_io_event.constprop.0.isra.0");
	stand_in(&scene, 2, "ppoll aio_poll.lto_priv.0 blk_pwrite.cold");
	circle_is(&scene, "the main thread waits in pause_all_vcpus for vCPU 1; vCPU 1 waits in "
			  "blk_pwrite for an I/O that only the main loop can complete");
	/* Others that only begin alike are not. */
	setup(&scene, 3, running);
	stand_in(&scene, 0, "qemu_cond_wait_impl pause_all_vcpus_x vm_stop");
	stand_in(&scene, 2, "ppoll aio_poll blk_pwrite");
	circle_is(&scene, NULL);
}

static void who_makes_the_same_call_again_and_again_does_not_wait(void **state)
{
	struct proc_thread before = { .syscall = SYS_ioctl, .args = { 1, 2 }, .cpu_ticks = 70 };
	struct proc_thread after = before;

	(void)state;
	assert_true(stack_proc_waited(&before, &after));
	/* Being stopped costs a little. */
	after.cpu_ticks++;
	assert_true(stack_proc_waited(&before, &after));
	after.cpu_ticks++;
	assert_false(stack_proc_waited(&before, &after));
	after = before;
	after.syscall = SYS_restart_syscall;
	assert_true(stack_proc_waited(&before, &after));
	after.args[1]++;
	assert_false(stack_proc_waited(&before, &after));
	before.syscall = after.syscall = -1;
	after.args[1]--;
	assert_false(stack_proc_waited(&before, &after));
}

static void threads_without_names_are_known_by_their_functions(void **state)
{
	static const char *const names[] = { "qemu-system-x86", "", "qemu-system-x86",
					     "CPU 1/TCG" };
	struct scene scene;

	(void)state;
	setup(&scene, 4, names);
	stand_in(&scene, 0, "ppoll main_loop_wait main");
	stand_in(&scene, 1, "futex qemu_sem_wait multifd_send_thread qemu_thread_start");
	stand_in(&scene, 2, "qemu_wait_io_event mttcg_cpu_thread_fn qemu_thread_start");
	stand_in(&scene, 3, "qemu_wait_io_event mttcg_cpu_thread_fn qemu_thread_start");
	stack_roles_by_frames(&scene.process);
	assert_string_equal(scene.process.threads[0].role, "main");
	assert_string_equal(scene.process.threads[1].role, "multifd send");
	assert_string_equal(scene.process.threads[2].role, "vCPU");
	assert_string_equal(scene.process.threads[3].role, "vCPU 1");
	stack_process_clear(&scene.process);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(multifd_channels_that_the_main_thread_should_set_up_are_a_circle),
		cmocka_unit_test(a_vcpu_whose_write_the_main_loop_completes_is_a_circle),
		cmocka_unit_test(who_idles_waits_for_nobody),
		cmocka_unit_test(without_the_names_of_glibc_the_futex_tells_the_big_lock),
		cmocka_unit_test(a_wait_for_a_condition_is_none_for_its_mutex),
		cmocka_unit_test(a_join_is_known_by_the_function_of_qemu),
		cmocka_unit_test(a_vcpu_that_wants_the_big_lock_is_not_paused),
		cmocka_unit_test(parts_that_a_compiler_made_of_a_function_are_that_function),
		cmocka_unit_test(who_makes_the_same_call_again_and_again_does_not_wait),
		cmocka_unit_test(threads_without_names_are_known_by_their_functions),
		cmocka_unit_test(names_that_a_process_gave_its_threads_drive_no_terminal),
		cmocka_unit_test(roles_are_known_by_the_names_of_several_versions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
