// SPDX-License-Identifier: GPL-2.0-or-later
/* The table of the keys of qsoakd.conf, and their readers. */
#include "config/keys.h"

#include <grp.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/names.h"
#include "base/size.h"
#include "campaign/profile-keys.h"
#include "campaign/profile.h"
#include "config/config.h"
#include "http/address.h"
#include "upstream/url.h"

/* control */

static int find_group(const struct bind *at, gid_t *ret_group)
{
	const char *name = NULL;
	const struct group *group;
	int r = bind_scalar(at, "the name of a group", &name);

	if (r < 0)
		return r;
	group = getgrnam(name);
	if (!group)
		return bind_expected(at, "the name of a group of this host");
	*ret_group = group->gr_gid;
	return 0;
}

static int read_group(const struct bind *at, const struct bind_key *key, void *base)
{
	(void)key;
	return find_group(at, &((struct config *)base)->access.group);
}

/* "everyone", or a list of groups; [] is nobody. */
static int read_readers(const struct bind *at, const struct bind_key *key, void *base)
{
	struct listener_access *access = &((struct config *)base)->access;
	static const char *const everyone[] = { "everyone" };
	int value = 0, r = 0;

	(void)key;
	free(access->readers);
	access->readers = NULL;
	access->reader_count = 0;
	access->everyone_reads = false;
	if (!at->node || at->node->type != YAML_SEQUENCE) {
		if (at->node && at->node->type == YAML_SCALAR)
			r = bind_word(at, everyone, ARRAY_SIZE(everyone), &value);
		else
			r = bind_expected(at, "everyone, or a list of groups");
		access->everyone_reads = r == 0;
		return r;
	}
	if (at->node->count > CONFIG_READERS_MAX)
		return bind_fail(at, "found %zu groups, expected at most %d", at->node->count,
				 CONFIG_READERS_MAX);
	access->readers = mem_zalloc((at->node->count + 1) * sizeof(*access->readers));
	for (size_t i = 0; r == 0 && i < at->node->count; i++) {
		struct bind element = bind_element(at, i);

		r = find_group(&element, &access->readers[i]);
		access->reader_count += r == 0;
	}
	return r;
}

static const struct bind_key control_keys[] = { { "group", .read = read_group },
						{ "readers", .read = read_readers },
						{ 0 } };

/* http */

static int read_listen(const struct bind *at, const struct bind_key *key, void *base)
{
	struct config *config = base;
	struct sockaddr_storage ignored;
	socklen_t size;
	const char *text = NULL;
	struct err err = { 0 };
	int r = bind_scalar(at, "none, or an address like 127.0.0.1:9191", &text);

	(void)key;
	if (r < 0)
		return r;
	free(config->http);
	config->http = NULL;
	if (!strcmp(text, "none"))
		return 0;
	if (http_address_parse(text, &ignored, &size, &err) < 0)
		return bind_expected(at, "none, or a loopback address like 127.0.0.1:9191");
	config->http = mem_strdup(text);
	return 0;
}

static const struct bind_key http_keys[] = { { "listen", .read = read_listen }, { 0 } };

/* fleet */

static const struct bind_key fleet_keys[] = {
	{ "vms", BIND_UNSIGNED(struct config, fleet.vms), .min = 1, .max = PROFILE_VMS_MAX },
	{ "memory", .read = bind_bytes,
	  .offset = BIND_FIELD(struct config, fleet.memory_bytes, int64_t), .min = CONFIG_BYTES_MIN,
	  .max = CONFIG_BYTES_MAX },
	{ "cpus", .read = profile_read_cpus,
	  .offset = BIND_FIELD(struct config, fleet.cpus, double) },
	{ 0 }
};

/* disk, memory */

static const struct bind_key host_disk_keys[] = {
	{ "pause-below", .read = bind_bytes,
	  .offset = BIND_FIELD(struct config, disk.pause_below, int64_t), .min = CONFIG_BYTES_MIN,
	  .max = CONFIG_BYTES_MAX },
	{ "resume-above", .read = bind_bytes,
	  .offset = BIND_FIELD(struct config, disk.resume_above, int64_t), .min = CONFIG_BYTES_MIN,
	  .max = CONFIG_BYTES_MAX },
	{ 0 }
};

static const struct bind_key host_memory_keys[] = {
	{ "pause-below", .read = bind_bytes,
	  .offset = BIND_FIELD(struct config, memory.pause_below, int64_t), .min = CONFIG_BYTES_MIN,
	  .max = CONFIG_BYTES_MAX },
	{ "resume-above", .read = bind_bytes,
	  .offset = BIND_FIELD(struct config, memory.resume_above, int64_t),
	  .min = CONFIG_BYTES_MIN, .max = CONFIG_BYTES_MAX },
	{ 0 }
};

/* What it resumes at is above what it pauses at. */
static int check_shortage(const struct bind *at, const struct shortage_limit *limit)
{
	if (limit->resume_above && !limit->pause_below)
		return bind_fail(at, "resume-above goes with pause-below");
	if (limit->resume_above && limit->resume_above <= limit->pause_below)
		return bind_fail(at, "resume-above is to be more than pause-below");
	return 0;
}

static int read_disk(const struct bind *at, const struct bind_key *key, void *base)
{
	int r = bind_mapping(at, key, base);

	return r < 0 ? r : check_shortage(at, &((struct config *)base)->disk);
}

static int read_memory(const struct bind *at, const struct bind_key *key, void *base)
{
	int r = bind_mapping(at, key, base);

	return r < 0 ? r : check_shortage(at, &((struct config *)base)->memory);
}

/* evidence */

static const struct bind_key evidence_keys[] = {
	{ "size", .read = bind_bytes, .offset = BIND_FIELD(struct config, evidence.bytes, int64_t),
	  .min = PROFILE_EVIDENCE_MIN_BYTES, .max = PROFILE_EVIDENCE_MAX_BYTES },
	{ "incidents", BIND_COUNT(struct config, evidence.incidents), .min = 1,
	  .max = PROFILE_EVIDENCE_INCIDENTS_MAX },
	{ "age", BIND_DURATION(struct config, evidence.age_ns), .min = PROFILE_EVIDENCE_AGE_MIN_NS,
	  .max = CONFIG_AGE_MAX_NS },
	{ 0 }
};

/* hooks */

BIND_ENUM_READER(read_on, hook_on, HOOK_ON_COUNT, hook_on_name)

static bool is_url(const char *text)
{
	size_t length = strlen(text);

	for (size_t i = 0; i < length; i++)
		if (text[i] <= ' ' || text[i] > '~')
			return false;
	return length <= CONFIG_URL_MAX &&
	       (!strncmp(text, "http://", 7) || !strncmp(text, "https://", 8));
}

static const struct bind_text url_text = { is_url, "a URL that begins with http:// or https://" };

static const struct bind_key hook_keys[] = {
	{ "on", .read = read_on, .offset = BIND_FIELD(struct hook, on, enum hook_on),
	  .required = true },
	{ "command", BIND_STRINGS(struct hook, command), .min = 1, .max = CONFIG_ARGUMENTS_MAX },
	{ "url", BIND_STRING(struct hook, url), .text = &url_text },
	{ "limit", BIND_DURATION(struct hook, limit_ns), .min = CONFIG_HOOK_LIMIT_MIN_NS,
	  .max = CONFIG_HOOK_LIMIT_MAX_NS },
	{ 0 }
};

static void init_hook(void *element)
{
	((struct hook *)element)->limit_ns = HOOKS_LIMIT_NS;
}

static const struct bind_list hook_list = {
	.keys = hook_keys,
	.size = sizeof(struct hook),
	.count_offset = offsetof(struct config, hook_count),
	.init = init_hook,
};

static int check_hook(const struct bind *at, const struct hook *hook)
{
	const char *program = hook->command ? hook->command[0] : HOOKS_CURL;
	struct bind entry = bind_entry(at, "command", yaml_get(at->node, "command"));
	char shown[SIZE_SHOWN_MAX];

	if (!hook->command == !hook->url)
		return bind_fail(at, "expected either command or url");
	if (*program != '/')
		return bind_expected(&entry, "a program with its whole path first");
	if (access(program, X_OK) == 0)
		return 0;
	if (!hook->command)
		return bind_fail(at, "url takes %s: %m", program);
	return bind_fail(&entry, "%s: %m", size_shown(shown, program));
}

static int read_hooks(const struct bind *at, const struct bind_key *key, void *base)
{
	struct config *config = base;
	int r;

	config_forget_hooks(config);
	r = bind_list(at, key, base);
	for (size_t i = 0; r == 0 && i < config->hook_count; i++) {
		struct bind element = bind_element(at, i);

		r = check_hook(&element, &config->hooks[i]);
	}
	return r;
}

void config_forget_hooks(struct config *config)
{
	for (size_t i = 0; i < config->hook_count; i++) {
		struct hook *hook = &config->hooks[i];

		for (size_t j = 0; hook->command && hook->command[j]; j++)
			free(hook->command[j]);
		free(hook->command);
		free(hook->url);
	}
	free(config->hooks);
	config->hooks = NULL;
	config->hook_count = 0;
}

/* store */

static int read_upstream(const struct bind *at, const struct bind_key *key, void *base)
{
	struct config *config = base;
	const char *text = NULL;
	int r = bind_scalar(at, "none, or " UPSTREAM_URL_EXPECTED, &text);

	(void)key;
	if (r < 0)
		return r;
	free(config->upstream);
	config->upstream = NULL;
	if (!strcmp(text, "none"))
		return 0;
	/* Nor into an error, which goes to the log. */
	if (upstream_url_has_password(text))
		return bind_fail(at, "%s", UPSTREAM_PASSWORD_ADVICE);
	if (!upstream_url_is(text))
		return bind_expected(at, "none, or " UPSTREAM_URL_EXPECTED);
	config->upstream = mem_strdup(text);
	return 0;
}

static const struct bind_key store_keys[] = {
	{ "upstream", .read = read_upstream },
	{ "push-every", BIND_DURATION(struct config, upstream_every_ns), .min = CONFIG_PUSH_MIN_NS,
	  .max = CONFIG_PUSH_MAX_NS },
	{ 0 }
};

/* log */

BIND_ENUM_READER(read_level, log_level, LOG_LEVEL_COUNT, log_level_name)

static const struct bind_key log_keys[] = { { "level", .read = read_level,
					      .offset = BIND_FIELD(struct config, log_level,
								   enum log_level) },
					    { 0 } };

const struct bind_key config_keys[] = { { "control", .read = bind_mapping, .keys = control_keys },
					{ "http", .read = bind_mapping, .keys = http_keys },
					{ "fleet", .read = bind_mapping, .keys = fleet_keys },
					{ "disk", .read = read_disk, .keys = host_disk_keys },
					{ "memory", .read = read_memory, .keys = host_memory_keys },
					{ "evidence", .read = bind_mapping, .keys = evidence_keys },
					{ "hooks", .read = read_hooks,
					  .offset = BIND_FIELD(struct config, hooks, struct hook *),
					  .list = &hook_list, .max = CONFIG_HOOKS_MAX },
					{ "store", .read = bind_mapping, .keys = store_keys },
					{ "log", .read = bind_mapping, .keys = log_keys },
					{ 0 } };
