/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is upstream, in a private folder that goes with the process, however that goes. */
#ifndef QSOAK_CLI_PULLED_H
#define QSOAK_CLI_PULLED_H

#include <jansson.h>

#include "base/err.h"

struct pulled;

/* url: borrowed. Nothing is asked for yet. */
int pulled_new(const char *url, struct pulled **ret_pulled, struct err *err);

/* Takes NULL. */
void pulled_free(struct pulled *pulled);

/* The state folder with what this command, which only reads, needs; until the next call. */
int pulled_state(struct pulled *pulled, const char *command, json_t *arguments,
		 const char **ret_state, struct err *err);

#endif
