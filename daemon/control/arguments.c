// SPDX-License-Identifier: GPL-2.0-or-later
/* Reading the arguments of "run". */
#include "control/arguments.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>

#include "base/mem.h"
#include "control/command.h"
#include "control/limits.h"

/* A profile of the longest length and all its builds, each byte as "\u00xx", with room for the rest of
 * the message. */
_Static_assert(CONTROL_LINE_MAX >=
		       6 * (PROFILE_TEXT_MAX + PROFILE_BUILDS_MAX * PROFILE_REGISTERED_MAX) +
			       PROFILE_TEXT_MAX,
	       "every profile fits into a line");

/* Leaves *ret_value alone where the argument is missing. */
static int get_integer(json_t *arguments, const char *key, int64_t min, int64_t max,
		       int64_t *ret_value, struct err *err)
{
	json_t *value = json_object_get(arguments, key);

	if (!value)
		return 0;
	if (!json_is_integer(value) || json_integer_value(value) < min ||
	    json_integer_value(value) > max)
		return err_set(err, -EINVAL,
			       "%s: expected a whole number from %" PRId64 " to %" PRId64, key, min,
			       max);
	*ret_value = json_integer_value(value);
	return 0;
}

static int set_builds(json_t *builds, struct profile *profile, struct err *err)
{
	json_t *build;
	size_t i;

	if (builds && !json_is_array(builds))
		return err_set(err, -EINVAL, "builds: expected a list");
	json_array_foreach(builds, i, build) {
		const char *name, *binary;
		int r;

		if (json_unpack(build, "{s:s, s:s}", "name", &name, "binary", &binary) < 0)
			return err_set(err, -EINVAL,
				       "builds: expected {\"name\": ..., \"binary\": ...}");
		r = profile_set_build(profile, name, binary, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int register_builds(json_t *registered, struct profile *profile, struct err *err)
{
	json_t *build;
	size_t i;

	json_array_foreach(registered, i, build) {
		const char *name, *file, *text;
		size_t size;
		int r;

		if (json_unpack(build, "{s:s, s:s, s:s%}", "name", &name, "file", &file, "text",
				&text, &size) < 0)
			return err_set(err, -EINVAL,
				       "registered: expected {\"name\": ..., \"file\": ..., "
				       "\"text\": ...}");
		r = profile_register_build(profile, name, text, size, file, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int set_on_failure(json_t *word, struct profile *profile, struct err *err)
{
	return word ? profile_set_on_failure(profile, json_string_value(word), err) : 0;
}

/* Digits, or an integer: QEMU's qmp-shell makes one of every word of digits. */
static int set_seed(json_t *seed, struct profile *profile, struct err *err)
{
	const char *text = json_string_value(seed);
	char *end;

	if (!seed)
		return 0;
	errno = 0;
	if (json_is_integer(seed) && json_integer_value(seed) >= 0)
		profile->seed = (uint64_t)json_integer_value(seed);
	else if (!text || text[strspn(text, "0123456789")] != '\0' || !*text ||
		 (profile->seed = strtoull(text, &end, 10), errno))
		return err_set(err, -EINVAL, "seed: expected a number from 0 to 2^64-1");
	profile->has_seed = true;
	return 0;
}

/* The integers of an object, all of which it must have, and a text or none. */
struct member {
	const char *key;
	int64_t min, max;
	int64_t *value;
};

static int get_members(json_t *object, const char *name, const struct member *members, size_t count,
		       const char *text, struct err *err)
{
	size_t known = text != NULL;

	for (size_t i = 0; i < count; i++) {
		int r = get_integer(object, members[i].key, members[i].min, members[i].max,
				    members[i].value, err);

		if (r == 0 && !json_object_get(object, members[i].key))
			r = err_set(err, -EINVAL, "%s: missing", members[i].key);
		if (r < 0)
			return err_prefix(err, "%s", name);
		known++;
	}
	if (text && !json_is_string(json_object_get(object, text)))
		return err_set(err, -EINVAL, "%s: %s: expected a string", name, text);
	if (json_object_size(object) > known)
		return err_set(err, -EINVAL, "%s: found %zu members, expected %zu", name,
			       json_object_size(object), known);
	return 0;
}

static int set_search(json_t *search, struct profile *profile, struct err *err)
{
	int64_t times = 0, loops = 0;
	const struct member members[] = {
		{ "times", 1, PROFILE_EXPECT_TIMES_MAX, &times },
		{ "loops", 1, PROFILE_STOP_LOOPS_MAX, &loops },
	};
	int r;

	if (!search)
		return 0;
	r = get_members(search, "search", members, ARRAY_SIZE(members), "signature", err);
	if (r < 0)
		return r;
	return profile_set_search(profile, json_string_value(json_object_get(search, "signature")),
				  (unsigned)times, loops, err);
}

static int set_replay(json_t *replay, struct profile *profile, struct err *err)
{
	int64_t slot = 0, vm = 0, first_loop = 0, loops = 0, attempts = 0;
	const struct member members[] = {
		{ "slot", 0, PROFILE_VMS_MAX - 1, &slot },
		{ "vm", 0, INT_MAX, &vm },
		{ "first-loop", 0, PROFILE_STOP_LOOPS_MAX, &first_loop },
		{ "loops", 0, PROFILE_LOOPS_PER_VM_MAX, &loops },
		{ "attempts", 1, PROFILE_ATTEMPTS_MAX, &attempts },
	};
	int r;

	if (!replay)
		return 0;
	r = get_members(replay, "replay", members, ARRAY_SIZE(members), NULL, err);
	if (r < 0)
		return r;
	profile_set_replay(profile,
			   &(struct profile_replay){ .attempts = (unsigned)attempts,
						     .slot = (int)slot,
						     .vm = (int)vm,
						     .first_loop = (uint64_t)first_loop },
			   (unsigned)loops);
	return 0;
}

/* What it is aimed at. Each of search and replay is a stop rule of its own. */
static int aim(json_t *arguments, struct profile *profile, struct err *err)
{
	static const char *const rules[] = { "search", "replay", "loops", "duration-ns" };
	json_t *only = json_object_get(arguments, "only");
	const char *first = NULL;
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
		if (!json_object_get(arguments, rules[i]))
			continue;
		if (first)
			return err_set(err, -EINVAL, "%s and %s exclude each other", first,
				       rules[i]);
		first = i < 2 ? rules[i] : NULL;
	}
	r = only ? profile_keep_build(profile, json_string_value(only), err) : 0;
	if (r == 0)
		r = set_search(json_object_get(arguments, "search"), profile, err);
	if (r == 0)
		r = set_replay(json_object_get(arguments, "replay"), profile, err);
	return r;
}

static int override(json_t *arguments, struct profile *profile, struct err *err)
{
	int64_t vms = profile->vms;
	int r;

	r = get_integer(arguments, "vms", 1, PROFILE_VMS_MAX, &vms, err);
	profile->vms = (unsigned)vms;
	if (r == 0)
		r = get_integer(arguments, "loops", 1, PROFILE_STOP_LOOPS_MAX, &profile->stop_loops,
				err);
	if (r == 0)
		r = get_integer(arguments, "duration-ns", PROFILE_STOP_DURATION_MIN_NS,
				PROFILE_STOP_DURATION_MAX_NS, &profile->stop_duration_ns, err);
	if (r == 0)
		r = register_builds(json_object_get(arguments, "registered"), profile, err);
	if (r == 0)
		r = set_builds(json_object_get(arguments, "builds"), profile, err);
	if (r == 0)
		r = set_on_failure(json_object_get(arguments, "on-failure"), profile, err);
	if (r == 0)
		r = set_seed(json_object_get(arguments, "seed"), profile, err);
	if (r == 0)
		r = aim(arguments, profile, err);
	return r;
}

int arguments_profile(json_t *arguments, struct profile **ret_profile, struct err *err)
{
	json_t *text = json_object_get(arguments, "profile");
	const char *name = json_string_value(json_object_get(arguments, "name"));
	struct profile *profile;
	int r;

	if (!json_is_string(text))
		return err_set(err, -EINVAL, "profile: expected the text of a profile");
	r = profile_parse(json_string_value(text), json_string_length(text),
			  name ? name : "profile", &profile, err);
	if (r < 0)
		return r;
	r = override(arguments, profile, err);
	if (r == 0)
		r = profile_check_builds(profile, name ? name : "profile", err);
	if (r < 0) {
		profile_free(profile);
		return r;
	}
	*ret_profile = profile;
	return 0;
}

char *arguments_text(json_t *arguments)
{
	auto_json json_t *rest = json_copy(arguments);

	json_object_del(rest, "profile");
	return json_dumps(rest, JSON_COMPACT);
}

int arguments_again(const char *text, const char *profile_text, struct profile **ret_profile,
		    struct err *err)
{
	auto_json json_t *arguments = json_loads(text, 0, NULL);
	int r = json_is_object(arguments)
			? 0
			: err_set(err, -EINVAL, "the store has no request of it that can be read");

	if (r < 0)
		return r;
	json_object_set_new(arguments, "profile", json_string(profile_text));
	r = command_check(command_find("run"), arguments, err);
	return r < 0 ? r : arguments_profile(arguments, ret_profile, err);
}
