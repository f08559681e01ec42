/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a QEMU can do, by its own query-qmp-schema: ask this, never the version, since distributions
 * move features between versions and leave some out.
 */
#ifndef QSOAK_QMP_SCHEMA_H
#define QSOAK_QMP_SCHEMA_H

#include <jansson.h>
#include <stdbool.h>

struct schema;

/* Knows nothing yet. */
struct schema *schema_new(void);
void schema_free(struct schema *schema);

/* Takes what query-qmp-schema returned; keeps references. An entity without a name is left out, and
 * what is there already stays: a build has one schema. */
void schema_learn(struct schema *schema, json_t *value);
bool schema_known(const struct schema *schema);

/* Whether there is the command and, with a path, whether its arguments have it: names of members
 * joined by '/', through lists and variants, the last of which may be a value of an enumeration, as
 * in "capabilities/capability/multifd". path NULL: the command alone. */
bool schema_takes(const struct schema *schema, const char *command, const char *path);

/* The same of what the command returns. */
bool schema_returns(const struct schema *schema, const char *command, const char *path);

#endif
