/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QMP's framing over a socket: one JSON object a line, both ways.
 *
 * A QEMU ends every message with a line end, but its own clients send objects without any: on the
 * side that serves, a message ends where its braces do.
 *
 * Serves the client side (a QEMU, or qsoakd from qsoak) and the server side (qsoakd's control
 * socket). The peer is untrusted: lines, nesting and unsent output are limited; a breach closes the
 * stream with an error that says what came.
 */
#ifndef QSOAK_QMP_STREAM_H
#define QSOAK_QMP_STREAM_H

#include <ev.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* query-qmp-schema of QEMU 10 is below 1 MiB. */
#define QMP_LINE_MAX (16 * 1024 * 1024)
/* A peer that does not read has this much waiting before it is given up. */
#define QMP_UNSENT_MAX (16 * 1024 * 1024)

struct qmp_stream;

struct qmp_stream_handler {
	/* One object, borrowed. line is its text without the line end. */
	void (*message)(void *ctx, json_t *message, const char *line, size_t size);
	/* A line that is no JSON object: err says so (-EPROTO), and the stream goes on; or one that is
	 * too long (-EMSGSIZE), and it closes. NULL: both close it. */
	void (*bad_line)(void *ctx, const struct err *err);
	/* Called once: end of file (err->code -EPIPE), an I/O error, or a breach of the framing
	 * (-EPROTO, -EMSGSIZE). The stream reads and writes nothing after it. */
	void (*closed)(void *ctx, const struct err *err);
	/* Asked after each message: whether those that have come with it wait for the next turn of the
	 * loop. NULL: never. */
	bool (*late)(void *ctx);
};

/* Takes the socket over, also on failure. The handler must outlive the stream. */
struct qmp_stream *qmp_stream_new(struct ev_loop *loop, int fd,
				  const struct qmp_stream_handler *handler, void *ctx);

/* We are the side that serves, with these limits in place of QMP_LINE_MAX and QMP_UNSENT_MAX, which
 * fit a QEMU. Call it before anything is read. */
void qmp_stream_serve(struct qmp_stream *stream, size_t line_max, size_t unsent_max);

/* NULL is fine. Not from within one of the stream's own handlers. */
void qmp_stream_free(struct qmp_stream *stream);

/* Sends one line; line ends in '\n'. What the socket does not take is sent later. */
void qmp_stream_send(struct qmp_stream *stream, const char *line, size_t size);

/* Reads what is already there (a peer that has just died may have left its last words). */
void qmp_stream_drain(struct qmp_stream *stream);

#endif
