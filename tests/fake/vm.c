/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest and its run state: one vCPU that counts in the telemetry page.
 *
 * Theory of operation: the vCPU's thread does each of its turns with the BQL held, once a
 * millisecond, as a guest does that writes to pflash at every turn. So it stands at once when the
 * VM is stopped, and it stands when someone keeps the BQL.
 */
#include "vm.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "fake.h"
#include "guests/telemetry.h"
#include "log.h"
#include "monitor.h"

#define TURN_NS 1000000

struct vm {
	struct fake *fake;
	volatile struct telemetry *telemetry;
	const char *runstate;
	bool running;
	bool stuck;
	atomic_int tid;
	pthread_cond_t kick; /* running or stuck changed */
};

static volatile struct telemetry *map_page(const char *path, unsigned long long size)
{
	struct stat status;
	void *page;
	int fd;

	if (!path)
		fd = memfd_create("fake-telemetry", MFD_CLOEXEC);
	else
		fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0 || (!path && ftruncate(fd, TELEMETRY_GPA + TELEMETRY_SIZE) < 0) ||
	    fstat(fd, &status) < 0) {
		fake_stderr("can't open backing store %s for guest RAM: %m", path ? path : "");
		goto fail;
	}
	if (path && (unsigned long long)status.st_size != size) {
		fake_stderr("backing store size 0x%llx does not match 'size' option 0x%llx",
			    (unsigned long long)status.st_size, size);
		goto fail;
	}
	if (status.st_size < TELEMETRY_GPA + TELEMETRY_SIZE) {
		fake_stderr("guest RAM ends before the telemetry page");
		goto fail;
	}
	page = mmap(NULL, TELEMETRY_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, TELEMETRY_GPA);
	if (page == MAP_FAILED) {
		fake_stderr("unable to map backing store for guest RAM: %m");
		goto fail;
	}
	close(fd);
	return page;
fail:
	if (fd >= 0)
		close(fd);
	return NULL;
}

struct vm *vm_new(struct fake *fake, const char *ram_path, unsigned long long ram_size)
{
	struct vm *vm = calloc(1, sizeof(*vm));
	pthread_condattr_t monotonic;

	if (!vm)
		return NULL;
	vm->fake = fake;
	vm->telemetry = map_page(ram_path, ram_size);
	if (!vm->telemetry) {
		free(vm);
		return NULL;
	}
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&vm->kick, &monotonic);
	return vm;
}

/* The daemon reads while the fake writes: each field by one access of its own width. */
static void put(volatile uint64_t *field, uint64_t value)
{
	__atomic_store_n(field, value, __ATOMIC_RELAXED);
}

static uint64_t get(volatile uint64_t *field)
{
	return __atomic_load_n(field, __ATOMIC_RELAXED);
}

/* The page counts from the magic on. */
static void publish(struct vm *vm)
{
	__atomic_store_n(&vm->telemetry->version, TELEMETRY_VERSION, __ATOMIC_RELAXED);
	__atomic_store_n(&vm->telemetry->vcpus, 1, __ATOMIC_RELAXED);
	__atomic_store_n(&vm->telemetry->magic, TELEMETRY_MAGIC, __ATOMIC_RELEASE);
}

static void turn(struct vm *vm)
{
	volatile struct telemetry *page = vm->telemetry;
	volatile struct telemetry_vcpu *vcpu = &page->vcpu[0];

	if (get(&page->magic) != TELEMETRY_MAGIC)
		publish(vm);
	put(&vcpu->flash_writes, get(&vcpu->flash_writes) + 1);
	if (get(&vcpu->flash_writes) % 64 == 0) {
		put(&vcpu->flash_checks, get(&vcpu->flash_checks) + 64);
		put(&vcpu->ram_sweeps, get(&vcpu->ram_sweeps) + 1);
	}
	put(&page->generation, get(&page->generation_wanted));
	put(&vcpu->tick, get(&vcpu->tick) + 1);
}

static void *run_vcpu(void *arg)
{
	struct vm *vm = arg;
	struct timespec next;

	atomic_store(&vm->tid, (int)gettid());
	bql_lock_impl(vm->fake);
	for (;;) {
		if (!vm->running || vm->stuck) {
			pthread_cond_wait(&vm->kick, &vm->fake->bql);
			continue;
		}
		turn(vm);
		clock_gettime(CLOCK_MONOTONIC, &next);
		next.tv_nsec += TURN_NS;
		if (next.tv_nsec >= 1000000000) {
			next.tv_nsec -= 1000000000;
			next.tv_sec++;
		}
		pthread_cond_timedwait(&vm->kick, &vm->fake->bql, &next);
	}
	return NULL;
}

void vm_boot(struct vm *vm)
{
	if (vm->fake->incoming) {
		vm->runstate = "inmigrate";
	} else if (!vm->fake->autostart) {
		vm->runstate = "prelaunch";
	} else {
		vm->runstate = "running";
		vm->running = true;
	}
	fake_thread("CPU 0/TCG", run_vcpu, vm);
}

bool vm_running(const struct vm *vm)
{
	return vm->running;
}

const char *vm_runstate(const struct vm *vm)
{
	return vm->runstate;
}

void vm_set_runstate(struct vm *vm, const char *runstate)
{
	vm->runstate = runstate;
}

void vm_stop(struct vm *vm, const char *runstate)
{
	if (!vm->running)
		return;
	vm->running = false;
	vm->runstate = runstate;
	log_fact(vm->fake->log, "stopped", "{s:s, s:I}", "runstate", runstate, "tick",
		 (json_int_t)get(&vm->telemetry->vcpu[0].tick));
	monitor_event(vm->fake->monitor, "STOP", NULL);
}

void vm_start(struct vm *vm)
{
	if (vm->running)
		return;
	vm->running = true;
	vm->runstate = "running";
	log_fact(vm->fake->log, "resumed", "{s:I}", "tick",
		 (json_int_t)get(&vm->telemetry->vcpu[0].tick));
	monitor_event(vm->fake->monitor, "RESUME", NULL);
	pthread_cond_signal(&vm->kick);
}

void vm_halt(struct vm *vm)
{
	vm->running = false;
	vm->runstate = "shutdown";
}

/* A guest that boots empties its page first. */
void vm_reset(struct vm *vm)
{
	volatile struct telemetry *page = vm->telemetry;

	__atomic_store_n(&page->magic, 0, __ATOMIC_RELEASE);
	put(&page->vcpu[0].flash_writes, 0);
	put(&page->vcpu[0].flash_checks, 0);
	put(&page->vcpu[0].ram_sweeps, 0);
	put(&page->vcpu[0].tick, 0);
	put(&page->generation_wanted, 0);
	put(&page->generation, 0);
	log_fact(vm->fake->log, "reset", NULL);
	monitor_event(vm->fake->monitor, "RESET",
		      json_pack("{s:b, s:s}", "guest", 0, "reason", "host-qmp-system-reset"));
}

void vm_stick_vcpu(struct vm *vm)
{
	vm->stuck = true;
}

json_t *vm_save(const struct vm *vm)
{
	volatile struct telemetry *page = vm->telemetry;
	volatile struct telemetry_vcpu *vcpu = &page->vcpu[0];

	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I}", "tick", (json_int_t)get(&vcpu->tick),
			 "flash-writes", (json_int_t)get(&vcpu->flash_writes), "flash-checks",
			 (json_int_t)get(&vcpu->flash_checks), "ram-sweeps",
			 (json_int_t)get(&vcpu->ram_sweeps), "generation-wanted",
			 (json_int_t)get(&page->generation_wanted), "generation",
			 (json_int_t)get(&page->generation));
}

static void load_one(volatile uint64_t *field, const json_t *state, const char *name)
{
	put(field, (uint64_t)json_integer_value(json_object_get(state, name)));
}

void vm_load(struct vm *vm, const json_t *state)
{
	volatile struct telemetry *page = vm->telemetry;
	volatile struct telemetry_vcpu *vcpu = &page->vcpu[0];

	load_one(&vcpu->flash_writes, state, "flash-writes");
	load_one(&vcpu->flash_checks, state, "flash-checks");
	load_one(&vcpu->ram_sweeps, state, "ram-sweeps");
	load_one(&page->generation_wanted, state, "generation-wanted");
	load_one(&page->generation, state, "generation");
	load_one(&vcpu->tick, state, "tick");
	publish(vm);
}

int vm_vcpu_tid(const struct vm *vm)
{
	return atomic_load(&vm->tid);
}
