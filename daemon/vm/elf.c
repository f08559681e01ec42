// SPDX-License-Identifier: GPL-2.0-or-later
/* The GNU build-id of an ELF file, and the libraries that it needs. */
#include "vm/elf.h"

#include <elfutils/libdwelf.h>
#include <gelf.h>
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

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static char *join(const char **names, size_t count)
{
	char *text = NULL;

	qsort(names, count, sizeof(*names), compare_names);
	for (size_t i = 0; i < count; i++)
		mem_append(&text, " ", "%s", names[i]);
	return text;
}

/* Of the section with the dynamic tags; what is no name is left out. */
static char *needed_of(Elf *elf, Elf_Scn *section, const GElf_Shdr *header)
{
	const char *names[ELF_LIBRARIES_MAX];
	Elf_Data *data = elf_getdata(section, NULL);
	size_t count = 0;
	GElf_Dyn tag;

	for (int i = 0; data && count < ELF_LIBRARIES_MAX && gelf_getdyn(data, i, &tag); i++) {
		const char *name = tag.d_tag == DT_NEEDED
					   ? elf_strptr(elf, header->sh_link, tag.d_un.d_val)
					   : NULL;

		if (name)
			names[count++] = name;
	}
	return join(names, count);
}

char *elf_libraries(int fd)
{
	Elf_Scn *section = NULL;
	char *text = NULL;
	GElf_Shdr header;
	Elf *elf;

	if (elf_version(EV_CURRENT) == EV_NONE)
		return NULL;
	elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
	while (elf && !text && (section = elf_nextscn(elf, section)))
		if (gelf_getshdr(section, &header) && header.sh_type == SHT_DYNAMIC)
			text = needed_of(elf, section, &header);
	elf_end(elf);
	return text;
}
