/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The keys of qsoakd.conf, for config.c alone. */
#ifndef QSOAK_CONFIG_KEYS_H
#define QSOAK_CONFIG_KEYS_H

#include "base/bind.h"

/* The top level; it fills a struct config. */
extern const struct bind_key config_keys[];

/* Frees the hooks of a struct config. */
struct config;
void config_forget_hooks(struct config *config);

#endif
