/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the fake knows of QEMU 7.2's schema, as data; arguments in the order of the schema. */
#include "tables.h"

#include "command.h"
#include "incoming.h"
#include "job.h"
#include "migration.h"

const char *const tables_events[] = { "BLOCK_IO_ERROR",
				      "JOB_STATUS_CHANGE",
				      "MIGRATION",
				      "MIGRATION_PASS",
				      "RESET",
				      "RESUME",
				      "SHUTDOWN",
				      "STOP",
				      NULL };

const char *const tables_migration_capabilities[] = { "xbzrle",
						      "rdma-pin-all",
						      "auto-converge",
						      "zero-blocks",
						      "compress",
						      "events",
						      "postcopy-ram",
						      "x-colo",
						      "release-ram",
						      "block",
						      "return-path",
						      "pause-before-switchover",
						      "multifd",
						      "dirty-bitmaps",
						      "postcopy-blocktime",
						      "late-block-activate",
						      "x-ignore-shared",
						      "validate-uuid",
						      "background-snapshot",
						      "zero-copy-send",
						      "postcopy-preempt",
						      NULL };

static const char *const qmp_capabilities[] = { "oob", NULL };

static const char *const compressions[] = { "none", "zlib", "zstd", NULL };

const struct arg tables_migration_parameters[] = {
	{ .name = "announce-initial", .type = ARG_UINT64, .optional = true },
	{ .name = "announce-max", .type = ARG_UINT64, .optional = true },
	{ .name = "announce-rounds", .type = ARG_UINT64, .optional = true },
	{ .name = "announce-step", .type = ARG_UINT64, .optional = true },
	{ .name = "compress-level", .type = ARG_UINT8, .optional = true },
	{ .name = "compress-threads", .type = ARG_UINT8, .optional = true },
	{ .name = "compress-wait-thread", .type = ARG_BOOL, .optional = true },
	{ .name = "decompress-threads", .type = ARG_UINT8, .optional = true },
	{ .name = "throttle-trigger-threshold", .type = ARG_UINT8, .optional = true },
	{ .name = "cpu-throttle-initial", .type = ARG_UINT8, .optional = true },
	{ .name = "cpu-throttle-increment", .type = ARG_UINT8, .optional = true },
	{ .name = "cpu-throttle-tailslow", .type = ARG_BOOL, .optional = true },
	{ .name = "tls-creds", .type = ARG_STR_OR_NULL, .optional = true },
	{ .name = "tls-hostname", .type = ARG_STR_OR_NULL, .optional = true },
	{ .name = "tls-authz", .type = ARG_STR_OR_NULL, .optional = true },
	{ .name = "max-bandwidth", .type = ARG_UINT64, .optional = true },
	{ .name = "downtime-limit", .type = ARG_UINT64, .optional = true },
	{ .name = "x-checkpoint-delay", .type = ARG_UINT32, .optional = true },
	{ .name = "block-incremental", .type = ARG_BOOL, .optional = true },
	{ .name = "multifd-channels", .type = ARG_UINT8, .optional = true },
	{ .name = "xbzrle-cache-size", .type = ARG_UINT64, .optional = true },
	{ .name = "max-postcopy-bandwidth", .type = ARG_UINT64, .optional = true },
	{ .name = "max-cpu-throttle", .type = ARG_UINT8, .optional = true },
	{ .name = "multifd-compression",
	  .type = ARG_ENUM,
	  .optional = true,
	  .names = compressions,
	  .names_type = "MultiFDCompression" },
	{ .name = "multifd-zlib-level", .type = ARG_UINT8, .optional = true },
	{ .name = "multifd-zstd-level", .type = ARG_UINT8, .optional = true },
	{ 0 },
};

static const struct arg capability_args[] = {
	{ .name = "capability",
	  .type = ARG_ENUM,
	  .names = tables_migration_capabilities,
	  .names_type = "MigrationCapability" },
	{ .name = "state", .type = ARG_BOOL },
	{ 0 },
};

static const struct arg set_capabilities_args[] = {
	{ .name = "capabilities", .type = ARG_OBJECTS, .members = capability_args },
	{ 0 },
};

static const struct arg negotiate_args[] = {
	{ .name = "enable",
	  .type = ARG_ENUMS,
	  .optional = true,
	  .names = qmp_capabilities,
	  .names_type = "QMPCapability" },
	{ 0 },
};

static const struct arg id_args[] = {
	{ .name = "id", .type = ARG_STR },
	{ 0 },
};

static const struct arg snapshot_args[] = {
	{ .name = "job-id", .type = ARG_STR },
	{ .name = "tag", .type = ARG_STR },
	{ .name = "vmstate", .type = ARG_STR },
	{ .name = "devices", .type = ARG_STRS },
	{ 0 },
};

static const struct arg snapshot_delete_args[] = {
	{ .name = "job-id", .type = ARG_STR },
	{ .name = "tag", .type = ARG_STR },
	{ .name = "devices", .type = ARG_STRS },
	{ 0 },
};

static const struct arg migrate_args[] = {
	{ .name = "uri", .type = ARG_STR },
	{ .name = "blk", .type = ARG_BOOL, .optional = true },
	{ .name = "inc", .type = ARG_BOOL, .optional = true },
	{ .name = "detach", .type = ARG_BOOL, .optional = true },
	{ .name = "resume", .type = ARG_BOOL, .optional = true },
	{ 0 },
};

static const struct arg uri_args[] = {
	{ .name = "uri", .type = ARG_STR },
	{ 0 },
};

static const struct arg address_members[] = {
	{ .name = "type", .type = ARG_STR },
	{ .name = "host", .type = ARG_STR, .optional = true },
	{ .name = "port", .type = ARG_STR, .optional = true },
	{ .name = "path", .type = ARG_STR, .optional = true },
	{ 0 },
};

static const struct arg query_migrate_members[] = {
	{ .name = "socket-address",
	  .type = ARG_OBJECTS,
	  .optional = true,
	  .members = address_members },
	{ 0 },
};

const struct command tables_commands[] = {
	{ .name = "cont", .run = command_cont },
	{ .name = "job-cancel", .args = id_args, .run = job_cancel },
	{ .name = "job-dismiss", .args = id_args, .run = job_dismiss },
	{ .name = "migrate", .args = migrate_args, .run = migration_migrate, .late_slow = true },
	{ .name = "migrate-incoming", .args = uri_args, .run = incoming_listen },
	{ .name = "migrate-set-capabilities",
	  .args = set_capabilities_args,
	  .run = migration_set_capabilities },
	{ .name = "migrate-set-parameters",
	  .args = tables_migration_parameters,
	  .run = migration_set_parameters },
	{ .name = "migrate_cancel", .run = migration_cancel },
	{ .name = "qmp_capabilities", .args = negotiate_args, .run = command_negotiate },
	{ .name = "query-cpus-fast", .run = command_query_cpus },
	{ .name = "query-jobs", .run = job_query },
	{ .name = "query-kvm", .run = command_query_kvm },
	{ .name = "query-migrate", .returns = query_migrate_members, .run = migration_query },
	{ .name = "query-migrate-capabilities", .run = migration_query_capabilities },
	{ .name = "query-migrate-parameters", .run = migration_query_parameters },
	{ .name = "query-name", .run = command_query_name },
	{ .name = "query-qmp-schema", .run = command_query_schema },
	{ .name = "query-status", .run = command_query_status },
	{ .name = "query-version", .run = command_query_version },
	{ .name = "query-yank", .run = command_query_yank, .oob = true },
	{ .name = "quit", .run = command_quit, .late_slow = true },
	{ .name = "snapshot-delete",
	  .args = snapshot_delete_args,
	  .run = job_snapshot_delete,
	  .late_faults = true,
	  .late_slow = true },
	{ .name = "snapshot-load",
	  .args = snapshot_args,
	  .run = job_snapshot_load,
	  .late_faults = true,
	  .late_slow = true },
	{ .name = "snapshot-save",
	  .args = snapshot_args,
	  .run = job_snapshot_save,
	  .late_faults = true,
	  .late_slow = true },
	{ .name = "stop", .run = command_stop },
	{ .name = "system_reset", .run = command_reset },
	{ 0 },
};
