/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a failure is: class, place and the facts that the classification found. */
#ifndef QSOAK_WATCH_FAILURE_H
#define QSOAK_WATCH_FAILURE_H

#include "base/err.h"
#include "op/op.h"
#include "vm/run.h"

enum failure_class {
	FAILURE_ASSERTION,
	FAILURE_CRASH,
	FAILURE_SANITIZER,
	FAILURE_EXIT,
	FAILURE_HANG,
	FAILURE_CORRUPTION,
	FAILURE_PROTOCOL,
	FAILURE_ERROR,
	FAILURE_LEAK,
	FAILURE_HOST,
	FAILURE_CLASS_COUNT,
};

enum failure_place {
	PLACE_NONE,
	/* of a hang */
	PLACE_PROCESS,
	PLACE_MONITOR,
	PLACE_MAIN_LOOP,
	PLACE_VCPU,
	PLACE_JOB,
	PLACE_MIGRATION,
	PLACE_SHUTDOWN,
	PLACE_LIBVIRT, /* of an exit, too: it has gone, the QEMU may live */
	/* of a corruption */
	PLACE_RAM,
	PLACE_FLASH,
	PLACE_IMAGE,
	PLACE_GENERATION,
	FAILURE_PLACE_COUNT,
};

const char *failure_class_name(enum failure_class class);

/* NULL for PLACE_NONE. */
const char *failure_place_name(enum failure_place place);

/* The place of a run's hang: of a domain it is libvirt that answers for QEMU's monitor. */
enum failure_place failure_place_in(const struct run *run, enum failure_place place);

struct failure {
	enum failure_class class;
	enum failure_place place; /* of a hang or a corruption */
	enum op_kind kind;
	const char *step;	   /* static, or NULL */
	const char *after;	   /* corruption: what moved the guest's memory last; static */
	struct run *run;	   /* the run at fault, or NULL */
	struct child_exit exit;	   /* of the run at fault, if it has exited */
	char detail[ERR_TEXT_MAX]; /* one line for people, printable ASCII */
};

/* It may quote a QEMU's output, and ends up in JSON and on terminals. */
void failure_set_detail(struct failure *failure, const char *text);

#endif
