/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Why campaigns are paused: causes that come and go by themselves. */
#ifndef QSOAK_CONTROL_PAUSE_H
#define QSOAK_CONTROL_PAUSE_H

enum pause_cause {
	PAUSE_USER,   /* `qsoak pause` */
	PAUSE_STORE,  /* it cannot be written */
	PAUSE_DISK,   /* has too little room */
	PAUSE_MEMORY, /* of the host is short */
	PAUSE_CAUSE_COUNT,
};

const char *pause_cause_name(enum pause_cause cause);

/* All zero: there are none. Texts are its own. */
struct pauses {
	char *why[PAUSE_CAUSE_COUNT];
};

/* why: NULL, the cause is no more. */
void pauses_set(struct pauses *pauses, enum pause_cause cause, const char *why);

/* The text of the first cause, or NULL. */
const char *pauses_why(const struct pauses *pauses);

void pauses_finish(struct pauses *pauses);

#endif
