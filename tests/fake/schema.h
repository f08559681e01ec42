/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the QEMU that the fake pretends to be takes and returns: a recorded query-qmp-schema, and
 * checks against it.
 */
#ifndef QSOAK_TESTS_FAKE_SCHEMA_H
#define QSOAK_TESTS_FAKE_SCHEMA_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct command;

/* Once, before all others. version: "7.2", or NULL for the usual one; lacks: a value that no
 * enumeration has, as in a build without a feature, or NULL. False: no such recording. */
bool schema_load(const char *version, const char *lacks);

/* Of the recording. */
int schema_major(void);
int schema_minor(void);

bool schema_has(const struct command *command);
bool schema_allows_oob(const struct command *command);

/* Checks arguments; false with QEMU's own sentence in ret_why. */
bool schema_check(const struct command *command, const json_t *args, char *ret_why, size_t size);

/* Takes what a command is about to return, and gives it back without the members that this QEMU does
 * not have. */
json_t *schema_prune(const struct command *command, json_t *value);

/* The values of the enumeration of migration capabilities, each with its "name". */
const json_t *schema_migration_capabilities(void);

/* The value of query-qmp-schema. */
json_t *schema_introspect(void);

#endif
