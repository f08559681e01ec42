/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What was done to a VM before it failed, from its QMP transcripts.
 *
 * Operations are JSON: {"operation": NAME, "steps": [...]}, and a step is one of
 *
 *	{"to": PEER, "pause": S, "execute": COMMAND, "arguments": {...}, "await": [{"from": PEER, ...}]}
 *	{"start": "incoming"}, with "images": true where it has images of its own
 *	{"exit": PEER}, with "any-status": true where it may fail
 *	{"becomes": "qemu"}: the incoming one takes over
 *	{"signal": 15}: to the running one
 *
 * where PEER is "qemu", which runs the guest, or "incoming", the destination of a migration. What a
 * command awaits beside its reply is known of each command that qsoak sends: no order of replies and
 * events is taken from the transcript.
 */
#ifndef QSOAK_TRIAGE_REPRODUCER_TRACE_H
#define QSOAK_TRIAGE_REPRODUCER_TRACE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* Lines of both transcripts together. */
#define TRACE_LINES_MAX 4096

/* So many loops are kept, those before the failure; of equal ones one. */
#define TRACE_LOOPS_MAX 8

/* A pause that is shorter is none, and a longer one is cut. */
#define TRACE_PAUSE_MIN_NS 5000000ll
#define TRACE_PAUSE_MAX_NS 2000000000ll

/* What the guest has to boot where the transcript does not tell. */
#define TRACE_BOOT_NS 500000000ll
#define TRACE_BOOT_MAX_NS 60000000000ll

struct trace_spec {
	const char *qemu;     /* text of the transcript; of a migration, of the source */
	const char *incoming; /* of the destination, or NULL */
	const char *kind;     /* of the operation that failed */
	const char *step;     /* of it, or NULL */
	bool own_images;      /* a destination has images of its own */
};

struct trace {
	json_t *loop;	/* list of operations, to be repeated */
	json_t *finale; /* after the last round; empty but for a failure of shutdown */
	int64_t boot_ns;
	char *last;	/* command in which it failed: "boot" if none was sent */
	bool asked;	/* that was over, and qsoak had asked how it went */
	size_t loops;	/* whole ones that the transcript holds */
	bool completed; /* the loop in which it failed is the only one: its end was added */
};

/* -EINVAL says which line is not what qsoak writes, or what qsoak would not send. */
int trace_read(const struct trace_spec *spec, struct trace *ret_trace, struct err *err);
void trace_finish(struct trace *trace);

#endif
