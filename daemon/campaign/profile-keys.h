/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The keys of a profile, for profile.c alone; but names of profiles and numbers of CPUs are read elsewhere, too. */
#ifndef QSOAK_CAMPAIGN_PROFILE_KEYS_H
#define QSOAK_CAMPAIGN_PROFILE_KEYS_H

#include "base/bind.h"

/* The top level; it fills a struct profile. */
extern const struct bind_key profile_keys[];

/* What spans more than one key; at is the top level. */
struct profile;
int profile_check_guest(const struct bind *at, const struct profile *profile);
int profile_check_fleet(const struct bind *at, const struct profile *profile);
int profile_check_backend(const struct bind *at, const struct profile *profile);

extern const struct bind_text profile_name_text;
extern const struct bind_text profile_binary_text;
extern const struct bind_text profile_pattern_text;

int profile_read_backend(const struct bind *at, const struct bind_key *key, void *base);
extern const struct bind_text profile_uri_text;

/* Entries of `builds`, and the reader that checks them. */
extern const struct bind_list profile_build_list;
int profile_read_builds(const struct bind *at, const struct bind_key *key, void *base);

/* Entries of `operations`, and the reader that checks them. */
extern const struct bind_list profile_operation_list;
int profile_read_operations(const struct bind *at, const struct bind_key *key, void *base);
int profile_read_order(const struct bind *at, const struct bind_key *key, void *base);

/* Frees what it points to. */
struct profile_expectation;
void profile_expectation_finish(struct profile_expectation *expectation);

extern const struct bind_list profile_expect_list;
int profile_read_expect(const struct bind *at, const struct bind_key *key, void *base);

/* The keys of `compare`; the check once all of the profile was read, and once all builds were added. */
int profile_read_compare(const struct bind *at, const struct bind_key *key, void *base);
int profile_check_compare(const struct bind *at, struct profile *profile);
int profile_fill_compare(struct profile *profile, const char *name, struct err *err);
void profile_compare_finish(struct profile *profile);

/* "1.5": into a double, PROFILE_VM_CPUS_MIN to PROFILE_VM_CPUS_MAX. */
int profile_read_cpus(const struct bind *at, const struct bind_key *key, void *base);

int profile_read_on_failure(const struct bind *at, const struct bind_key *key, void *base);
int profile_read_stop(const struct bind *at, const struct bind_key *key, void *base);

#endif
