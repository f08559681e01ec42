/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commits the faults that strike by themselves: death, silence, nonsense and standstill. */
#include "strike.h"

#include <assert.h>
#include <fcntl.h>
#include <semaphore.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "fake.h"
#include "fault.h"
#include "monitor.h"
#include "vm.h"

#define LONG_LINE_BYTES (100u * 1000 * 1000)

#define RESUME_LATE_MS 700

#define NO_SANITIZER __attribute__((noinline, no_sanitize("address", "undefined", "thread")))

/* What the bug of QEMU 7.2 prints and does; glibc does the rest. */
static _Noreturn void strike_assert(void)
{
	__assert_fail("qemu_get_current_aio_context() == qemu_get_aio_context()",
		      "./block/block-gen.h", 44, "bdrv_poll_co");
}

/* A real fault, with its address in the signal; a sanitizer may not make a report of it. */
NO_SANITIZER static void strike_segv(void)
{
	static volatile uintptr_t nowhere = 8;

	signal(SIGSEGV, SIG_DFL);
	*(volatile int *)nowhere = 0;
}

struct holder {
	struct fake *fake;
	sem_t held;
	sem_t never;
};

/* By the names of QEMU's functions stacks tell what a thread waits for. */
__attribute__((noinline)) static void multifd_send_sync_main(struct holder *holder)
{
	for (;;)
		sem_wait(&holder->never);
}

__attribute__((noinline)) static void ram_save_setup(struct holder *holder)
{
	for (;;)
		multifd_send_sync_main(holder);
}

static void *bql_holder(void *arg)
{
	struct holder *holder = arg;

	bql_lock_impl(holder->fake);
	sem_post(&holder->held);
	ram_save_setup(holder);
	return NULL;
}

/* As in the first version of the BQL patch: the migration thread waits with the BQL held, for
 * something that only the main loop could bring, and the main loop waits for the BQL. */
static void strike_stuck_bql(struct fake *fake)
{
	/* Not on the stack: the thread outlives nobody, but a sanitizer cannot know. */
	static struct holder holder;

	holder.fake = fake;
	sem_init(&holder.held, 0, 0);
	sem_init(&holder.never, 0, 0);
	bql_unlock(fake);
	fake_thread("live_migration", bql_holder, &holder);
	while (sem_wait(&holder.held) < 0)
		continue;
	bql_lock_impl(fake);
}

_Noreturn void strike_block(struct fake *fake)
{
	bql_unlock(fake);
	for (;;)
		pause();
}

/* In D state, where neither a signal nor a debugger is heard: so vfork() waits for its child. */
NO_SANITIZER static void strike_sleep_deep(void)
{
	if (vfork() == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
}

/* As ASan prints it: frames of its own and of libraries stand before QEMU's. */
static void print_asan(void)
{
	fprintf(stderr,
		"=================================================================\n"
		"==%d==ERROR: AddressSanitizer: heap-use-after-free on address 0x602000000010 at "
		"pc "
		"0x55d0c0de bp 0x7ffe sp 0x7ffd\n"
		"READ of size 8 at 0x602000000010 thread T3\n"
		"    #0 0x7f01 in __interceptor_memcpy "
		"../../../../src/libsanitizer/sanitizer_common/x.inc:827\n"
		"    #1 0x55d1 in pflash_update ../hw/block/pflash_cfi01.c:398\n"
		"    #2 0x55d2 in pflash_write ../hw/block/pflash_cfi01.c:501\n"
		"SUMMARY: AddressSanitizer: heap-use-after-free\n",
		getpid());
}

static void print_tsan(void)
{
	fprintf(stderr,
		"==================\n"
		"WARNING: ThreadSanitizer: data race (pid=%d)\n"
		"  Write of size 4 at 0x7b0400000010 by thread T2:\n"
		"    #0 memset <null> (libtsan.so.2+0x3ee9c)\n"
		"    #1 bdrv_drained_begin ../block/io.c:412 (qemu-system-x86_64+0x7a)\n"
		"SUMMARY: ThreadSanitizer: data race ../block/io.c:412 in bdrv_drained_begin\n"
		"==================\n",
		getpid());
}

static void strike_io_error(struct fake *fake)
{
	monitor_event(fake->monitor, "BLOCK_IO_ERROR",
		      json_pack("{s:s, s:s, s:s, s:s, s:b, s:s}", "device", "", "node-name",
				"flash", "operation", "write", "action", "stop", "nospace", 1,
				"reason", "No space left on device"));
	vm_stop(fake->vm, "io-error");
}

static void leak_descriptors(int count)
{
	while (count-- > 0 && open("/dev/null", O_RDONLY | O_CLOEXEC) >= 0)
		continue;
}

/* Written to, so that it is resident, and kept, so that a sanitizer does not complain too. */
static void leak_memory(int mib)
{
	static void *last;
	size_t size = (size_t)mib << 20;
	void **memory = malloc(size);

	if (!memory)
		return;
	memset(memory, 1, size);
	*memory = last;
	last = memory;
}

static void *resume_late(void *arg)
{
	struct fake *fake = arg;

	fake_sleep_ms(RESUME_LATE_MS);
	bql_lock_impl(fake);
	vm_start(fake->vm);
	bql_unlock(fake);
	return NULL;
}

void strike_resume(struct fake *fake, const struct hits *hits)
{
	if (hit(hits, FAULT_LATE_RESUME))
		fake_thread("late_resume", resume_late, fake);
	else if (!hit(hits, FAULT_NO_RESUME))
		vm_start(fake->vm);
}

void strike_before_greeting(struct fake *fake, const struct hits *hits)
{
	if (hit(hits, FAULT_GARBAGE))
		monitor_send_garbage(fake->monitor);
	if (hit(hits, FAULT_LONG_LINE))
		monitor_send_long_line(fake->monitor, LONG_LINE_BYTES);
	if (hit(hits, FAULT_HALF_LINE))
		monitor_send_half_line(fake->monitor);
	if (hit(hits, FAULT_MUTE) || hit(hits, FAULT_HALF_LINE))
		monitor_mute(fake->monitor);
	if (hit(hits, FAULT_CLOSE))
		monitor_close(fake->monitor);
	if (hit(hits, FAULT_STOP_SELF))
		kill(getpid(), SIGSTOP);
	if (hit(hits, FAULT_SLEEP_DEEP))
		strike_sleep_deep();
	if (hit(hits, FAULT_ASSERT))
		strike_assert();
	if (hit(hits, FAULT_SEGV))
		strike_segv();
	if (hit(hits, FAULT_LEAK_FDS))
		leak_descriptors(hits->leak);
	if (hit(hits, FAULT_LEAK_MIB))
		leak_memory(hits->leak);
	if (hit(hits, FAULT_KILL_SELF))
		kill(getpid(), SIGKILL);
	if (hit(hits, FAULT_TSAN))
		print_tsan();
	if (hit(hits, FAULT_ASAN)) {
		print_asan();
		fake_exit(fake, 1);
	}
	if (hit(hits, FAULT_EXIT)) {
		fake_stderr("fake: exit with status %d", hits->exit_status);
		fake_exit(fake, hits->exit_status);
	}
}

void strike_after_greeting(struct fake *fake, const struct hits *hits)
{
	if (hit(hits, FAULT_IO_ERROR))
		strike_io_error(fake);
	if (hit(hits, FAULT_RESUME_TWICE))
		monitor_event(fake->monitor, "RESUME", NULL);
	if (hit(hits, FAULT_INTERNAL_ERROR))
		vm_stop(fake->vm, "internal-error");
	if (hit(hits, FAULT_STUCK_VCPU))
		vm_stick_vcpu(fake->vm);
	if (hit(hits, FAULT_STUCK_BQL))
		strike_stuck_bql(fake);
	if (hit(hits, FAULT_STUCK_MAIN))
		strike_block(fake);
}

void strike(struct fake *fake, const struct hits *hits)
{
	strike_before_greeting(fake, hits);
	strike_after_greeting(fake, hits);
}
