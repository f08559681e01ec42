/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The terminal on standard output as a screen that is redrawn in place. Whatever ends the process but SIGKILL, the
 * terminal is as it was.
 */
#ifndef QSOAK_CLI_TERMINAL_H
#define QSOAK_CLI_TERMINAL_H

#include <ev.h>
#include <stdbool.h>
#include <stddef.h>

struct terminal;

/* Whether standard output is one that can be drawn on. */
bool terminal_there(void);

/* Takes it. redraw is called when its size has changed or somebody else has written on it. */
struct terminal *terminal_new(struct ev_loop *loop, void (*redraw)(void *ctx), void *ctx);

/* Gives it back; takes NULL. */
void terminal_free(struct terminal *terminal);

/* Lines, at least 1. */
size_t terminal_rows(void);

/* The lines, printable and without line ends, from the top; those that do not fit are cut. */
void terminal_draw(struct terminal *terminal, const char *const *lines, size_t count);

#endif
