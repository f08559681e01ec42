// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: the reproducer is its own candidate: a list of it is put in place shorter, the
 * script runs, and the list comes back if the failure has become too rare.
 */
#include "triage/reproducer-shrink.h"

#include <stdbool.h>
#include <string.h>

#include "base/mem.h"

struct shrinker {
	struct reproducer *reproducer;
	const struct shrink_spec *spec;
	unsigned needed; /* tries that have to show the failure */
	struct shrink_rate rate;
	struct err *err;
};

/* Without these there is no such machine, or one with more in it. */
static bool is_needed(json_t *option)
{
	static const char *const names[] = { "-nodefaults", "-no-user-config",
					     "-display",    "-machine",
					     "-m",	    "-object",
					     "-blockdev",   "-drive" };
	const char *name = json_string_value(json_array_get(option, 0));

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(names[i], name))
			return true;
	return false;
}

static bool is_never_needed(json_t *operation)
{
	(void)operation;
	return false;
}

/* What an element of a list is called. */
static char *name_of(json_t *element)
{
	char *text = mem_strdup("");
	json_t *word;
	size_t i;

	if (json_is_object(element)) {
		free(text);
		return mem_strdup(json_string_value(json_object_get(element, "operation")));
	}
	json_array_foreach(element, i, word) {
		auto_free char *before = text;

		text = mem_printf("%s%s%s", before, i ? " " : "", json_string_value(word));
	}
	return text;
}

static char *names_of(json_t *list)
{
	char *text = mem_strdup("");
	json_t *element;
	size_t i;

	json_array_foreach(list, i, element) {
		auto_free char *before = text, *name = name_of(element);

		text = mem_printf("%s%s%s", before, i ? ", " : "", name);
	}
	return text;
}

/* 1: the candidate is good enough; 0: it is not. */
static int judge(struct shrinker *shrinker, const char *left_out)
{
	const struct shrink_spec *spec = shrinker->spec;
	auto_free char *text = NULL;
	struct shrink_rate rate;
	bool good;
	int r = spec->run(spec->ctx, shrinker->reproducer, spec->tries, shrinker->needed, &rate,
			  shrinker->err);

	if (r < 0)
		return r;
	good = rate.reproduced >= shrinker->needed;
	if (good)
		shrinker->rate = rate;
	text = mem_printf("without %s: %u of %u tries, %s", left_out, rate.reproduced, rate.tries,
			  good ? "left out" : "needed");
	spec->say(spec->ctx, text);
	return good;
}

static void note(struct shrinker *shrinker, const char *left_out)
{
	reproducer_add_line(shrinker->reproducer->remarks, "Left out: %s; then %u of %u tries.",
			    left_out, shrinker->rate.reproduced, shrinker->rate.tries);
}

static int shrink_vms(struct shrinker *shrinker)
{
	struct reproducer *reproducer = shrinker->reproducer;

	while (reproducer->vms > 1) {
		unsigned before = reproducer->vms;
		auto_free char *left_out = NULL;
		int r;

		reproducer->vms /= 2;
		left_out = mem_printf("%u of %u machines", before - reproducer->vms, before);
		r = judge(shrinker, left_out);
		if (r > 0) {
			note(shrinker, left_out);
			continue;
		}
		reproducer->vms = before;
		return r;
	}
	return 0;
}

/* Takes up to count elements that may go out of a copy of list, from the at-th of them on. */
static json_t *without(json_t *list, bool (*needed)(json_t *element), size_t at, size_t count,
		       json_t *ret_removed)
{
	json_t *rest = json_array(), *element;
	size_t i, seen = 0;

	json_array_foreach(list, i, element) {
		bool goes =
			!needed(element) && seen++ >= at && json_array_size(ret_removed) < count;

		json_array_append(goes ? ret_removed : rest, element);
	}
	return rest;
}

static size_t count_removable(json_t *list, bool (*needed)(json_t *element))
{
	json_t *element;
	size_t i, count = 0;

	json_array_foreach(list, i, element)
		count += !needed(element);
	return count;
}

/* least: so many elements have to stay. */
static int shrink_list(struct shrinker *shrinker, json_t **list, bool (*needed)(json_t *element),
		       size_t least)
{
	size_t chunk = count_removable(*list, needed);

	while (chunk) {
		for (size_t at = 0; at < count_removable(*list, needed);) {
			auto_json json_t *removed = json_array(), *before = json_incref(*list);
			auto_free char *left_out = NULL;
			json_t *rest = without(*list, needed, at, chunk, removed);
			int r = 0;

			left_out = names_of(removed);
			json_decref(*list);
			*list = rest;
			if (json_array_size(rest) >= least)
				r = judge(shrinker, left_out);
			if (r > 0) {
				note(shrinker, left_out);
				continue;
			}
			json_decref(*list);
			*list = json_incref(before);
			if (r < 0)
				return r;
			at += chunk;
		}
		chunk /= 2;
	}
	return 0;
}

static int measure(struct shrinker *shrinker, const char *what)
{
	const struct shrink_spec *spec = shrinker->spec;
	auto_free char *text = NULL;
	int r = spec->run(spec->ctx, shrinker->reproducer, spec->tries, 0, &shrinker->rate,
			  shrinker->err);

	if (r < 0)
		return r;
	text = mem_printf("%s: %u of %u tries.", what, shrinker->rate.reproduced,
			  shrinker->rate.tries);
	spec->say(spec->ctx, text);
	reproducer_add_line(shrinker->reproducer->remarks, "%s", text);
	return 0;
}

int shrink(struct reproducer *reproducer, const struct shrink_spec *spec, struct err *err)
{
	struct shrinker shrinker = { .reproducer = reproducer, .spec = spec, .err = err };
	unsigned least = (spec->tries * SHRINK_RATE_MIN_PERCENT + 99) / 100;
	int r = measure(&shrinker, "The whole script");

	if (r < 0)
		return r;
	if (shrinker.rate.reproduced < least) {
		static const char seldom[] =
			"That is too seldom to find out what it does not need.";

		spec->say(spec->ctx, seldom);
		reproducer_add_line(reproducer->remarks, "%s", seldom);
		return 0;
	}
	shrinker.needed = (shrinker.rate.reproduced + 1) / 2;
	if (shrinker.needed < least)
		shrinker.needed = least;
	r = shrink_vms(&shrinker);
	if (r == 0)
		r = shrink_list(&shrinker, &reproducer->loop, is_never_needed,
				json_array_size(reproducer->finale) ? 0 : 1);
	if (r == 0)
		r = shrink_list(&shrinker, &reproducer->argv, is_needed, 0);
	return r == 0 ? measure(&shrinker, "What is left") : r;
}
