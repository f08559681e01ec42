/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Everything that a peer of the HTTP server could want too much of. */
#ifndef QSOAK_HTTP_LIMITS_H
#define QSOAK_HTTP_LIMITS_H

#include "base/clock.h"

/* Connections at a time; further ones wait in the kernel. Of one address fewer: they are closed. */
#define HTTP_CONNECTIONS_MAX 128
#define HTTP_CONNECTIONS_PER_ADDRESS 96
#define HTTP_BACKLOG 128

/* Of one connection: request line and headers, and what is written of an answer at a time. */
#define HTTP_CONNECTION_BYTES (32 * 1024)

/* Of one connection: what the kernel keeps for a peer that does not read: it would be megabytes
 * else, and written in one turn of the loop. */
#define HTTP_SEND_BUFFER (128 * 1024)

/* The request target: path and query. */
#define HTTP_TARGET_MAX 2048

/* In which nothing comes, or nothing goes to a peer that does not read. */
#define HTTP_IDLE_S 30

/* Answers that the reader works on, and requests that ask for one more are told to come again. */
#define HTTP_READS_MAX 16

/* Streams of events, and what waits for one whose peer does not read before it is closed. */
#define HTTP_STREAMS_MAX 32
#define HTTP_STREAM_UNSENT_MAX (256 * 1024)

/* A comment that keeps a silent stream alive, and when a browser comes back to one that ended. */
#define HTTP_HEARTBEAT_NS (15 * CLOCK_NS_PER_S)
#define HTTP_STREAM_RETRY_MS 2000

#endif
