/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commits the faults that strike by themselves: death, silence, nonsense and standstill. */
#include "strike.h"

#include <assert.h>
#include <semaphore.h>
#include <signal.h>
#include <stdint.h>
#include <unistd.h>

#include "fake.h"
#include "fault.h"
#include "monitor.h"
#include "vm.h"

#define LONG_LINE_BYTES (100u * 1000 * 1000)

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

static void *bql_holder(void *arg)
{
	struct holder *holder = arg;

	bql_lock(holder->fake);
	sem_post(&holder->held);
	for (;;)
		sem_wait(&holder->never);
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
	bql_lock(fake);
}

_Noreturn void strike_block(struct fake *fake)
{
	bql_unlock(fake);
	for (;;)
		pause();
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
	if (hit(hits, FAULT_ASSERT))
		strike_assert();
	if (hit(hits, FAULT_SEGV))
		strike_segv();
	if (hit(hits, FAULT_EXIT)) {
		fake_stderr("fake: exit with status %d", hits->exit_status);
		fake_exit(fake, hits->exit_status);
	}
}

void strike_after_greeting(struct fake *fake, const struct hits *hits)
{
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
