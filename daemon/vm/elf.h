/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an ELF file says of itself. Apart from the rest, since libelf and libev share macro names. */
#ifndef QSOAK_VM_ELF_H
#define QSOAK_VM_ELF_H

#include <stdbool.h>

/* Whether the file is one that runs as it is, and no script. */
bool elf_is(int fd);

/* The GNU build-id in hex, or NULL where there is none; the caller frees. */
char *elf_build_id(int fd);

#endif
