/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Following a campaign by its events to its end, also where the service is restarted meanwhile.
 */
#ifndef QSOAK_CLI_FOLLOW_H
#define QSOAK_CLI_FOLLOW_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/link.h"

/* A service that is back may not know yet what becomes of the campaign: it is asked this often. */
#define FOLLOW_ASK_NS (500 * CLOCK_NS_PER_MS)

enum follow_interrupt {
	/* the first Ctrl-C asks for the campaign's end, the second leaves; while VMs are held, the
	 * second kills them, and the third leaves */
	FOLLOW_STOPS,
	FOLLOW_LEAVES, /* the campaign goes on */
};

struct follow_spec {
	struct link *link;
	enum follow_interrupt on_interrupt;
	const char *state; /* the private one, to say where evidence is; or NULL */
	const char *where; /* what another `qsoak` has to be told to reach the same qsoakd, or "" */
	int64_t wait_ns;   /* how long a service that has gone is waited for; 0: not at all */
	bool table;	   /* on a terminal: with what each slot does */
	bool search;	   /* that nothing was found is a result: nobody has to be told why */
};

struct follower;

/* Signals count from here on. Greets, if that has not been done, and subscribes. */
int follow_begin(const struct follow_spec *spec, struct follower **ret_follower, struct err *err);

/* Whether the user has asked for the end. */
bool follow_interrupted(const struct follower *follower);

/* Until the end of the campaign, whose exit code is *ret_code: returns 0. Or until the user leaves:
 * returns 1. seed: the campaign's, in decimal; NULL: it began before us, and what it has found until now is not told.
 * -EPIPE and others: the service has gone for good, or knows nothing of the campaign any more. */
int follow(struct follower *follower, int64_t campaign, const char *seed, int *ret_code,
	   struct err *err);

/* Takes NULL. */
void follow_end(struct follower *follower);

#endif
