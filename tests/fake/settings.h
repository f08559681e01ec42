/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The capabilities and parameters of migration, with 7.2's defaults. */
#ifndef QSOAK_TESTS_FAKE_SETTINGS_H
#define QSOAK_TESTS_FAKE_SETTINGS_H

#include <jansson.h>
#include <stdbool.h>

struct settings {
	json_t *capabilities; /* {NAME: bool} */
	json_t *parameters;   /* {NAME: value} */
};

void settings_init(struct settings *settings);

bool settings_capable(const struct settings *settings, const char *capability);

/* The arguments of migrate-set-capabilities, checked by the schema. */
void settings_set_capabilities(struct settings *settings, const json_t *args);
json_t *settings_get_capabilities(const struct settings *settings);

/* The arguments of migrate-set-parameters. NULL, or the sentence that refuses them. */
const char *settings_set_parameters(struct settings *settings, json_t *args);

#endif
