// SPDX-License-Identifier: GPL-2.0-or-later
/* qsoak config: what qsoakd.conf and its drop-ins say, as this user's qsoakd would read them. */
#include "config/config.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/size.h"
#include "cli/cli.h"
#include "report/field.h"
#include "report/json.h"
#include "report/report.h"

__attribute__((format(printf, 3, 4))) static void say(json_t *settings, const char *key,
						      const char *fmt, ...)
{
	va_list ap;
	char *text;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		abort();
	va_end(ap);
	json_object_set_new(settings, key, json_string(text));
	free(text);
}

/* none: what stands for "not said". */
static void say_bytes(json_t *settings, const char *key, int64_t bytes, int64_t none)
{
	char text[SIZE_TEXT_MAX];

	if (bytes != none)
		say(settings, key, "%s", size_format_bytes(text, bytes));
}

static void say_access(json_t *settings, const struct listener_access *access)
{
	if (access->group != LISTENER_NO_GROUP)
		say(settings, "control.group", "%u", (unsigned)access->group);
	if (access->everyone_reads)
		say(settings, "control.readers", "everyone");
	for (size_t i = 0; i < access->reader_count; i++) {
		auto_free char *key = mem_printf("control.readers[%zu]", i);

		say(settings, key, "%u", (unsigned)access->readers[i]);
	}
}

static void say_hooks(json_t *settings, const struct config *config)
{
	for (size_t i = 0; i < config->hook_count; i++) {
		const struct hook *hook = &config->hooks[i];
		auto_free char *key = mem_printf("hooks[%zu]", i);

		say(settings, key, "%s: %s", hook_on_name(hook->on),
		    hook->command ? hook->command[0] : hook->url);
	}
}

static json_t *settings_of(const struct config *config)
{
	json_t *settings = json_object();
	char text[SIZE_TEXT_MAX];

	say_access(settings, &config->access);
	if (config->http)
		say(settings, "http.listen", "%s", config->http);
	if (config->fleet.vms)
		say(settings, "fleet.vms", "%u", config->fleet.vms);
	say_bytes(settings, "fleet.memory", config->fleet.memory_bytes, 0);
	if (config->fleet.cpus > 0)
		say(settings, "fleet.cpus", "%g", config->fleet.cpus);
	say_bytes(settings, "disk.pause-below", config->disk.pause_below, 0);
	say_bytes(settings, "disk.resume-above", config->disk.resume_above, 0);
	say_bytes(settings, "memory.pause-below", config->memory.pause_below, 0);
	say_bytes(settings, "memory.resume-above", config->memory.resume_above, 0);
	say_bytes(settings, "evidence.size", config->evidence.bytes, evidence_rules_none.bytes);
	if (config->evidence.incidents != evidence_rules_none.incidents)
		say(settings, "evidence.incidents", "%" PRId64, config->evidence.incidents);
	if (config->evidence.age_ns != evidence_rules_none.age_ns)
		say(settings, "evidence.age", "%s",
		    size_format_duration(text, config->evidence.age_ns));
	say_hooks(settings, config);
	if (config->upstream) {
		say(settings, "store.upstream", "%s", config->upstream);
		say(settings, "store.push-every", "%s",
		    size_format_duration(text, config->upstream_every_ns));
	}
	say(settings, "log.level", "%s", log_level_name(config->log_level));
	return settings;
}

static void report_config(json_t *value, FILE *out)
{
	json_t *files = json_object_get(value, "files"), *file, *setting;
	const char *key;
	size_t i;

	json_array_foreach(files, i, file)
		fprintf(out, "# %s\n", json_string_value(file));
	if (!json_array_size(files))
		fprintf(out, "# %s is not there\n", field_text(value, "path"));
	json_object_foreach(json_object_get(value, "settings"), key, setting)
		fprintf(out, "%s: %s\n", key, json_string_value(setting));
}

int cli_config(const struct cli *cli)
{
	auto_free char *path = cli->argument ? mem_strdup(cli->argument) : config_path();
	auto_json json_t *value = NULL;
	struct config config = { 0 };
	struct err err = { 0 };
	int r = path ? config_read(path, cli->argument, &config, &err)
		     : err_set(&err, -EINVAL,
			       "there is neither $XDG_CONFIG_HOME nor $HOME: say FILE");

	if (r == 0 && !cli->check) {
		value = json_pack("{s:o, s:O, s:o}", "path", report_json_string(path), "files",
				  config.files, "settings", settings_of(&config));
		r = report_print(value, report_config, cli->json, stdout, &err);
	}
	config_finish(&config);
	return r == 0 ? EXIT_CLEAN : cli_error(&err);
}
