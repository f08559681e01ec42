/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where a campaign takes place: its folders, its machine and its builds, as this host has them. */
#ifndef QSOAK_CAMPAIGN_SITE_H
#define QSOAK_CAMPAIGN_SITE_H

#include "campaign/profile.h"
#include "campaign/resume.h"
#include "vm/build.h"
#include "vm/direct.h"
#include "vm/libvirt.h"

struct site {
	const struct profile *profile;
	char *firmware, *template, *vms, *incidents; /* paths */
	struct libvirt libvirt;			     /* if that is the profile's backend */
	struct machine machine;
	struct build *builds; /* in the profile's order */
};

/* Where these folders are; profile, accel and cgroups (or NULL) outlive the site. */
void site_init(struct site *site, const struct profile *profile, const char *accel,
	       const char *state, const char *work, const char *guests, struct cgroups *cgroups);

/* Everything that can be wrong with this host, before anything is recorded; then makes what VMs need. Blocks while
 * the builds are asked for their version. resume: these are to be its builds, and get their ids; or NULL. */
int site_prepare(struct site *site, const struct resume *resume, struct err *err);

/* A warning where cores would be lost. */
void site_warn_of_lost_cores(const struct site *site);

void site_finish(struct site *site);

#endif
