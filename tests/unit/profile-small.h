/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For tests of single keys of a profile: a small one, with what the test wants to say in it. */
#ifndef QSOAK_TESTS_UNIT_PROFILE_SMALL_H
#define QSOAK_TESTS_UNIT_PROFILE_SMALL_H

#include "tests/unit/helper.h"

#include "campaign/profile.h"

#define TEXT_SNAPSHOTS "[{operation: snapshot-save}, {operation: snapshot-delete}]"

/* Lines 1 to 3 are there; `fleet`, `operations` and `stop` are lines 4 to 6, more begins in line 7.
 * The caller frees. */
static inline char *text_profile(const char *fleet, const char *operations, const char *stop,
				 const char *more)
{
	return mem_printf("{name: t, machine: {type: pc-q35-7.2, accel: tcg, ram: 16MiB}, guest: "
			  "{name: g},\n"
			  " builds: [{name: stock, binary: /b},\n"
			  "  {name: foil, binary: /c}],\n"
			  " fleet: %s,\n"
			  " operations: %s,\n"
			  " stop: %s,\n"
			  "%s}\n",
			  fleet, operations, stop, more);
}

/* The text, which is freed, as a profile: checked as before a campaign. */
static inline int text_parse(char *text, struct profile **ret_profile, struct err *err)
{
	int r = profile_parse(text, strlen(text), "t.yaml", ret_profile, err);

	free(text);
	if (r < 0)
		return r;
	r = profile_check_builds(*ret_profile, "t.yaml", err);
	if (r < 0) {
		profile_free(*ret_profile);
		*ret_profile = NULL;
	}
	return r;
}

static inline struct profile *text_accepted(char *text)
{
	struct profile *profile = NULL;
	struct err err = { 0 };

	if (text_parse(text, &profile, &err) < 0)
		fail_msg("%s", err.text);
	return profile;
}

static inline void text_refused(char *text, const char *expected)
{
	struct profile *profile = NULL;
	struct err err = { 0 };

	assert_int_equal(text_parse(text, &profile, &err), -EINVAL);
	assert_string_equal(err.text, expected);
	assert_null(profile);
}

#endif
