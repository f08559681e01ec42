// SPDX-License-Identifier: GPL-2.0-or-later
/* The table of commands, and what is read from it: checks and introspection. */
#include "control/command.h"

#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "base/names.h"
#include "control/execute.h"
#include "control/read.h"

static const struct argument nothing[] = { { 0 } };

static const struct argument capabilities[] = {
	{ "enable", ARGUMENT_CAPABILITIES, false },
	{ 0 },
};

static const struct argument run_arguments[] = {
	{ "profile", ARGUMENT_STRING, true },
	{ "name", ARGUMENT_STRING, false },
	{ "builds", ARGUMENT_BUILDS, false },
	{ "registered", ARGUMENT_REGISTERED, false },
	{ "vms", ARGUMENT_INTEGER, false },
	{ "loops", ARGUMENT_INTEGER, false },
	{ "duration-ns", ARGUMENT_INTEGER, false },
	{ "seed", ARGUMENT_NUMBER, false },
	{ "on-failure", ARGUMENT_STRING, false },
	{ "only", ARGUMENT_STRING, false },
	{ "search", ARGUMENT_SEARCH, false },
	{ "replay", ARGUMENT_REPLAY, false },
	{ 0 },
};

static const struct argument release_arguments[] = {
	{ "incident", ARGUMENT_INTEGER, false },
	{ "all", ARGUMENT_BOOLEAN, false },
	{ 0 },
};

static const struct argument stop_arguments[] = {
	{ "mode", ARGUMENT_STRING, false },
	{ "campaign", ARGUMENT_INTEGER, false },
	{ 0 },
};

static const struct argument resume_arguments[] = {
	{ "campaign", ARGUMENT_INTEGER, false },
	{ 0 },
};

static const struct argument subscribe_arguments[] = {
	{ "enable", ARGUMENT_BOOLEAN, false },
	{ 0 },
};

static const struct argument list_arguments[] = {
	{ "campaign", ARGUMENT_INTEGER, false },
	{ "after", ARGUMENT_INTEGER, false },
	{ 0 },
};

static const struct argument report_arguments[] = {
	{ "campaign", ARGUMENT_INTEGER, false },
	{ "force", ARGUMENT_BOOLEAN, false },
	{ 0 },
};

static const struct argument plots_arguments[] = {
	{ "campaign", ARGUMENT_INTEGER, false },
	{ 0 },
};

static const struct argument comparison_arguments[] = {
	{ "campaign", ARGUMENT_INTEGER, false },
	{ "a", ARGUMENT_STRING, false },
	{ "b", ARGUMENT_STRING, false },
	{ "force", ARGUMENT_BOOLEAN, false },
	{ "experiments", ARGUMENT_INTEGER, false },
	{ 0 },
};

static const struct argument history_arguments[] = {
	{ "metric", ARGUMENT_STRING, true },
	{ "build", ARGUMENT_STRING, false },
	{ 0 },
};

static const struct argument incident_arguments[] = {
	{ "incident", ARGUMENT_INTEGER, true },
	{ 0 },
};

static const struct argument file_arguments[] = {
	{ "incident", ARGUMENT_INTEGER, true },
	{ "file", ARGUMENT_STRING, true },
	{ "offset", ARGUMENT_INTEGER, false },
	{ 0 },
};

static const struct argument export_arguments[] = {
	{ "campaign", ARGUMENT_INTEGER, true },
	{ "list", ARGUMENT_STRING, true },
	{ "after", ARGUMENT_INTEGER, false },
	{ 0 },
};

static int read_commands(const char *state, json_t *arguments, json_t **ret_value, struct err *err);
static int read_schema(const char *state, json_t *arguments, json_t **ret_value, struct err *err);

const struct command commands[] = {
	{ "export", export_arguments, .read = read_export },
	{ "get-incident-file", file_arguments, .read = read_incident_file },
	{ "pause", nothing, .execute = execute_pause, .changes = true },
	{ "qmp_capabilities", capabilities, .execute = execute_capabilities },
	{ "query-builds", list_arguments, .read = read_builds },
	{ "query-campaigns", list_arguments, .read = read_campaigns },
	{ "query-commands", nothing, .read = read_commands },
	{ "query-comparison", comparison_arguments, .read = read_comparison },
	{ "query-failures", list_arguments, .read = read_failures },
	{ "query-history", history_arguments, .read = read_history },
	{ "query-incident", incident_arguments, .read = read_incident },
	{ "query-plots", plots_arguments, .read = read_plots },
	{ "query-qmp-schema", nothing, .read = read_schema },
	{ "query-report", report_arguments, .read = read_report },
	{ "query-signatures", list_arguments, .read = read_signatures },
	{ "query-status", nothing, .execute = execute_status },
	{ "release", release_arguments, .execute = execute_release, .changes = true },
	{ "resume", resume_arguments, .execute = execute_resume, .changes = true },
	{ "run", run_arguments, .execute = execute_run, .changes = true },
	{ "stop", stop_arguments, .execute = execute_stop, .changes = true },
	{ "subscribe", subscribe_arguments, .execute = execute_subscribe },
	{ 0 },
};

static const char *const events[] = {
	"CAMPAIGN_ENDED", "DAEMON_FAILED", "FAILURE", "HELD",	   "PAUSED",
	"PROGRESS",	  "RELEASED",	   "RESUMED", "SUSPENDED",
};

static const struct {
	const char *schema; /* name in the schema */
	const char *expected;
} types[] = {
	[ARGUMENT_STRING] = { "str", "a string" },
	[ARGUMENT_INTEGER] = { "int", "a whole number" },
	[ARGUMENT_BOOLEAN] = { "bool", "true or false" },
	[ARGUMENT_BUILDS] = { "[build]", "a list of {\"name\": ..., \"binary\": ...}" },
	[ARGUMENT_REGISTERED] = { "[registered]",
				  "a list of {\"name\": ..., \"file\": ..., \"text\": ...}" },
	[ARGUMENT_NUMBER] = { "number", "a number from 0 to 2^64-1" },
	[ARGUMENT_REPLAY] = { "replay",
			      "an object {\"slot\": ..., \"vm\": ..., \"first-loop\": ..., "
			      "\"loops\": ..., \"attempts\": ...}" },
	[ARGUMENT_SEARCH] = { "search", "an object {\"signature\": ..., \"times\": ..., \"loops\": "
					"...}" },
	[ARGUMENT_CAPABILITIES] = { "[str]", "a list of capabilities" },
};
NAMES_COMPLETE(types, ARGUMENT_TYPE_COUNT);

const char *command_expected(enum argument_type type)
{
	return types[type].expected;
}

const struct command *command_find(const char *name)
{
	for (const struct command *command = commands; command->name; command++)
		if (!strcmp(command->name, name))
			return command;
	return NULL;
}

static bool has_type(json_t *value, enum argument_type type)
{
	switch (type) {
	case ARGUMENT_STRING:
		return json_is_string(value);
	case ARGUMENT_INTEGER:
		return json_is_integer(value);
	case ARGUMENT_BOOLEAN:
		return json_is_boolean(value);
	case ARGUMENT_REPLAY:
	case ARGUMENT_SEARCH:
		return json_is_object(value);
	case ARGUMENT_BUILDS:
	case ARGUMENT_REGISTERED:
	case ARGUMENT_CAPABILITIES:
		return json_is_array(value);
	case ARGUMENT_NUMBER:
		return json_is_string(value) || json_is_integer(value);
	case ARGUMENT_TYPE_COUNT:
		break;
	}
	return false;
}

static const struct argument *find_argument(const struct command *command, const char *name)
{
	for (const struct argument *argument = command->arguments; argument->name; argument++)
		if (!strcmp(argument->name, name))
			return argument;
	return NULL;
}

int command_check(const struct command *command, json_t *arguments, struct err *err)
{
	const char *name;
	json_t *value;

	if (!json_is_object(arguments))
		return err_set(err, -EINVAL, "%s: \"arguments\" is not an object", command->name);
	json_object_foreach(arguments, name, value) {
		const struct argument *argument = find_argument(command, name);

		if (!argument)
			return err_set(err, -EINVAL, "%s: argument '%.60s' is unexpected",
				       command->name, name);
		if (!has_type(value, argument->type))
			return err_set(err, -EINVAL, "%s: expected %s", name,
				       types[argument->type].expected);
	}
	for (const struct argument *argument = command->arguments; argument->name; argument++)
		if (argument->required && !json_object_get(arguments, argument->name))
			return err_set(err, -EINVAL, "%s: argument '%s' is missing", command->name,
				       argument->name);
	return 0;
}

int command_read(const char *state, const char *name, json_t *arguments, json_t **ret_value,
		 struct err *err)
{
	const struct command *command = command_find(name);
	int r;

	if (!command || !command->read)
		return err_set(err, -ENOSYS, "%s needs a qsoakd", name);
	r = command_check(command, arguments, err);
	return r < 0 ? r : command->read(state, arguments, ret_value, err);
}

static int read_commands(const char *state, json_t *arguments, json_t **ret_value, struct err *err)
{
	json_t *names = json_array();

	for (const struct command *command = commands; command->name; command++)
		json_array_append_new(names, json_pack("{s:s}", "name", command->name));
	(void)state;
	(void)arguments;
	(void)err;
	*ret_value = names;
	return 0;
}

/* Where there is nothing to tell apart, types have readable names. */
static void add_type(json_t *schema, const char *name, const char *meta_type, json_t *more)
{
	json_t *info = json_pack("{s:s, s:s}", "name", name, "meta-type", meta_type);

	json_object_update_missing_new(info, more);
	json_array_append_new(schema, info);
}

static json_t *member_list(const struct argument *arguments)
{
	json_t *members = json_array();

	for (const struct argument *argument = arguments; argument->name; argument++) {
		json_t *member = json_pack("{s:s, s:s}", "name", argument->name, "type",
					   types[argument->type].schema);

		/* QEMU marks an optional member so. */
		if (!argument->required)
			json_object_set_new(member, "default", json_null());
		json_array_append_new(members, member);
	}
	return members;
}

static void add_builtin_types(json_t *schema)
{
	add_type(schema, "str", "builtin", json_pack("{s:s}", "json-type", "string"));
	add_type(schema, "int", "builtin", json_pack("{s:s}", "json-type", "int"));
	add_type(schema, "bool", "builtin", json_pack("{s:s}", "json-type", "boolean"));
	add_type(schema, "any", "builtin", json_pack("{s:s}", "json-type", "value"));
	add_type(schema, "nothing", "object", json_pack("{s:[]}", "members"));
	add_type(schema, "[str]", "array", json_pack("{s:s}", "element-type", "str"));
	add_type(schema, "[build]", "array", json_pack("{s:s}", "element-type", "build"));
	add_type(schema, "[registered]", "array", json_pack("{s:s}", "element-type", "registered"));
	add_type(schema, "number", "alternate",
		 json_pack("{s:[{s:s}, {s:s}]}", "members", "type", "str", "type", "int"));
	add_type(schema, "build", "object",
		 json_pack("{s:[{s:s, s:s}, {s:s, s:s}]}", "members", "name", "name", "type", "str",
			   "name", "binary", "type", "str"));
	add_type(schema, "registered", "object",
		 json_pack("{s:[{s:s, s:s}, {s:s, s:s}, {s:s, s:s}]}", "members", "name", "name",
			   "type", "str", "name", "file", "type", "str", "name", "text", "type",
			   "str"));
	add_type(schema, "replay", "object",
		 json_pack("{s:[{s:s, s:s}, {s:s, s:s}, {s:s, s:s}, {s:s, s:s}, {s:s, s:s}]}",
			   "members", "name", "slot", "type", "int", "name", "vm", "type", "int",
			   "name", "first-loop", "type", "int", "name", "loops", "type", "int",
			   "name", "attempts", "type", "int"));
	add_type(schema, "search", "object",
		 json_pack("{s:[{s:s, s:s}, {s:s, s:s}, {s:s, s:s}]}", "members", "name",
			   "signature", "type", "str", "name", "times", "type", "int", "name",
			   "loops", "type", "int"));
}

/* Takes longer than most answers: not on the loop. */
static int read_schema(const char *state, json_t *arguments, json_t **ret_value, struct err *err)
{
	json_t *schema = json_array();

	add_builtin_types(schema);
	for (const struct command *command = commands; command->name; command++) {
		auto_free char *type = mem_printf("%s-arg", command->name);

		add_type(schema, type, "object",
			 json_pack("{s:o}", "members", member_list(command->arguments)));
		add_type(schema, command->name, "command",
			 json_pack("{s:s, s:s}", "arg-type", type, "ret-type", "any"));
	}
	for (size_t i = 0; i < ARRAY_SIZE(events); i++)
		add_type(schema, events[i], "event", json_pack("{s:s}", "arg-type", "any"));
	(void)state;
	(void)arguments;
	(void)err;
	*ret_value = schema;
	return 0;
}
