/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Commands that read results and evidence below a state folder; safe on any thread. What does not
 * exist is -EINVAL: somebody asked for it.
 */
#ifndef QSOAK_CONTROL_READ_H
#define QSOAK_CONTROL_READ_H

#include <jansson.h>

#include "base/err.h"

int read_campaigns(const char *state, json_t *arguments, json_t **ret_value, struct err *err);
int read_builds(const char *state, json_t *arguments, json_t **ret_value, struct err *err);
int read_failures(const char *state, json_t *arguments, json_t **ret_value, struct err *err);
int read_signatures(const char *state, json_t *arguments, json_t **ret_value, struct err *err);
int read_comparison(const char *state, json_t *arguments, json_t **ret_value, struct err *err);
int read_history(const char *state, json_t *arguments, json_t **ret_value, struct err *err);
int read_plots(const char *state, json_t *arguments, json_t **ret_value, struct err *err);
int read_report(const char *state, json_t *arguments, json_t **ret_value, struct err *err);
int read_export(const char *state, json_t *arguments, json_t **ret_value, struct err *err);
int read_incident(const char *state, json_t *arguments, json_t **ret_value, struct err *err);
int read_incident_file(const char *state, json_t *arguments, json_t **ret_value, struct err *err);

#endif
