// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: the schema is a flat list of entities that refer to each other by name; they
 * are kept as they came, in an object by name. A path is walked one name at a time, through whatever
 * wraps the members: a list's elements, a union's variants. QEMU, qapi/introspect.json.
 */
#include "qmp/schema.h"

#include <string.h>

#include "base/mem.h"

/* Types may contain themselves, several times over; no path of ours meets nearly as many. */
#define TYPES_MAX 256

struct schema {
	json_t *entities; /* by name */
};

struct schema *schema_new(void)
{
	struct schema *schema = mem_new(struct schema);

	schema->entities = json_object();
	return schema;
}

void schema_free(struct schema *schema)
{
	if (!schema)
		return;
	json_decref(schema->entities);
	free(schema);
}

static const char *text_of(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

void schema_learn(struct schema *schema, json_t *value)
{
	json_t *entity;
	size_t i;

	if (schema_known(schema))
		return;
	json_array_foreach(value, i, entity)
		if (text_of(entity, "name"))
			json_object_set(schema->entities, text_of(entity, "name"), entity);
}

bool schema_known(const struct schema *schema)
{
	return json_object_size(schema->entities) > 0;
}

static bool type_has(const struct schema *schema, const char *type, const char *path,
		     unsigned *left);

/* Whether the next name of the path is this one; ret_rest is what follows, or NULL. */
static bool path_begins(const char *path, const char *name, const char **ret_rest)
{
	size_t length = strcspn(path, "/");

	if (!name || strlen(name) != length || strncmp(path, name, length) != 0)
		return false;
	*ret_rest = path[length] ? path + length + 1 : NULL;
	return true;
}

/* Members of an object; of an enumeration, where they have no type, its values. */
static bool members_have(const struct schema *schema, const json_t *entity, const char *path,
			 unsigned *left)
{
	const char *rest;
	json_t *member;
	size_t i;

	json_array_foreach(json_object_get(entity, "members"), i, member)
		if (path_begins(path, text_of(member, "name"), &rest))
			return !rest || type_has(schema, text_of(member, "type"), rest, left);
	/* How enumerations looked before QEMU 6.2. */
	json_array_foreach(json_object_get(entity, "values"), i, member)
		if (path_begins(path, json_string_value(member), &rest))
			return !rest;
	return false;
}

static bool type_has(const struct schema *schema, const char *type, const char *path,
		     unsigned *left)
{
	const json_t *entity = type ? json_object_get(schema->entities, type) : NULL;
	json_t *variant;
	size_t i;

	if (!entity || *left == 0)
		return false;
	--*left;
	if (text_of(entity, "element-type"))
		return type_has(schema, text_of(entity, "element-type"), path, left);
	if (members_have(schema, entity, path, left))
		return true;
	json_array_foreach(json_object_get(entity, "variants"), i, variant)
		if (type_has(schema, text_of(variant, "type"), path, left))
			return true;
	return false;
}

static bool command_has(const struct schema *schema, const char *command, const char *which,
			const char *path)
{
	const json_t *entity = json_object_get(schema->entities, command);
	const char *meta = text_of(entity, "meta-type");
	unsigned left = TYPES_MAX;

	if (!meta || strcmp(meta, "command"))
		return false;
	return !path || type_has(schema, text_of(entity, which), path, &left);
}

bool schema_takes(const struct schema *schema, const char *command, const char *path)
{
	return command_has(schema, command, "arg-type", path);
}

bool schema_returns(const struct schema *schema, const char *command, const char *path)
{
	return command_has(schema, command, "ret-type", path);
}
