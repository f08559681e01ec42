/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the administrator says of a qsoakd that serves: qsoakd.conf(5), a file of YAML and its drop-ins.
 *
 * A file and, in the order of their names, the files *.conf in the folder FILE.d; a key of a later one replaces that
 * of an earlier one, a list as a whole.
 */
#ifndef QSOAK_CONFIG_CONFIG_H
#define QSOAK_CONFIG_CONFIG_H

#include <jansson.h>
#include <stdbool.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "campaign/budget.h"
#include "control/hooks.h"
#include "control/listener.h"
#include "control/shortage.h"
#include "triage/evidence.h"

#define CONFIG_FILE "qsoakd.conf"
#define CONFIG_DROP_INS ".d"
#define CONFIG_SUFFIX ".conf"

#define CONFIG_READERS_MAX 64
#define CONFIG_HOOKS_MAX 16
#define CONFIG_ARGUMENTS_MAX 64 /* of a hook's command */
#define CONFIG_URL_MAX 2048
#define CONFIG_HOOK_LIMIT_MIN_NS CLOCK_NS_PER_S
#define CONFIG_HOOK_LIMIT_MAX_NS (10 * 60 * CLOCK_NS_PER_S)
#define CONFIG_PUSH_MIN_NS CLOCK_NS_PER_S
#define CONFIG_PUSH_MAX_NS (24 * 3600 * CLOCK_NS_PER_S)
#define CONFIG_BYTES_MIN (1ll << 20)
#define CONFIG_BYTES_MAX (1ll << 50)
#define CONFIG_AGE_MAX_NS (10 * 365 * 24 * 3600 * CLOCK_NS_PER_S)

struct config {
	struct listener_access access; /* owns its readers */
	char *http;		       /* where to listen, or NULL */
	struct budget fleet;
	struct shortage_limit disk, memory;
	struct evidence_rules evidence; /* of the host: bytes, incidents, age */
	struct hook *hooks;
	size_t hook_count;
	char *upstream; /* URL of a PostgreSQL, or NULL */
	int64_t upstream_every_ns;
	enum log_level log_level;
	json_t *files; /* that were read, in order */
};

/* Where it is looked for: in $CONFIGURATION_DIRECTORY; for root in /etc/qsoak; else in $XDG_CONFIG_HOME/qsoak. NULL where
 * none of these is to be had. The caller frees. */
char *config_path(void);

/* Nothing is said. */
void config_init(struct config *config);

/* Reads path, which may be missing unless must_exist, and its drop-ins. -EINVAL names the file, the line and what would
 * be right; then ret_config is as after config_init(). */
int config_read(const char *path, bool must_exist, struct config *ret_config, struct err *err);

/* What a file of that name and text does, over what config says. text ends in a NUL that does not count. */
int config_add(struct config *config, const char *text, size_t size, const char *name,
	       struct err *err);

/* Frees what it points to. */
void config_finish(struct config *config);

#endif
