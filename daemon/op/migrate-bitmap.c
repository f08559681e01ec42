// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The dirty bitmap that a migration takes along. Nothing but qsoak writes to the disk: a few clusters,
 * by QEMU's own qemu-io, after the bitmap was made. QEMU, qapi/block-core.json.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/mem.h"
#include "op/migrate.h"
#include "vm/direct.h"

#define BITMAP "qsoak"

/* A cluster of the bitmap's default granularity, which is also qcow2's. */
#define CLUSTER_BYTES 65536

bool migrate_wants_bitmap(const struct op *op)
{
	return op->spec.migration.dirty_bitmaps;
}

static json_t *bitmap_arguments(void)
{
	return json_pack("{s:s, s:s}", "node", DIRECT_NODE_DISK, "name", BITMAP);
}

int migrate_start_bitmap_add(struct op *op, struct err *err)
{
	(void)err;
	op_execute(op, "block-dirty-bitmap-add", bitmap_arguments());
	return 0;
}

/* Another pattern and another number of clusters in each loop. */
int migrate_start_bitmap_fill(struct op *op, struct err *err)
{
	int64_t clusters = vm_spec(op->vm)->machine->disk_bytes / CLUSTER_BYTES;
	int64_t dirty = 1 + (op->spec.loop > 0 ? op->spec.loop : 0) % clusters;
	auto_free char *line =
		mem_printf("qemu-io " DIRECT_NODE_DISK " \"write -P %d 0 %" PRId64 "\"",
			   1 + op->spec.loop % 255, dirty * CLUSTER_BYTES);

	(void)err;
	op_execute(op, "human-monitor-command", json_pack("{s:s}", "command-line", line));
	return 0;
}

/* qemu-io says in words how it went; of a write that went well, how much was written. */
enum op_progress migrate_ended_bitmap_fill(struct op *op, struct err *err)
{
	const char *words = json_string_value(op->value);

	if (!words || !*words || !strncmp(words, "wrote ", strlen("wrote ")))
		return OP_DONE;
	err_set(err, -EREMOTEIO, "qemu-io cannot write to the disk: %.*s",
		(int)strcspn(words, "\r\n"), words);
	return OP_FAILS;
}

int migrate_start_bitmap_query(struct op *op, struct err *err)
{
	(void)err;
	op_execute(op, "query-named-block-nodes", json_pack("{s:b}", "flat", 1));
	return 0;
}

/* Bytes that it marks as dirty; -1: there is no such bitmap. */
static int64_t dirty_bytes(json_t *nodes)
{
	json_t *node, *bitmap;
	size_t i, j;

	json_array_foreach(nodes, i, node) {
		const char *name = json_string_value(json_object_get(node, "node-name"));

		if (!name || strcmp(name, DIRECT_NODE_DISK))
			continue;
		json_array_foreach(json_object_get(node, "dirty-bitmaps"), j, bitmap) {
			name = json_string_value(json_object_get(bitmap, "name"));
			if (name && !strcmp(name, BITMAP))
				return json_integer_value(json_object_get(bitmap, "count"));
		}
	}
	return -1;
}

enum op_progress migrate_ended_bitmap_made(struct op *op, struct err *err)
{
	op->bitmap_bytes = dirty_bytes(op->value);
	if (op->bitmap_bytes > 0)
		return OP_DONE;
	err_set(err, -EPROTO, "the disk was written to, but its bitmap is %s",
		op->bitmap_bytes < 0 ? "not there" : "empty");
	return OP_FAILS;
}

enum op_progress migrate_ended_bitmap_moved(struct op *op, struct err *err)
{
	int64_t bytes = dirty_bytes(op->value);

	if (bytes == op->bitmap_bytes)
		return OP_DONE;
	if (bytes < 0)
		err_set(err, -EPROTO, "the disk's dirty bitmap has not come along");
	else
		err_set(err, -EPROTO,
			"the disk's dirty bitmap marks %" PRId64
			" bytes, on the source it was %" PRId64,
			bytes, op->bitmap_bytes);
	return OP_FAILS;
}

int migrate_start_bitmap_remove(struct op *op, struct err *err)
{
	(void)err;
	op_execute(op, "block-dirty-bitmap-remove", bitmap_arguments());
	return 0;
}
