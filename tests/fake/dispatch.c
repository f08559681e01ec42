/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From a message to its command and back: the checks that QEMU makes, execution, the reply. */
#include "dispatch.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "fake.h"
#include "log.h"
#include "monitor.h"
#include "schema.h"
#include "strike.h"
#include "tables.h"

static void send_error(struct fake *fake, json_t *id, const char *class, const char *text)
{
	monitor_send(fake->monitor, json_pack("{s:O*, s:{s:s, s:s}}", "id", id, "error", "class",
					      class, "desc", text));
}

void request_return(struct request *request, json_t *value)
{
	request->replied = true;
	monitor_send(request->fake->monitor,
		     json_pack("{s:o, s:O*}", "return", schema_prune(request->command, value), "id",
			       request->id));
}

void request_error(struct request *request, const char *format, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	request->replied = true;
	send_error(request->fake, request->id, "GenericError", text);
}

/* The shape of a request, in QEMU's words. */
static bool check_shape(const json_t *object, bool oob_allowed, char *ret_why, size_t size)
{
	const char *verb = NULL;
	const char *key;
	json_t *value;

	if (!json_is_object(object)) {
		snprintf(ret_why, size, "QMP input must be a JSON object");
		return false;
	}
	json_object_foreach((json_t *)object, key, value) {
		if (!strcmp(key, "execute") || (oob_allowed && !strcmp(key, "exec-oob"))) {
			if (!json_is_string(value)) {
				snprintf(ret_why, size, "QMP input member '%s' must be a string",
					 key);
				return false;
			}
			if (verb) {
				snprintf(ret_why, size, "QMP input member '%s' clashes with '%s'",
					 key, verb);
				return false;
			}
			verb = key;
		} else if (!strcmp(key, "arguments")) {
			if (!json_is_object(value)) {
				snprintf(ret_why, size,
					 "QMP input member 'arguments' must be an object");
				return false;
			}
		} else if (strcmp(key, "id")) {
			snprintf(ret_why, size, "QMP input member '%s' is unexpected", key);
			return false;
		}
	}
	if (!verb)
		snprintf(ret_why, size, "QMP input lacks member 'execute'");
	return verb;
}

static bool find_command(struct fake *fake, json_t *id, const char *name, bool oob,
			 const struct command **ret_command)
{
	const struct command *command = tables_find(name);
	bool negotiating = command && !strcmp(name, "qmp_capabilities");
	char why[160];

	if (!monitor_negotiated(fake->monitor) && !negotiating) {
		send_error(fake, id, "CommandNotFound",
			   "Expecting capabilities negotiation with 'qmp_capabilities'");
		return false;
	}
	if (monitor_negotiated(fake->monitor) && negotiating) {
		send_error(fake, id, "CommandNotFound",
			   "Capabilities negotiation is already complete, command ignored");
		return false;
	}
	if (!command || !schema_has(command)) {
		snprintf(why, sizeof(why), "The command %.64s has not been found", name);
		send_error(fake, id, "CommandNotFound", why);
		return false;
	}
	if (oob && !schema_allows_oob(command)) {
		snprintf(why, sizeof(why), "The command %s does not support OOB", name);
		send_error(fake, id, "GenericError", why);
		return false;
	}
	*ret_command = command;
	return true;
}

static void execute(struct request *request)
{
	struct fake *fake = request->fake;
	const struct command *command = request->command;

	request->hits = faults_match(fake->faults, fake->log, command);
	request->slow_ms = faults_slow_ms(fake->faults, command, 0);
	request->slow = request->slow_ms > 0;
	if (!command->late_faults)
		strike(fake, &request->hits);
	if (!command->late_slow && request->slow)
		fake_sleep_ms(request->slow_ms);
	if (hit(&request->hits, FAULT_ERROR))
		request_error(request, "fake: error at %s", command->name);
	else
		command->run(request);
	if (!request->replied)
		request_return(request, json_object());
}

static void dispatch(struct fake *fake, json_t *object)
{
	json_t *id = json_object_get(object, "id");
	const char *name = json_string_value(json_object_get(object, "exec-oob"));
	bool oob = name;
	json_t *args = json_object_get(object, "arguments");
	json_t *none = NULL;
	const struct command *command;
	char why[160];

	if (!check_shape(object, monitor_oob(fake->monitor), why, sizeof(why))) {
		send_error(fake, json_is_object(object) ? id : NULL, "GenericError", why);
		return;
	}
	if (!oob)
		name = json_string_value(json_object_get(object, "execute"));
	if (!find_command(fake, id, name, oob, &command))
		return;
	if (!args)
		args = none = json_object();
	if (schema_check(command, args, why, sizeof(why))) {
		struct request request = {
			.fake = fake, .command = command, .args = args, .id = id
		};

		log_fact(fake->log, "command", "{s:s, s:b, s:O*}", "name", command->name, "oob",
			 oob, "id", id);
		execute(&request);
	} else {
		send_error(fake, id, "GenericError", why);
	}
	json_decref(none);
}

void dispatch_message(struct fake *fake, struct message *message)
{
	if (message->object)
		dispatch(fake, message->object);
	else
		send_error(fake, NULL, "GenericError", message->error);
}

bool dispatch_is_oob(const json_t *object)
{
	return json_object_get(object, "exec-oob") && !json_object_get(object, "execute");
}

void dispatch_oob(struct fake *fake, json_t *object)
{
	dispatch(fake, object);
}

json_t *dispatch_version(void)
{
	return json_pack("{s:{s:i, s:i, s:i}, s:s}", "qemu", "micro", FAKE_MICRO, "minor",
			 schema_minor(), "major", schema_major(), "package", "fake");
}
