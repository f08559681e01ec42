/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A process as it stood: its threads, their stacks, and what they wait for. */
#ifndef QSOAK_STACK_PROCESS_H
#define QSOAK_STACK_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "watch/proc.h"

#define STACK_FRAMES_MAX 128 /* of one thread, those of inlined functions not counted */
#define STACK_INLINED_MAX 16 /* in one frame */
#define STACK_NAME_MAX 256   /* bytes of a function's name; what is longer is cut */
#define STACK_PATH_MAX 1024  /* bytes of the name of a file */
#define STACK_WAITS_MAX 64

/* An ELF file that frames are in. Strings are printable ASCII. */
struct stack_file {
	char *path;
	char *build_id; /* GNU's, hexadecimal; NULL: unknown */
};

/* Strings are the frame's own, printable ASCII, NULL where unknown. */
struct stack_frame {
	uint64_t pc;
	bool activation; /* pc is the next instruction, not the one to return to */
	bool inlined;	 /* its code is part of the next frame's function, which has the same pc */
	char *function;	 /* without the version of its symbol */
	uint64_t offset; /* of pc within the function; 0 where it is inlined */
	size_t file;	 /* see stack_frame_file() */
	uint64_t file_offset; /* of the instruction that runs, or has called: addr2line's address */
	char *source;	      /* file, where there is debug information */
	int line;
};

enum stack_what {
	STACK_MUTEX,
	STACK_CONDITION,
	STACK_SEMAPHORE,
	STACK_EVENT,
	STACK_JOIN,
	STACK_POLL,
	STACK_IO,
	STACK_WHATS
};

/* "mutex", "condition", "semaphore", "event", "join", "poll", "io" */
extern const char *const stack_what_names[STACK_WHATS];

/* One thing that a thread waits for. */
struct stack_wait {
	enum stack_what what;
	char *object; /* "BQL", an address, or the function that waits; NULL: unknown */
	pid_t on;     /* the thread that alone can end it; 0: none, or not of this process */
	char *text;   /* goes on after "thread NAME ": "waits in ... for ..." */
};

struct stack_thread {
	struct proc_thread proc; /* right before its stack was read; of a core: tid alone */
	char *role;		 /* see role.h */
	char *missing;		 /* why there is no stack, or no more of it; NULL: it is whole */
	bool blocked;		 /* it was in one system call from before until after it was read */
	struct stack_frame *frames; /* the innermost first */
	size_t frame_count;
	struct stack_wait *waits;
	size_t wait_count;
};

/* Zeroed is empty. */
struct stack_process {
	pid_t pid;
	struct stack_thread *threads; /* the main thread first; of a core as it has them */
	size_t thread_count;
	struct stack_file *files;
	size_t file_count;
	uint64_t bql; /* address of QEMU's big lock; 0: not found */
	char *circle; /* threads that wait for each other, in words; NULL: none was found */
};

/* Takes over threads, an array of proc_threads(), and gives each its role by its name. */
void stack_process_set_threads(struct stack_process *process, struct proc_thread *threads,
			       size_t count);
void stack_process_clear(struct stack_process *process);

struct stack_thread *stack_process_find(const struct stack_process *process, pid_t tid);

/* Takes over facts as /proc has them; the name, which a process chooses as it likes, becomes printable. */
void stack_thread_set_proc(struct stack_thread *thread, const struct proc_thread *proc);

/* Says why its stack is not whole; the first reason counts. */
void stack_thread_miss(struct stack_thread *thread, const char *text);

/* Whether a thread was in the same system call all the time from before until after. */
bool stack_proc_waited(const struct proc_thread *before, const struct proc_thread *after);

/* Adds a zeroed frame behind the others, or before the one at index. */
struct stack_frame *stack_thread_add(struct stack_thread *thread);
struct stack_frame *stack_thread_insert(struct stack_thread *thread, size_t index);

/* Whether it is that function, or a part (NAME.part.0, NAME.cold, ...) that a compiler made of it. */
bool stack_frame_in(const struct stack_frame *frame, const char *function);

/* The frame of the thread in the function, the innermost one; NULL: it is in none such. */
const struct stack_frame *stack_thread_in(const struct stack_thread *thread, const char *function);

/* NULL: it is in no file that is known. */
const struct stack_file *stack_frame_file(const struct stack_process *process,
					  const struct stack_frame *frame);

#endif
