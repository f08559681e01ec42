/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A process as it stood: its threads, their stacks, and what they wait for. */
#ifndef QSOAK_STACK_PROCESS_H
#define QSOAK_STACK_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "watch/proc.h"

#define STACK_FRAMES_MAX 128
#define STACK_WAITS_MAX 64

/* The innermost first. Strings are the frame's own, printable ASCII, NULL where unknown. */
struct stack_frame {
	uint64_t pc;
	char *function;		 /* without the version of its symbol */
	uint64_t offset;	 /* of pc within the function */
	char *module, *build_id; /* the ELF file, and the hexadecimal GNU build-id */
	uint64_t module_offset;	 /* of pc from where the file is loaded: addr2line's address */
	char *source;		 /* file:line, where there is debug information */
};

/* One thing that a thread waits for. */
struct stack_wait {
	pid_t on;   /* the thread that alone can end it; 0: none, or not of this process */
	char *text; /* goes on after "thread NAME ": "waits in ... for ..." */
};

struct stack_thread {
	struct proc_thread proc; /* of a core: tid and name alone */
	char *role;		 /* see stack_role() */
	char *missing;		 /* why there is no stack, or no more of it; NULL: it is whole */
	bool blocked;		 /* it was in one system call from before until after it was read */
	struct stack_frame *frames;
	size_t frame_count;
	struct stack_wait *waits;
	size_t wait_count;
};

/* Zeroed is empty. */
struct stack_process {
	pid_t pid;
	struct stack_thread *threads; /* the main thread first */
	size_t thread_count;
	uint64_t bql; /* address of QEMU's big lock; 0: not found */
	char *circle; /* threads that wait for each other, in words; NULL: none was found */
};

/* What a QEMU's thread is for, from its name ("main", "vCPU 0", "migration", "multifd send 3", ...; with
 * other names, the name itself); the caller frees. */
char *stack_role(const char *name, bool main);

/* Takes over threads, an array of proc_threads(), makes their names printable, and gives each its role. */
void stack_process_set_threads(struct stack_process *process, struct proc_thread *threads,
			       size_t count);
void stack_process_clear(struct stack_process *process);

struct stack_thread *stack_process_find(const struct stack_process *process, pid_t tid);

/* The frame of the thread in the function, the innermost one; NULL: it is in none such. */
const struct stack_frame *stack_thread_in(const struct stack_thread *thread, const char *function);

#endif
