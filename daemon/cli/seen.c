// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: ids are kept in order, for they come nearly in order. Failures do not quite: the evidence of one
 * may take longer than that of the next.
 */
#include "cli/seen.h"

#include <string.h>

#include "base/mem.h"
#include "report/field.h"
#include "report/text.h"

struct seen {
	int64_t *ids;
	size_t id_count, id_room;
	json_t *classes;
	json_t *places; /* "BUILD: SIGNATURE" -> index in kinds */
	struct seen_kind *kinds;
	size_t kind_count;
};

struct seen *seen_new(void)
{
	struct seen *seen = mem_new(struct seen);

	seen->classes = json_object();
	seen->places = json_object();
	return seen;
}

void seen_free(struct seen *seen)
{
	if (!seen)
		return;
	for (size_t i = 0; i < seen->kind_count; i++) {
		free((char *)seen->kinds[i].build);
		free((char *)seen->kinds[i].signature);
	}
	free(seen->kinds);
	json_decref(seen->places);
	json_decref(seen->classes);
	free(seen->ids);
	free(seen);
}

int64_t seen_id(const json_t *data)
{
	return field_integer(data, field_known(data, "failure") ? "failure" : "id");
}

static bool add_id(struct seen *seen, int64_t id)
{
	size_t place = seen->id_count;

	while (place && seen->ids[place - 1] > id)
		place--;
	if (place && seen->ids[place - 1] == id)
		return false;
	if (seen->id_count == seen->id_room) {
		seen->id_room = seen->id_room ? 2 * seen->id_room : 64;
		seen->ids = mem_realloc(seen->ids, seen->id_room, sizeof(*seen->ids));
	}
	memmove(&seen->ids[place + 1], &seen->ids[place],
		(seen->id_count++ - place) * sizeof(*seen->ids));
	seen->ids[place] = id;
	return true;
}

static struct seen_kind *find_kind(struct seen *seen, const char *build, const char *signature)
{
	auto_free char *name = mem_printf("%s: %s", build, signature);
	json_t *place = json_object_get(seen->places, name);
	struct seen_kind *kind;

	if (place)
		return &seen->kinds[json_integer_value(place)];
	seen->kinds = mem_realloc(seen->kinds, seen->kind_count + 1, sizeof(*seen->kinds));
	json_object_set_new(seen->places, name, json_integer((json_int_t)seen->kind_count));
	kind = &seen->kinds[seen->kind_count++];
	*kind = (struct seen_kind){ .build = mem_strdup(build),
				    .signature = mem_strdup(signature) };
	return kind;
}

bool seen_add(struct seen *seen, json_t *data)
{
	const char *class = text_or_dash(field_text(data, "class"));
	int64_t id = seen_id(data);
	struct seen_kind *kind;

	if (!add_id(seen, id))
		return false;
	json_object_set_new(seen->classes, class,
			    json_integer(field_integer(seen->classes, class) + 1));
	kind = find_kind(seen, text_or_dash(field_text(data, "build")),
			 text_or_dash(field_text(data, "signature")));
	kind->count++;
	if (kind->newest < id)
		kind->newest = id;
	return true;
}

json_t *seen_classes(const struct seen *seen)
{
	return seen->classes;
}

size_t seen_newest(const struct seen *seen, struct seen_kind *ret_kinds, size_t max)
{
	size_t count = 0;

	for (size_t i = 0; i < seen->kind_count; i++) {
		size_t place = count;

		while (place && ret_kinds[place - 1].newest < seen->kinds[i].newest)
			place--;
		if (place == max)
			continue;
		count += count < max;
		memmove(&ret_kinds[place + 1], &ret_kinds[place],
			(count - place - 1) * sizeof(*ret_kinds));
		ret_kinds[place] = seen->kinds[i];
	}
	return count;
}
