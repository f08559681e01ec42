/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading where a campaign stood. */
#ifndef QSOAK_STORE_RESUME_H
#define QSOAK_STORE_RESUME_H

#include "base/err.h"
#include "campaign/resume.h"

/* The campaign in the store at path that has not ended, the newest if there are more; -ENOENT: all have. */
int store_find_open(const char *path, int64_t *ret_campaign, struct err *err);

/* Whether a user has asked for its end. */
int store_is_stopping(const char *path, int64_t campaign, bool *ret_stopping, struct err *err);

/* The newest campaign that was interrupted; -ENOENT: there is none. */
int store_find_interrupted(const char *path, int64_t *ret_campaign, struct err *err);

/* version: that of this qsoakd, boot: the host's boot_id; what they were tells why there is a gap. -ENOENT: there
 * is no such campaign; -EINVAL: it has come to its end by itself, or an older qsoakd has begun it. */
int store_read_resume(const char *path, int64_t campaign, const char *version, const char *boot,
		      struct resume *ret_resume, struct err *err);

#endif
