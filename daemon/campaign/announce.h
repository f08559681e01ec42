/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a campaign records of itself at its begin: host, builds, comparison, environment. */
#ifndef QSOAK_CAMPAIGN_ANNOUNCE_H
#define QSOAK_CAMPAIGN_ANNOUNCE_H

#include <stdint.h>

#include "base/record.h"
#include "campaign/profile.h"
#include "campaign/resume.h"
#include "vm/build.h"
#include "vm/direct.h"

struct announcement {
	struct records *records;
	int64_t campaign_id;
	uint64_t seed;
	const struct profile *profile;
	const struct machine *machine;
	const struct build *builds; /* identified, in the profile's order */
	const char *accel_reason;   /* why not KVM where the profile says auto, or NULL */
	const char *request;	    /* see record_campaign_begin */
	const char *boot;	    /* likewise */
};

void announce(const struct announcement *announcement);

/* Of one that goes on: builds and environment are known. */
void announce_again(const struct announcement *announcement, const struct resume *resume);

#endif
