/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who may boot: a limit on the boots in progress at once, and a queue of those who wait.
 *
 * A fleet whose VMs all boot at once starves itself, and qsoakd: no boot ends in time then.
 */
#ifndef QSOAK_CAMPAIGN_BOOTS_H
#define QSOAK_CAMPAIGN_BOOTS_H

#include <stdbool.h>
#include <stddef.h>

struct boots;

/* A place in the queue; its owner's, all zero but `granted` and `ctx` at first. */
struct boots_turn {
	/* After a wait: it has come. Called from within boots_leave() of another turn. */
	void (*granted)(void *ctx);
	void *ctx;
	enum { BOOTS_AWAY, BOOTS_WAITS, BOOTS_GOES } state;
	struct boots_turn *next; /* behind it in the queue */
};

/* limit above 0. */
struct boots *boots_new(unsigned limit);

/* No turn may be in it any more; NULL is fine. */
void boots_free(struct boots *boots);

/* Whether it may go now; if not, it waits behind those who came before. Fine to ask again. */
bool boots_ask(struct boots *boots, struct boots_turn *turn);

/* Its boot has ended, or it gives up waiting; fine with one that is not there. */
void boots_leave(struct boots *boots, struct boots_turn *turn);

#endif
