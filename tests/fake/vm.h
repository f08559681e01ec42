/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guest and its run state: one vCPU that counts in the telemetry page. */
#ifndef QSOAK_TESTS_FAKE_VM_H
#define QSOAK_TESTS_FAKE_VM_H

#include <jansson.h>
#include <stdbool.h>

struct fake;
struct vm;

/* ram_path: the file that is the guest's RAM, of which the telemetry page alone is mapped, or NULL
 * for none. NULL after a line on standard error. */
struct vm *vm_new(struct fake *fake, const char *ram_path, unsigned long long ram_size);

/* Starts the vCPU's thread; the guest boots, or waits for a migration. All that follows needs the
 * BQL. */
void vm_boot(struct vm *vm);

bool vm_running(const struct vm *vm);
const char *vm_runstate(const struct vm *vm);
void vm_set_runstate(struct vm *vm, const char *runstate);

/* Stops a running guest, with the event. Nothing if it stands. */
void vm_stop(struct vm *vm, const char *runstate);

/* Starts a standing guest, with the event. */
void vm_start(struct vm *vm);

/* Stops the guest without a word, as a shutdown does. */
void vm_halt(struct vm *vm);

/* The guest boots anew, with the event. */
void vm_reset(struct vm *vm);

/* Lets the guest stand although it counts as running. */
void vm_stick_vcpu(struct vm *vm);

/* The guest's whole state: what a snapshot keeps and a migration carries. */
json_t *vm_save(const struct vm *vm);
void vm_load(struct vm *vm, const json_t *state);

/* The thread id of the vCPU. */
int vm_vcpu_tid(const struct vm *vm);

#endif
