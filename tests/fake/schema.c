/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finds commands, checks their arguments as QEMU's input visitor does, and introspects. */
#include "schema.h"

#include <stdint.h>
#include <string.h>

#include "tables.h"

const struct command *schema_find(const char *name)
{
	for (const struct command *command = tables_commands; command->name; command++) {
		if (!strcmp(command->name, name))
			return command;
	}
	return NULL;
}

static const char *lacking;

void schema_lack(const char *value)
{
	lacking = value;
}

bool schema_lacks(const char *value)
{
	return lacking && !strcmp(value, lacking);
}

void schema_print_names(FILE *file)
{
	for (const struct command *command = tables_commands; command->name; command++)
		fprintf(file, "  %s\n", command->name);
}

/* What a visitor carries along: where it is and what it found. */
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

static bool wrong_value(struct visit *visit, const char *path, const char *expected)
{
	snprintf(visit->why, visit->size, "Parameter '%s' expects %s", path, expected);
	return false;
}

static bool check_unsigned(struct visit *visit, const char *path, const json_t *value,
			   long long max, const char *narrow)
{
	if (!json_is_integer(value) || json_integer_value(value) < 0)
		return wrong_value(visit, path, "uint64");
	if (max && json_integer_value(value) > max)
		return wrong_value(visit, path, narrow);
	return true;
}

/* QEMU names the member here, not its path; an element has no name. */
static bool check_enum(struct visit *visit, const char *path, const char *name, const json_t *value,
		       const char *const *names)
{
	if (!json_is_string(value))
		return wrong_type(visit, path, "string");
	for (; *names; names++) {
		if (!strcmp(*names, json_string_value(value)) && !schema_lacks(*names))
			return true;
	}
	snprintf(visit->why, visit->size, "Parameter '%s' does not accept value '%.64s'",
		 name ? name : "null", json_string_value(value));
	return false;
}

static bool check_members(struct visit *visit, const char *prefix, const struct arg *args,
			  const json_t *object);

static bool check_array(struct visit *visit, const char *path, const struct arg *arg,
			const json_t *array)
{
	char element[128];
	json_t *value;
	size_t i;

	if (!json_is_array(array))
		return wrong_type(visit, path, "array");
	json_array_foreach(array, i, value) {
		snprintf(element, sizeof(element), "%.100s[%zu]", path, i);
		if (arg->type == ARG_STRS && !json_is_string(value))
			return wrong_type(visit, element, "string");
		if (arg->type == ARG_ENUMS && !check_enum(visit, element, NULL, value, arg->names))
			return false;
		if (arg->type == ARG_OBJECTS && !json_is_object(value))
			return wrong_type(visit, element, "object");
		if (arg->type == ARG_OBJECTS && !check_members(visit, element, arg->members, value))
			return false;
	}
	return true;
}

static bool check_value(struct visit *visit, const char *path, const struct arg *arg,
			const json_t *value)
{
	switch (arg->type) {
	case ARG_STR:
		return json_is_string(value) || wrong_type(visit, path, "string");
	case ARG_BOOL:
		return json_is_boolean(value) || wrong_type(visit, path, "boolean");
	case ARG_UINT8:
		return check_unsigned(visit, path, value, UINT8_MAX, "uint8_t");
	case ARG_UINT32:
		return check_unsigned(visit, path, value, UINT32_MAX, "uint32_t");
	case ARG_UINT64:
		return check_unsigned(visit, path, value, 0, NULL);
	case ARG_STR_OR_NULL:
		return json_is_string(value) || json_is_null(value) ||
		       wrong_type(visit, path, "string or null");
	case ARG_ENUM:
		return check_enum(visit, path, arg->name, value, arg->names);
	case ARG_STRS:
	case ARG_ENUMS:
	case ARG_OBJECTS:
		return check_array(visit, path, arg, value);
	}
	return false;
}

static void join(char *path, size_t size, const char *prefix, const char *name)
{
	snprintf(path, size, "%.60s%s%.60s", prefix, *prefix ? "." : "", name);
}

static bool check_members(struct visit *visit, const char *prefix, const struct arg *args,
			  const json_t *object)
{
	char path[128];
	const char *key;
	json_t *value;

	for (const struct arg *arg = args; arg && arg->name; arg++) {
		join(path, sizeof(path), prefix, arg->name);
		value = json_object_get(object, arg->name);
		if (!value && !arg->optional) {
			snprintf(visit->why, visit->size, "Parameter '%s' is missing", path);
			return false;
		}
		if (value && !check_value(visit, path, arg, value))
			return false;
	}
	json_object_foreach((json_t *)object, key, value) {
		const struct arg *arg = args;

		while (arg && arg->name && strcmp(arg->name, key))
			arg++;
		if (arg && arg->name)
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

	return check_members(&visit, "", command->args, args);
}
