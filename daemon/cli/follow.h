/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Following a campaign by its events: a progress line or table on a terminal, plain lines
 * otherwise, a line for each new signature.
 */
#ifndef QSOAK_CLI_FOLLOW_H
#define QSOAK_CLI_FOLLOW_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/link.h"

/* Without a terminal, a line of progress this often. */
#define FOLLOW_LINE_NS (10 * CLOCK_NS_PER_S)

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
	const char *where; /* what `qsoak release` has to be told besides, or "" */
	bool table;	   /* on a terminal: with what each slot does */
	bool search;	   /* that nothing was found is a result: nobody has to be told why */
};

struct follower;

/* Signals count from here on. Greets, if that has not been done, and subscribes. */
int follow_begin(const struct follow_spec *spec, struct follower **ret_follower, struct err *err);

/* Whether the user has asked for the end. */
bool follow_interrupted(const struct follower *follower);

/* Until the end of the campaign, whose exit code is *ret_code: returns 0. Or until the user leaves:
 * returns 1. */
int follow(struct follower *follower, int64_t campaign, int *ret_code, struct err *err);

/* Takes NULL. */
void follow_end(struct follower *follower);

#endif
