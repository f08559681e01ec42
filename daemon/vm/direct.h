/* SPDX-License-Identifier: GPL-2.0-or-later */
/* QEMU's command line, and the images a VM needs, for runs that are our own children. */
#ifndef QSOAK_VM_DIRECT_H
#define QSOAK_VM_DIRECT_H

#include "base/err.h"
#include "vm/run.h"
#include "vm/words.h"

#define DIRECT_QEMU_IMG "/usr/bin/qemu-img"

/* Names in the folder of a VM, and of the block nodes that QMP commands take. */
#define DIRECT_NODE_FLASH "vars"
#define DIRECT_NODE_VMSTATE "vmstate"
#define DIRECT_NODE_DISK "disk"

/* In the folder of a VM: the guest's configuration. */
#define DIRECT_CONFIG_FILE "guest-config"

/* Length of pflash unit 1 in bytes. */
#define DIRECT_FLASH_BYTES (64 * 1024)

/* VM states are appended to the image behind its guest-visible size, so the size only has to hold
 * nothing. */
#define DIRECT_VMSTATE_BYTES (1024 * 1024)

/* The argv for spec; free with words_free(). */
char **direct_argv(const struct run_spec *spec, int qmp_fd, int ram_fd);

/* Options for what a build says of itself beside its arguments, which come last. */
void direct_add_build(struct words *words, const struct build *build);

/* Options for the firmware, the images and the guest's configuration; before: what stands in front of the names of
 * files in the VM's folder, "" or the folder with a slash. */
void direct_add_guest(struct words *words, const struct machine *machine, const char *before);

/* Of -machine, which flash that is; the caller frees. */
char *direct_flash_option(const struct machine *machine);

/* Makes the machine's images, empty, in folder with qemu-img. Blocks for up to DIRECT_IMAGE_LIMIT_NS
 * each. */
#define DIRECT_IMAGE_LIMIT_NS 10000000000ll
int direct_make_images(const struct machine *machine, const char *folder, struct err *err);

/* Copies the images of one folder into another. */
int direct_copy_images(const struct machine *machine, const char *from, const char *to,
		       struct err *err);

/* Of these the one that holds the flash; the caller frees. */
char *direct_flash_path(const char *folder);

/* In the folder of a VM: the file of direct_write_config(); the caller frees. */
char *direct_config_path(const char *folder);

/* Writes what fw_cfg tells the guest into folder; header and seed of config do not count. */
int direct_write_config(const struct guest_config *config, uint64_t seed, const char *folder,
			struct err *err);

#endif
