// SPDX-License-Identifier: GPL-2.0-or-later
/* Names of the kinds of operations. */
#include "op/kind.h"

#include "base/names.h"

static const char *const kind_names[] = {
	[OP_BOOT] = "boot",
	[OP_SNAPSHOT_SAVE] = "snapshot-save",
	[OP_SNAPSHOT_SAVE_VERIFY] = "snapshot-save-verify",
	[OP_SNAPSHOT_LOAD] = "snapshot-load",
	[OP_SNAPSHOT_LOAD_VERIFY] = "snapshot-load-verify",
	[OP_SNAPSHOT_DELETE] = "snapshot-delete",
	[OP_MIGRATE] = "migrate",
	[OP_MIGRATE_CANCEL] = "migrate-cancel",
	[OP_STOP_CONT] = "stop-cont",
	[OP_RESET] = "reset",
	[OP_LIBVIRT_SAVE_RESTORE] = "libvirt-save-restore",
	[OP_LIBVIRT_SNAPSHOT_INTERNAL] = "libvirt-snapshot-internal",
	[OP_LIBVIRT_SNAPSHOT_EXTERNAL] = "libvirt-snapshot-external",
	[OP_SHUTDOWN] = "shutdown",
};
NAMES_COMPLETE(kind_names, OP_KIND_COUNT);

const char *op_kind_name(enum op_kind kind)
{
	return names_of(kind_names, OP_KIND_COUNT, kind);
}

int op_kind_find(const char *name)
{
	return names_find(kind_names, OP_KIND_COUNT, name);
}

bool op_kind_in_loop(enum op_kind kind)
{
	return kind != OP_BOOT && kind != OP_SHUTDOWN && kind != OP_SNAPSHOT_SAVE_VERIFY &&
	       kind != OP_SNAPSHOT_LOAD_VERIFY;
}

bool op_kind_of_libvirt(enum op_kind kind)
{
	return kind == OP_LIBVIRT_SAVE_RESTORE || kind == OP_LIBVIRT_SNAPSHOT_INTERNAL ||
	       kind == OP_LIBVIRT_SNAPSHOT_EXTERNAL;
}
