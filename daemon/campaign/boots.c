// SPDX-License-Identifier: GPL-2.0-or-later
/* The queue of boots. */
#include "campaign/boots.h"

#include "base/mem.h"

struct boots {
	unsigned limit, going;
	struct boots_turn *first, **end;
};

struct boots *boots_new(unsigned limit)
{
	struct boots *boots = mem_new(struct boots);

	boots->limit = limit;
	boots->end = &boots->first;
	return boots;
}

void boots_free(struct boots *boots)
{
	free(boots);
}

static void go(struct boots *boots, struct boots_turn *turn)
{
	turn->state = BOOTS_GOES;
	boots->going++;
}

/* turn is in the queue. */
static void take_out(struct boots *boots, struct boots_turn *turn)
{
	struct boots_turn **at = &boots->first;

	while (*at != turn)
		at = &(*at)->next;
	*at = turn->next;
	if (!turn->next)
		boots->end = at;
	turn->next = NULL;
	turn->state = BOOTS_AWAY;
}

bool boots_ask(struct boots *boots, struct boots_turn *turn)
{
	if (turn->state == BOOTS_AWAY && boots->going < boots->limit && !boots->first) {
		go(boots, turn);
	} else if (turn->state == BOOTS_AWAY) {
		turn->state = BOOTS_WAITS;
		*boots->end = turn;
		boots->end = &turn->next;
	}
	return turn->state == BOOTS_GOES;
}

void boots_leave(struct boots *boots, struct boots_turn *turn)
{
	if (turn->state == BOOTS_WAITS)
		take_out(boots, turn);
	if (turn->state == BOOTS_GOES)
		boots->going--;
	turn->state = BOOTS_AWAY;
	while (boots->first && boots->going < boots->limit) {
		struct boots_turn *next = boots->first;

		take_out(boots, next);
		go(boots, next);
		next->granted(next->ctx);
	}
}
