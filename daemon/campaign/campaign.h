/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A campaign: one execution of a profile by a fleet of slots. */
#ifndef QSOAK_CAMPAIGN_CAMPAIGN_H
#define QSOAK_CAMPAIGN_CAMPAIGN_H

#include <ev.h>
#include <stdint.h>

#include "base/err.h"
#include "base/record.h"
#include "campaign/profile.h"
#include "campaign/resume.h"
#include "campaign/slot.h"
#include "campaign/tally.h"
#include "triage/evidence.h"

/* Boots that fail one after the other in one slot: the build cannot boot. The campaign, which would
 * otherwise fill the store with the same failure, is given up, unless it is a replay. */
#define CAMPAIGN_BOOT_FAILURES_MAX 3

/* Boots at once where the profile does not say: one a CPU, but so many at least. */
#define CAMPAIGN_BOOTS_MIN 2

/* Failures of one slot without a finished loop or an expected failure between them, before the
 * campaign is given up: it would only repeat itself. A replay is meant to, and ends by its attempts. */
#define CAMPAIGN_BARREN_FAILURES_MAX 100

struct campaign_spec {
	struct records *records;
	const char *state;  /* folder of the state: incidents/ is made in it */
	const char *work;   /* folder for images; all of it may be removed when qsoakd has gone */
	const char *guests; /* folder of the firmware images */
	struct evidence *evidence; /* of that state; outlives the campaign */
	struct cgroups *cgroups;   /* for VMs, or NULL; outlives the campaign */
	const struct budget *budget; /* of the fleet; only while it starts */
	uint64_t seed;
	const char *request;   /* JSON: what its begin said besides the profile; copied */
	const char *boot;      /* of the host: its boot_id, or NULL; outlives the campaign */
	struct resume *resume; /* it goes on from there: taken over, also on failure; or NULL */
	/* Called once, from the loop, when the end is durable. campaign_free() may be called in it. suspended: see
	 * campaign_suspend(). */
	void (*ended)(void *ctx, enum exit_code code, bool suspended);
	/* The failure of this id is durable. */
	void (*failed)(void *ctx, int64_t failure);
	/* The VM of a slot is held from now on, or is not any more. */
	void (*hold_changed)(void *ctx, unsigned slot, const char *why);
	/* As many blocks are complete as a comparison looks at before its end, and all of them is stored:
	 * if they decide, campaign_stop() ends it early. */
	void (*look)(void *ctx, int64_t campaign);
	void *ctx;
};

struct campaign_progress {
	int64_t elapsed_ns;
	int64_t duration_ns;  /* that the stop rule allows; 0: no such rule */
	int64_t loops_wanted; /* by the stop rule; 0: no such rule */
	int64_t vms_wanted;   /* by a replay; 0: it is none */
	int64_t vms;	      /* that were begun */
	int64_t operations, loops;
	int64_t failures;	       /* all of them */
	int64_t expected;	       /* of these */
	unsigned held;		       /* VMs */
	int64_t blocks, blocks_wanted; /* of a comparison; 0: it is none */
	bool only_held; /* nothing else is left: the campaign waits for their release */
};

struct campaign;

/* Checks builds and guest on this host and starts the fleet, or first a probe, where the profile says
 * `accel: auto`. Takes the profile over, also on failure. Blocks while the builds are asked for their version. */
int campaign_start(struct ev_loop *loop, const struct campaign_spec *spec, struct profile *profile,
		   struct campaign **ret_campaign, struct err *err);
void campaign_free(struct campaign *campaign);

/* The campaign ends when all slots have stopped. interrupted: by a user, not by the stop rule. */
void campaign_stop(struct campaign *campaign, enum slot_stop stop, bool interrupted);

/* Its qsoakd ends: VMs are killed, and the campaign can go on later. why: for people. */
void campaign_suspend(struct campaign *campaign, const char *why);

/* While there is a why no VM boots, those that are there are shut down after the operation in progress, and the
 * time does not count. NULL: it goes on. */
void campaign_pause(struct campaign *campaign, const char *why);

/* See base/standstill.h: that time does not count. */
void campaign_stood_still(struct campaign *campaign, int64_t lost_ns, int64_t suspended_ns);

/* Whether a VM was held for this incident; it is killed, and its slot goes on. */
bool campaign_release(struct campaign *campaign, int64_t incident);

/* All VMs that are held are killed, and none is held any more. */
void campaign_stop_holding(struct campaign *campaign);

int64_t campaign_id(const struct campaign *campaign);
uint64_t campaign_seed(const struct campaign *campaign);
void campaign_progress(const struct campaign *campaign, struct campaign_progress *ret_progress);

/* See tally_next_unseen() and tally_next_short(). */
bool campaign_next_unseen(const struct campaign *campaign, size_t *position,
			  struct tally_unseen *ret_unseen);
bool campaign_next_short(const struct campaign *campaign, size_t *position,
			 struct tally_short *ret_short);

/* The profile's name, and one of the fleet's slots, which are `campaign_slots()`. */
const char *campaign_name(const struct campaign *campaign);
unsigned campaign_slots(const struct campaign *campaign);
void campaign_slot_status(const struct campaign *campaign, unsigned slot,
			  struct slot_status *ret_status);

#endif
