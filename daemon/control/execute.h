/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands that are executed on the loop. */
#ifndef QSOAK_CONTROL_EXECUTE_H
#define QSOAK_CONTROL_EXECUTE_H

#include <jansson.h>

#include "base/err.h"

struct client;

int execute_capabilities(struct client *client, json_t *arguments, json_t **ret_value,
			 struct err *err);
int execute_subscribe(struct client *client, json_t *arguments, json_t **ret_value,
		      struct err *err);
int execute_status(struct client *client, json_t *arguments, json_t **ret_value, struct err *err);
int execute_release(struct client *client, json_t *arguments, json_t **ret_value, struct err *err);
int execute_pause(struct client *client, json_t *arguments, json_t **ret_value, struct err *err);
int execute_resume(struct client *client, json_t *arguments, json_t **ret_value, struct err *err);
int execute_run(struct client *client, json_t *arguments, json_t **ret_value, struct err *err);
int execute_stop(struct client *client, json_t *arguments, json_t **ret_value, struct err *err);

#endif
