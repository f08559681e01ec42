// SPDX-License-Identifier: GPL-2.0-or-later
/* The GNU build-id of an ELF file. */
#include "vm/elf.h"

#include <elfutils/libdwelf.h>
#include <libelf.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"

bool elf_is(int fd)
{
	char magic[SELFMAG];

	return pread(fd, magic, sizeof(magic), 0) == sizeof(magic) &&
	       !memcmp(magic, ELFMAG, SELFMAG);
}

char *elf_build_id(int fd)
{
	const void *bits;
	char *text = NULL;
	ssize_t size;
	Elf *elf;

	if (elf_version(EV_CURRENT) == EV_NONE)
		return NULL;
	elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
	if (!elf)
		return NULL;
	size = dwelf_elf_gnu_build_id(elf, &bits);
	if (size > 0)
		text = mem_hex(bits, (size_t)size);
	elf_end(elf);
	return text;
}
