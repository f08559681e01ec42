/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation: the recording is a flat list of entities that refer to each other by name. A
 * value and its entity are walked together, as QEMU's visitors do: on the way in to refuse it, on
 * the way out to take away what is not there. It is read once and never changed, so all threads may.
 */
#include "schema.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "recording.h"
#include "tables.h"

static struct {
	const struct recording *recording;
	json_t *list;	 /* what query-qmp-schema returns */
	json_t *by_name; /* the entities */
} schema;

static const char *text_of(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

static const json_t *entity_of(const char *name)
{
	return name ? json_object_get(schema.by_name, name) : NULL;
}

static const json_t *type_of(const json_t *member, const char *key)
{
	return entity_of(text_of(member, key));
}

static bool is(const json_t *entity, const char *meta)
{
	const char *own = text_of(entity, "meta-type");

	return own && !strcmp(own, meta);
}

/* An enumeration tells its values twice, with and without their features. */
static void forget_value(json_t *entity, const char *lacks)
{
	static const char *const lists[] = { "members", "values" };

	for (size_t i = 0; lacks && i < 2; i++) {
		json_t *list = json_object_get(entity, lists[i]);

		for (size_t at = json_array_size(list); at-- > 0;) {
			json_t *value = json_array_get(list, at);
			const char *name = json_is_string(value) ? json_string_value(value)
								 : text_of(value, "name");

			if (!strcmp(name, lacks))
				json_array_remove(list, at);
		}
	}
}

bool schema_load(const char *version, const char *lacks)
{
	const struct recording *recording = recordings;
	json_t *entity;
	size_t i;

	while (version && recording->version && strcmp(recording->version, version))
		recording++;
	if (!recording->version)
		return false;
	schema.recording = recording;
	schema.list = json_loads(recording->text, 0, NULL);
	schema.by_name = json_object();
	if (!schema.list)
		abort();
	json_array_foreach(schema.list, i, entity) {
		if (is(entity, "enum"))
			forget_value(entity, lacks);
		json_object_set(schema.by_name, text_of(entity, "name"), entity);
	}
	return true;
}

int schema_major(void)
{
	return schema.recording->major;
}

int schema_minor(void)
{
	return schema.recording->minor;
}

bool schema_has(const struct command *command)
{
	return is(entity_of(command->name), "command");
}

bool schema_allows_oob(const struct command *command)
{
	return json_is_true(json_object_get(entity_of(command->name), "allow-oob"));
}

/* What a visitor carries along. */
struct visit {
	char *why;
	size_t size;
};

static bool wrong_type(struct visit *visit, const char *path, const char *expected)
{
	snprintf(visit->why, visit->size, "Invalid parameter type for '%s', expected: %s", path,
		 expected);
	return false;
}

/* The recording does not tell how wide an integer is. */
static bool check_int(struct visit *visit, const char *path, const char *name, const json_t *value)
{
	int bits = tables_bits(name);
	const char *expected = bits == 8 ? "uint8_t" : bits == 32 ? "uint32_t" : "uint64";
	bool number = json_is_integer(value) && json_integer_value(value) >= 0;

	if (number && (bits == 64 || json_integer_value(value) < 1ll << bits))
		return true;
	snprintf(visit->why, visit->size, "Parameter '%s' expects %s", path,
		 number ? expected : "uint64");
	return false;
}

static bool check_builtin(struct visit *visit, const char *path, const char *name,
			  const json_t *entity, const json_t *value)
{
	const char *type = text_of(entity, "json-type");

	if (!strcmp(type, "int"))
		return check_int(visit, path, name, value);
	if (!strcmp(type, "string"))
		return json_is_string(value) || wrong_type(visit, path, "string");
	if (!strcmp(type, "boolean"))
		return json_is_boolean(value) || wrong_type(visit, path, "boolean");
	if (!strcmp(type, "null"))
		return json_is_null(value) || wrong_type(visit, path, "null");
	if (!strcmp(type, "number"))
		return json_is_number(value) || wrong_type(visit, path, "number");
	return true;
}

/* QEMU names the member here, not its path; an element has no name. */
static bool check_enum(struct visit *visit, const char *path, const char *name,
		       const json_t *entity, const json_t *value)
{
	json_t *member;
	size_t i;

	if (!json_is_string(value))
		return wrong_type(visit, path, "string");
	json_array_foreach(json_object_get(entity, "members"), i, member)
		if (!strcmp(text_of(member, "name"), json_string_value(value)))
			return true;
	snprintf(visit->why, visit->size, "Parameter '%s' does not accept value '%.64s'",
		 name ? name : "null", json_string_value(value));
	return false;
}

static bool check_object(struct visit *visit, const char *path, const json_t *entity,
			 const json_t *value);

static bool check_value(struct visit *visit, const char *path, const char *name,
			const json_t *entity, const json_t *value);

static bool check_array(struct visit *visit, const char *path, const json_t *entity,
			const json_t *array)
{
	char element[160];
	json_t *value;
	size_t i;

	if (!json_is_array(array))
		return wrong_type(visit, path, "array");
	json_array_foreach(array, i, value) {
		snprintf(element, sizeof(element), "%.130s[%zu]", path, i);
		if (!check_value(visit, element, NULL, type_of(entity, "element-type"), value))
			return false;
	}
	return true;
}

/* Whatever one of the members accepts. The only one that is met is a string or null. */
static bool check_alternate(struct visit *visit, const char *path, const char *name,
			    const json_t *entity, const json_t *value)
{
	json_t *member;
	size_t i;

	json_array_foreach(json_object_get(entity, "members"), i, member)
		if (check_value(visit, path, name, type_of(member, "type"), value))
			return true;
	return wrong_type(visit, path, "StrOrNull");
}

static bool check_value(struct visit *visit, const char *path, const char *name,
			const json_t *entity, const json_t *value)
{
	if (is(entity, "builtin"))
		return check_builtin(visit, path, name, entity, value);
	if (is(entity, "enum"))
		return check_enum(visit, path, name, entity, value);
	if (is(entity, "array"))
		return check_array(visit, path, entity, value);
	if (is(entity, "alternate"))
		return check_alternate(visit, path, name, entity, value);
	return json_is_object(value) ? check_object(visit, path, entity, value)
				     : wrong_type(visit, path, "object");
}

static void join(char *path, size_t size, const char *prefix, const char *name)
{
	snprintf(path, size, "%.90s%s%.60s", prefix, *prefix ? "." : "", name);
}

/* What a union adds for the value that its tag has in this object, or NULL. */
static const json_t *variant_of(const json_t *entity, const json_t *object)
{
	const char *tag = text_of(entity, "tag");
	const char *value = tag ? text_of(object, tag) : NULL;
	json_t *variant;
	size_t i;

	json_array_foreach(json_object_get(entity, "variants"), i, variant)
		if (value && !strcmp(text_of(variant, "case"), value))
			return type_of(variant, "type");
	return NULL;
}

/* The member of that name that such an object may have, or NULL. */
static const json_t *member_of(const json_t *entity, const json_t *object, const char *name)
{
	json_t *member;
	size_t i;

	for (; entity; entity = variant_of(entity, object))
		json_array_foreach(json_object_get(entity, "members"), i, member)
			if (!strcmp(text_of(member, "name"), name))
				return member;
	return NULL;
}

static bool check_member(struct visit *visit, const char *prefix, const json_t *member,
			 const json_t *object)
{
	const char *name = text_of(member, "name");
	const json_t *value = json_object_get(object, name);
	char path[160];

	join(path, sizeof(path), prefix, name);
	if (value)
		return check_value(visit, path, name, type_of(member, "type"), value);
	if (json_object_get(member, "default"))
		return true;
	snprintf(visit->why, visit->size, "Parameter '%s' is missing", path);
	return false;
}

static bool check_object(struct visit *visit, const char *prefix, const json_t *entity,
			 const json_t *object)
{
	char path[160];
	const char *key;
	json_t *value;
	size_t i;

	for (const json_t *part = entity; part; part = variant_of(part, object)) {
		json_t *member;

		json_array_foreach(json_object_get(part, "members"), i, member)
			if (!check_member(visit, prefix, member, object))
				return false;
	}
	json_object_foreach((json_t *)object, key, value) {
		if (member_of(entity, object, key))
			continue;
		join(path, sizeof(path), prefix, key);
		snprintf(visit->why, visit->size, "Parameter '%s' is unexpected", path);
		return false;
	}
	return true;
}

bool schema_check(const struct command *command, const json_t *args, char *ret_why, size_t size)
{
	struct visit visit = { ret_why, size };

	return check_object(&visit, "", type_of(entity_of(command->name), "arg-type"), args);
}

static json_t *pruned(const json_t *entity, const json_t *value)
{
	json_t *copy, *one;
	const char *key;
	size_t i;

	if (is(entity, "array")) {
		copy = json_array();
		json_array_foreach(value, i, one)
			json_array_append_new(copy, pruned(type_of(entity, "element-type"), one));
		return copy;
	}
	if (!is(entity, "object"))
		return json_incref((json_t *)value);
	copy = json_object();
	json_object_foreach((json_t *)value, key, one) {
		const json_t *member = member_of(entity, value, key);

		if (member)
			json_object_set_new(copy, key, pruned(type_of(member, "type"), one));
	}
	return copy;
}

json_t *schema_prune(const struct command *command, json_t *value)
{
	json_t *copy = pruned(type_of(entity_of(command->name), "ret-type"), value);

	json_decref(value);
	return copy;
}

const json_t *schema_migration_capabilities(void)
{
	const json_t *command = entity_of("migrate-set-capabilities");
	const json_t *list = member_of(type_of(command, "arg-type"), NULL, "capabilities");
	const json_t *element = type_of(type_of(list, "type"), "element-type");

	return json_object_get(type_of(member_of(element, NULL, "capability"), "type"), "members");
}

json_t *schema_introspect(void)
{
	return json_incref(schema.list);
}
