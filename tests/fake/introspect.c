/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Answers query-qmp-schema, of what the fake knows: commands with their arguments, and events.
 *
 * What most commands return is told as an empty object. QEMU's own type names are hidden behind numbers;
 * here they are readable, since a client must not build on either.
 */
#include <string.h>

#include "schema.h"
#include "tables.h"

/* The entity's own name, which lives as long as the schema, or NULL. */
static const char *known(json_t *schema, const char *name)
{
	json_t *entity;
	size_t i;

	json_array_foreach(schema, i, entity) {
		const char *own = json_string_value(json_object_get(entity, "name"));

		if (!strcmp(own, name))
			return own;
	}
	return NULL;
}

static void add_builtin(json_t *schema, const char *name, const char *json_type)
{
	json_array_append_new(schema, json_pack("{s:s, s:s, s:s}", "name", name, "meta-type",
						"builtin", "json-type", json_type));
}

static const char *array_of(json_t *schema, const char *element)
{
	char name[96];

	snprintf(name, sizeof(name), "[%.90s]", element);
	if (!known(schema, name))
		json_array_append_new(schema,
				      json_pack("{s:s, s:s, s:s}", "name", name, "element-type",
						element, "meta-type", "array"));
	return known(schema, name);
}

static const char *enum_of(json_t *schema, const struct arg *arg)
{
	json_t *values;
	json_t *members;

	if (known(schema, arg->names_type))
		return arg->names_type;
	values = json_array();
	members = json_array();
	for (const char *const *name = arg->names; *name; name++) {
		if (schema_lacks(*name))
			continue;
		json_array_append_new(values, json_string(*name));
		json_array_append_new(members, json_pack("{s:s}", "name", *name));
	}
	json_array_append_new(schema,
			      json_pack("{s:s, s:s, s:o, s:o}", "name", arg->names_type,
					"meta-type", "enum", "members", members, "values", values));
	return arg->names_type;
}

static void add_object(json_t *schema, const char *name, const struct arg *args);

static const char *type_of(json_t *schema, const char *owner, const struct arg *arg)
{
	char element[96];

	switch (arg->type) {
	case ARG_STR:
	case ARG_STR_OR_NULL:
		return "str";
	case ARG_BOOL:
		return "bool";
	case ARG_UINT8:
	case ARG_UINT32:
	case ARG_UINT64:
		return "int";
	case ARG_ENUM:
		return enum_of(schema, arg);
	case ARG_STRS:
		return array_of(schema, "str");
	case ARG_ENUMS:
		return array_of(schema, enum_of(schema, arg));
	case ARG_OBJECTS:
		snprintf(element, sizeof(element), "%.60s-element", owner);
		add_object(schema, element, arg->members);
		return array_of(schema, element);
	}
	return "any";
}

static void add_object(json_t *schema, const char *name, const struct arg *args)
{
	json_t *members = json_array();

	for (const struct arg *arg = args; arg && arg->name; arg++) {
		json_t *member = json_pack("{s:s, s:s}", "name", arg->name, "type",
					   type_of(schema, name, arg));

		if (arg->optional)
			json_object_set_new(member, "default", json_null());
		json_array_append_new(members, member);
	}
	json_array_append_new(schema, json_pack("{s:s, s:o, s:s}", "name", name, "members", members,
						"meta-type", "object"));
}

json_t *schema_introspect(void)
{
	json_t *schema = json_array();
	char args[96], returns[96];

	add_builtin(schema, "str", "string");
	add_builtin(schema, "int", "int");
	add_builtin(schema, "bool", "boolean");
	add_builtin(schema, "any", "value");
	add_object(schema, "empty", NULL);
	for (const struct command *command = tables_commands; command->name; command++) {
		snprintf(args, sizeof(args), "%.60s-arg", command->name);
		if (command->args)
			add_object(schema, args, command->args);
		snprintf(returns, sizeof(returns), "%.60s-ret", command->name);
		if (command->returns)
			add_object(schema, returns, command->returns);
		json_t *entity =
			json_pack("{s:s, s:s, s:s, s:s}", "name", command->name, "ret-type",
				  command->returns ? returns : "empty", "meta-type", "command",
				  "arg-type", command->args ? args : "empty");

		if (command->oob)
			json_object_set_new(entity, "allow-oob", json_true());
		json_array_append_new(schema, entity);
	}
	for (const char *const *event = tables_events; *event; event++)
		json_array_append_new(schema, json_pack("{s:s, s:s, s:s}", "name", *event,
							"meta-type", "event", "arg-type", "empty"));
	return schema;
}
