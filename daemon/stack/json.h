/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A process as JSON, for programs: what stack/print.h prints for people. qsoak-stack(1) tells its keys. */
#ifndef QSOAK_STACK_JSON_H
#define QSOAK_STACK_JSON_H

#include <jansson.h>

#include "base/err.h"
#include "stack/process.h"

/* The caller owns it. */
json_t *stack_json(const struct stack_process *process);

/* Writes value to the file at path, whole or not at all: what was there before stays until then. */
int stack_json_write(const json_t *value, const char *path, struct err *err);

#endif
