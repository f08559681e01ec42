/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the fake knows of QEMU 7.2's schema, as data. */
#ifndef QSOAK_TESTS_FAKE_TABLES_H
#define QSOAK_TESTS_FAKE_TABLES_H

#include "schema.h"

/* Ends with a command without a name. */
extern const struct command tables_commands[];

/* End with NULL. */
extern const char *const tables_events[];
extern const char *const tables_migration_capabilities[];

/* The members of migrate-set-parameters. */
extern const struct arg tables_migration_parameters[];

#endif
