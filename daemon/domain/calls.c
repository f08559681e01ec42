// SPDX-License-Identifier: GPL-2.0-or-later
/* The table of calls. */
#include "domain/calls.h"

#include <errno.h>
#include <string.h>

#include "base/mem.h"

/* What a call without a value returns. */
static json_t *nothing(int r)
{
	return r < 0 ? NULL : json_object();
}

static json_t *migrate(struct host *host, json_t *arguments, struct err *err)
{
	struct host_migration how = { 0 };
	json_int_t bandwidth = 0, downtime = 0;
	int peer_to_peer = 0;

	if (json_unpack(arguments, "{s:s, s:i, s:I, s:I, s:b, s?s}", "uri", &how.uri, "channels",
			&how.channels, "bandwidth", &bandwidth, "downtime-limit", &downtime,
			"peer-to-peer", &peer_to_peer, "xml", &how.xml) < 0)
		return nothing(err_set(err, -EINVAL,
				       "qsoak-migrate takes uri, channels, bandwidth, "
				       "downtime-limit, peer-to-peer, and xml"));
	how.bandwidth_bytes = bandwidth;
	how.downtime_limit_ms = downtime;
	how.peer_to_peer = peer_to_peer;
	return nothing(host_migrate(host, &how, err));
}

static json_t *migrated(struct host *host, json_t *arguments, struct err *err)
{
	json_t *figures = NULL;

	(void)arguments;
	return host_migrated(host, &figures, err) < 0 ? NULL : figures;
}

static json_t *abort_job(struct host *host, json_t *arguments, struct err *err)
{
	(void)arguments;
	return nothing(host_abort(host, err));
}

/* NULL: there is none, and err says so. */
static const char *file_of(json_t *arguments, struct err *err)
{
	const char *file = json_string_value(json_object_get(arguments, "file"));

	if (!file)
		err_set(err, -EINVAL, "the argument file is missing");
	return file;
}

static json_t *save(struct host *host, json_t *arguments, struct err *err)
{
	const char *file = file_of(arguments, err);

	return nothing(file ? host_save(host, file, err) : err->code);
}

static json_t *restore(struct host *host, json_t *arguments, struct err *err)
{
	const char *file = file_of(arguments, err);

	return nothing(file ? host_restore(host, file, err) : err->code);
}

static json_t *snapshot_external(struct host *host, json_t *arguments, struct err *err)
{
	const char *disk = json_string_value(json_object_get(arguments, "disk"));
	const char *file = file_of(arguments, err);

	return nothing(file ? host_snapshot_external(host, file, disk, err) : err->code);
}

static json_t *snapshot_internal(struct host *host, json_t *arguments, struct err *err)
{
	(void)arguments;
	return nothing(host_snapshot_internal(host, err));
}

static json_t *snapshot_revert(struct host *host, json_t *arguments, struct err *err)
{
	(void)arguments;
	return nothing(host_snapshot_revert(host, err));
}

static json_t *snapshot_delete(struct host *host, json_t *arguments, struct err *err)
{
	(void)arguments;
	return nothing(host_snapshot_delete(host, err));
}

static const struct call calls[] = {
	{ "qsoak-migrate", migrate, false },
	{ "qsoak-migrated", migrated, false },
	{ "qsoak-abort", abort_job, true },
	{ "qsoak-save", save, false },
	{ "qsoak-restore", restore, false },
	{ "qsoak-snapshot-external", snapshot_external, false },
	{ "qsoak-snapshot-internal", snapshot_internal, false },
	{ "qsoak-snapshot-revert", snapshot_revert, false },
	{ "qsoak-snapshot-delete", snapshot_delete, false },
};

const struct call *call_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++)
		if (!strcmp(name, calls[i].name))
			return &calls[i];
	return NULL;
}
