/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kinds of operations, by the names of the store, the profile and the command line. */
#ifndef QSOAK_OP_KIND_H
#define QSOAK_OP_KIND_H

#include <stdbool.h>

enum op_kind {
	OP_BOOT,
	OP_SNAPSHOT_SAVE,
	OP_SNAPSHOT_SAVE_VERIFY, /* with the VM stopped, and its images compared */
	OP_SNAPSHOT_LOAD,
	OP_SNAPSHOT_LOAD_VERIFY, /* likewise */
	OP_SNAPSHOT_DELETE,
	OP_MIGRATE,
	OP_MIGRATE_CANCEL,
	OP_STOP_CONT,
	OP_RESET,
	OP_LIBVIRT_SAVE_RESTORE,
	OP_LIBVIRT_SNAPSHOT_INTERNAL,
	OP_LIBVIRT_SNAPSHOT_EXTERNAL,
	OP_SHUTDOWN,
	OP_KIND_COUNT,
};

const char *op_kind_name(enum op_kind kind);

/* -1 where name is none. */
int op_kind_find(const char *name);

/* Whether a profile may list it: boot and shutdown begin and end every VM by themselves, and those
 * that verify take the place of others. */
bool op_kind_in_loop(enum op_kind kind);

/* Whether only libvirt has it. */
bool op_kind_of_libvirt(enum op_kind kind);

#endif
