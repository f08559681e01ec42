/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The destination's side of a migration. */
#ifndef QSOAK_TESTS_FAKE_INCOMING_H
#define QSOAK_TESTS_FAKE_INCOMING_H

struct request;

/* migrate-incoming: listens, and waits in a thread. */
void incoming_listen(struct request *request);

#endif
