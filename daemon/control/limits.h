/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Everything that a peer of the control socket could want too much of. */
#ifndef QSOAK_CONTROL_LIMITS_H
#define QSOAK_CONTROL_LIMITS_H

#include "base/clock.h"

/* Connections at a time; the next one is told so and closed. */
#define CONTROL_CLIENTS_MAX 64

/* Of these, such as may only read: they keep nobody out who may do more. */
#define CONTROL_READERS_MAX 48

/* One message: room for a profile of PROFILE_TEXT_MAX bytes and its registered builds, each byte
 * escaped ("\u001b"). */
#define CONTROL_LINE_MAX (4 * 1024 * 1024)

/* One answer; and what may wait for a client that does not read before it is given up. */
#define CONTROL_REPLY_MAX (8 * 1024 * 1024)
#define CONTROL_UNSENT_MAX (2 * CONTROL_REPLY_MAX)

/* From the connection to qmp_capabilities. */
#define CONTROL_NEGOTIATION_NS (5 * CLOCK_NS_PER_S)

/* Commands of one client that wait behind a slow one; more are refused. */
#define CONTROL_WAITING_MAX 16

/* Rows of a list in one answer, and bytes of an incident's file. */
#define CONTROL_ROWS_MAX 1000
#define CONTROL_FILE_CHUNK (256 * 1024)

/* Signatures in one answer: each has a list of builds, and each of these of titles. */
#define CONTROL_SIGNATURES_MAX 20

/* Files of an incident that are listed. */
#define CONTROL_FILES_MAX 256

/* An incident's manifest. */
#define CONTROL_MANIFEST_MAX (4 * 1024 * 1024)

/* Of one turn of the loop: whoever has sent a heap of commands then waits for the next one. */
#define CONTROL_TURN_NS (5 * CLOCK_NS_PER_MS)

/* Parts of the daemon that take events. */
#define CONTROL_SUBSCRIBERS_MAX 4

/* Connections that wait to be accepted, and those taken in one turn of the loop. */
#define CONTROL_BACKLOG 128
#define CONTROL_ACCEPTS_PER_TURN 16

/* Without descriptors for another connection, it is tried again after so long. */
#define CONTROL_ACCEPT_RETRY_NS CLOCK_NS_PER_S

#endif
