/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commits the faults that strike by themselves: death, silence, nonsense and standstill. */
#ifndef QSOAK_TESTS_FAKE_STRIKE_H
#define QSOAK_TESTS_FAKE_STRIKE_H

struct fake;
struct hits;

/* May not return. In the main thread with the BQL held, or for query-yank in the monitor's. */
void strike(struct fake *fake, const struct hits *hits);

/* The part of it that a boot does before the monitor greets, and the part after. */
void strike_before_greeting(struct fake *fake, const struct hits *hits);
void strike_after_greeting(struct fake *fake, const struct hits *hits);

/* Lets the guest run again, as the end of a command does, unless a fault is in the way. */
void strike_resume(struct fake *fake, const struct hits *hits);

/* Blocks the calling thread for ever, without the BQL. Named for those who read its stack. */
_Noreturn void strike_block(struct fake *fake);

#endif
