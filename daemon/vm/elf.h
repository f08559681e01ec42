/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an ELF file says of itself. Apart from the rest, since libelf and libev share macro names. */
#ifndef QSOAK_VM_ELF_H
#define QSOAK_VM_ELF_H

#include <stdbool.h>

/* Whether the file is one that runs as it is, and no script. */
bool elf_is(int fd);

/* The GNU build-id in hex, or NULL where there is none; the caller frees. */
char *elf_build_id(int fd);

/* The names of the libraries that it needs (DT_NEEDED), sorted, with spaces between them; NULL: it needs none. They
 * show how a program was configured. The caller frees. */
#define ELF_LIBRARIES_MAX 256
char *elf_libraries(int fd);

#endif
