/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The capabilities and parameters of migration, with 7.2's defaults. */
#include "settings.h"

#include "schema.h"

static const char parameter_defaults[] =
	"{\"cpu-throttle-tailslow\": false, \"xbzrle-cache-size\": 67108864,"
	" \"cpu-throttle-initial\": 20, \"announce-max\": 550, \"decompress-threads\": 2,"
	" \"compress-threads\": 8, \"compress-level\": 1, \"multifd-channels\": 2,"
	" \"multifd-zstd-level\": 1, \"announce-initial\": 50, \"block-incremental\": false,"
	" \"compress-wait-thread\": true, \"downtime-limit\": 300, \"tls-authz\": \"\","
	" \"multifd-compression\": \"none\", \"announce-rounds\": 5, \"announce-step\": 100,"
	" \"tls-creds\": \"\", \"multifd-zlib-level\": 1, \"max-cpu-throttle\": 99,"
	" \"max-postcopy-bandwidth\": 0, \"tls-hostname\": \"\", \"throttle-trigger-threshold\": "
	"50,"
	" \"max-bandwidth\": 134217728, \"x-checkpoint-delay\": 20000,"
	" \"cpu-throttle-increment\": 10}";

void settings_init(struct settings *settings)
{
	json_t *capability;
	size_t i;

	settings->capabilities = json_object();
	json_array_foreach(schema_migration_capabilities(), i, capability)
		json_object_set_new(settings->capabilities,
				    json_string_value(json_object_get(capability, "name")),
				    json_false());
	settings->parameters = json_loads(parameter_defaults, 0, NULL);
}

bool settings_capable(const struct settings *settings, const char *capability)
{
	return json_is_true(json_object_get(settings->capabilities, capability));
}

void settings_set_capabilities(struct settings *settings, const json_t *args)
{
	json_t *one;
	size_t i;

	json_array_foreach(json_object_get(args, "capabilities"), i, one)
		json_object_set(settings->capabilities,
				json_string_value(json_object_get(one, "capability")),
				json_object_get(one, "state"));
}

json_t *settings_get_capabilities(const struct settings *settings)
{
	json_t *list = json_array();
	const char *name;
	json_t *state;

	json_object_foreach(settings->capabilities, name, state)
		json_array_append_new(list,
				      json_pack("{s:O, s:s}", "state", state, "capability", name));
	return list;
}

const char *settings_set_parameters(struct settings *settings, json_t *args)
{
	json_t *channels = json_object_get(args, "multifd-channels"), *value;
	const char *name;

	if (channels && json_integer_value(channels) < 1)
		return "Parameter 'multifd_channels' expects a value between 1 and 255";
	/* QEMU keeps a null as an empty string. */
	json_object_foreach(args, name, value)
		json_object_set_new(settings->parameters, name,
				    json_is_null(value) ? json_string("") : json_incref(value));
	return NULL;
}
