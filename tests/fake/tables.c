/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The commands that the fake knows, and what no schema tells of them. */
#include "tables.h"

#include <string.h>

#include "command.h"
#include "incoming.h"
#include "job.h"
#include "migration.h"

static const struct command commands[] = {
	{ .name = "cont", .run = command_cont },
	{ .name = "job-cancel", .run = job_cancel },
	{ .name = "job-dismiss", .run = job_dismiss },
	{ .name = "migrate", .run = migration_migrate, .late_slow = true },
	{ .name = "migrate-incoming", .run = incoming_listen },
	{ .name = "migrate-set-capabilities", .run = migration_set_capabilities },
	{ .name = "migrate-set-parameters", .run = migration_set_parameters },
	{ .name = "migrate_cancel", .run = migration_cancel },
	{ .name = "qmp_capabilities", .run = command_negotiate },
	{ .name = "query-cpus-fast", .run = command_query_cpus },
	{ .name = "query-jobs", .run = job_query },
	{ .name = "query-kvm", .run = command_query_kvm },
	{ .name = "query-migrate", .run = migration_query },
	{ .name = "query-migrate-capabilities", .run = migration_query_capabilities },
	{ .name = "query-migrate-parameters", .run = migration_query_parameters },
	{ .name = "query-name", .run = command_query_name },
	{ .name = "query-qmp-schema", .run = command_query_schema },
	{ .name = "query-status", .run = command_query_status },
	{ .name = "query-version", .run = command_query_version },
	{ .name = "query-yank", .run = command_query_yank, .oob = true },
	{ .name = "quit", .run = command_quit, .late_slow = true },
	{ .name = "snapshot-delete",
	  .run = job_snapshot_delete,
	  .late_faults = true,
	  .late_slow = true },
	{ .name = "snapshot-load",
	  .run = job_snapshot_load,
	  .late_faults = true,
	  .late_slow = true },
	{ .name = "snapshot-save",
	  .run = job_snapshot_save,
	  .late_faults = true,
	  .late_slow = true },
	{ .name = "stop", .run = command_stop },
	{ .name = "system_reset", .run = command_reset },
	{ 0 },
};

static const char *const narrow[] = {
	"compress-level",	"compress-threads",	      "cpu-throttle-increment",
	"cpu-throttle-initial", "decompress-threads",	      "max-cpu-throttle",
	"multifd-channels",	"multifd-qatzip-level",	      "multifd-zlib-level",
	"multifd-zstd-level",	"throttle-trigger-threshold", NULL
};

const struct command *tables_find(const char *name)
{
	for (const struct command *command = commands; command->name; command++)
		if (!strcmp(command->name, name))
			return command;
	return NULL;
}

void tables_print(FILE *file)
{
	for (const struct command *command = commands; command->name; command++)
		fprintf(file, "  %s\n", command->name);
}

int tables_bits(const char *name)
{
	for (const char *const *one = narrow; name && *one; one++)
		if (!strcmp(*one, name))
			return 8;
	return name && !strcmp(name, "x-checkpoint-delay") ? 32 : 64;
}
