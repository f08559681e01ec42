/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guest RAM and the telemetry page in it, seen from outside: no exit, no QMP, no serial port.
 *
 * The RAM is a memfd that QEMU inherits, or that is found in it, sealed so that no QEMU can truncate it and kill us
 * by SIGBUS. Only the telemetry page is mapped here; all the daemon writes is generation_wanted.
 */
#ifndef QSOAK_VM_TELEMETRY_H
#define QSOAK_VM_TELEMETRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "guests/telemetry.h"

struct ram;

/* size in bytes, above TELEMETRY_GPA + TELEMETRY_SIZE. */
int ram_new(int64_t size, struct ram **ret_ram, struct err *err);

/* Of a guest that cannot be seen yet: there is no telemetry in it, and nothing can be read. */
struct ram *ram_unseen(void);

/* From now on it is the memfd of size bytes with this name that process pid has open; -ENOENT: it has none. */
int ram_find(struct ram *ram, pid_t pid, const char *name, int64_t size, struct err *err);

void ram_free(struct ram *ram);

/* The memfd, for QEMU to inherit; stays owned by ram. -1: it is unseen. */
int ram_fd(const struct ram *ram);

/* Copies the page, then looks at the copy. False while the guest has not filled it in, or when what
 * stands there is not our telemetry. */
bool ram_sample(const struct ram *ram, struct telemetry *ret_telemetry);

/* Why the guest does not run, also where ram_sample() says nothing yet; guests/telemetry.h says what
 * each fault means. */
enum telemetry_fault ram_fault(const struct ram *ram);
const char *telemetry_fault_name(enum telemetry_fault fault);

/* Stores generation_wanted. */
void ram_want_generation(const struct ram *ram, uint64_t generation);

/* Copies size bytes from guest-physical address gpa; false if they do not all lie in the backend. */
bool ram_read(const struct ram *ram, uint64_t gpa, void *ret_bytes, size_t size);

/* All vCPU ticks together; 0 without telemetry. Moves while the guest runs. */
uint64_t ram_ticks(const struct ram *ram);

#endif
