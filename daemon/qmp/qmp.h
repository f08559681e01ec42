/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A QMP client connection: greeting, commands matched to their replies by id, events.
 *
 * There are no deadlines in here: the step engine has one for each step, the hang watch one for its
 * probes, and a command that is never answered is exactly what they look for. Protocol: QEMU,
 * docs/interop/qmp-spec.
 */
#ifndef QSOAK_QMP_QMP_H
#define QSOAK_QMP_QMP_H

#include <ev.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "qmp/transcript.h"

struct qmp;

/* The class of qsoak-domain's error where libvirt cannot do a thing at all. */
#define QMP_UNSUPPORTED "QsoakUnsupported"

struct qmp_reply {
	json_t *value;	   /* what was returned, borrowed; NULL if it is an error */
	const char *error; /* description of the error, or NULL */
	bool bad_input;	   /* the error's class is qsoakd's InvalidParameter */
	bool unsupported;  /* it is QMP_UNSUPPORTED */
	int64_t at_ns;	   /* CLOCK_MONOTONIC, when it was read */
};

typedef void (*qmp_reply_fn)(void *ctx, const struct qmp_reply *reply);

struct qmp_event {
	const char *name;
	json_t *data;	      /* borrowed, an empty object where there is none */
	int64_t peer_unix_ns; /* the peer's own stamp (microseconds), or -1 */
	int64_t at_ns;	      /* CLOCK_MONOTONIC, when it was read */
};

struct qmp_handler {
	void (*greeting)(void *ctx);
	void (*event)(void *ctx, const struct qmp_event *event);
	/* Called once; replies that are still due never come. */
	void (*closed)(void *ctx, const struct err *err);
};

/* Takes the connected socket over. */
struct qmp *qmp_new(struct ev_loop *loop, int fd, const struct qmp_handler *handler, void *ctx);

/* NULL is fine; replies that are still due are dropped. Not from within the connection's own
 * callbacks. */
void qmp_free(struct qmp *qmp);

/* Whether the greeting has come, whether it offers "oob", and the peer's version, e.g. "7.2.22". */
bool qmp_greeted(const struct qmp *qmp);
bool qmp_offers_oob(const struct qmp *qmp);
const char *qmp_version(const struct qmp *qmp);

/* Sends a command; arguments are stolen and may be NULL. fn is called at most once (not at all after
 * close, qmp_forget() or qmp_free()); it may be NULL. oob: out-of-band, legal once negotiated. */
void qmp_execute(struct qmp *qmp, const char *command, json_t *arguments, bool oob, qmp_reply_fn fn,
		 void *ctx);

/* Drops the callbacks of ctx; its replies, should they come, are ignored. */
void qmp_forget(struct qmp *qmp, void *ctx);

/* Reads what is already there. */
void qmp_drain(struct qmp *qmp);

const struct transcript *qmp_transcript(const struct qmp *qmp);

#endif
