// SPDX-License-Identifier: GPL-2.0-or-later
/* Environments, side by side. */
#include "report/environment.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "report/field.h"
#include "report/json.h"
#include "report/text.h"

struct sides {
	const struct query_comparison *comparison;
	json_t *host, *a, *b;
};

static void add_fact(void *ctx, int64_t build_id, const char *key, const char *value)
{
	struct sides *sides = ctx;
	json_t *side = !build_id			     ? sides->host
		       : build_id == sides->comparison->a_id ? sides->a
		       : build_id == sides->comparison->b_id ? sides->b
							     : NULL;

	if (side)
		json_object_set_new(side, key, report_json_string(value));
}

/* QEMU is as slow as what it was built with and run with; which version of a library is there is a
 * part of the build, though. */
static bool is_serious(const char *key)
{
	return strcmp(key, "libraries") != 0;
}

static void add_difference(json_t *list, const char *key, json_t *a, json_t *b)
{
	if (json_equal(a, b))
		return;
	json_array_append_new(list, json_pack("{s:s, s:O?, s:O?, s:b}", "key", key, "a", a, "b", b,
					      "serious", (int)is_serious(key)));
}

static json_t *differences_of(json_t *a, json_t *b)
{
	json_t *list = json_array(), *value;
	const char *key;

	json_object_foreach(a, key, value)
		add_difference(list, key, value, json_object_get(b, key));
	json_object_foreach(b, key, value)
		if (!json_object_get(a, key))
			add_difference(list, key, NULL, value);
	return list;
}

int environment_json(struct query *query, const struct query_comparison *comparison,
		     json_t **ret_value, struct err *err)
{
	struct sides sides = { comparison, json_object(), json_object(), json_object() };
	int r = query_environment(query, comparison->campaign, add_fact, &sides, err);

	*ret_value = json_pack("{s:o, s:o, s:o, s:o}", "host", sides.host, "a", sides.a, "b",
			       sides.b, "differences", differences_of(sides.a, sides.b));
	if (r < 0) {
		json_decref(*ret_value);
		*ret_value = NULL;
	}
	return r;
}

static const char *side(json_t *difference, const char *which)
{
	const char *text = field_text(difference, which);

	return text ? text : "none";
}

char *environment_serious(json_t *environment)
{
	char *text = NULL;
	json_t *d;
	size_t i;

	json_array_foreach(json_object_get(environment, "differences"), i, d)
		if (json_is_true(json_object_get(d, "serious")))
			mem_append(&text, ", ", "%s (%s, %s)", field_text(d, "key"), side(d, "a"),
				   side(d, "b"));
	return text;
}
