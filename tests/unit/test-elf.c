// SPDX-License-Identifier: GPL-2.0-or-later
/* The GNU build-id of ELF files, whole, missing and damaged. */
#include "tests/unit/helper.h"

#include <elf.h>
#include <fcntl.h>
#include <sys/mman.h>

#include "vm/elf.h"

/* The smallest ELF file that has a build-id. */
struct image {
	Elf64_Ehdr header;
	Elf64_Phdr segment;
	Elf64_Nhdr note;
	char name[4];
	unsigned char id[20];
};

static struct image image_new(void)
{
	struct image image = {
		.header = {
			.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB,
				     EV_CURRENT },
			.e_type = ET_EXEC,
			.e_machine = EM_X86_64,
			.e_version = EV_CURRENT,
			.e_phoff = offsetof(struct image, segment),
			.e_ehsize = sizeof(Elf64_Ehdr),
			.e_phentsize = sizeof(Elf64_Phdr),
			.e_phnum = 1,
		},
		.segment = {
			.p_type = PT_NOTE,
			.p_offset = offsetof(struct image, note),
			.p_filesz = sizeof(struct image) - offsetof(struct image, note),
			.p_memsz = sizeof(struct image) - offsetof(struct image, note),
			.p_align = 4,
		},
		.note = { .n_namesz = 4, .n_descsz = 20, .n_type = NT_GNU_BUILD_ID },
		.name = "GNU",
	};

	for (size_t i = 0; i < sizeof(image.id); i++)
		image.id[i] = (unsigned char)(0xf0 + i);
	return image;
}

/* The build-id of a file with this content; the caller frees. */
static char *build_id_of(const void *content, size_t size)
{
	auto_close int fd = memfd_create("elf", MFD_CLOEXEC);

	assert_int_equal(write(fd, content, size), size);
	return elf_build_id(fd);
}

static void a_build_id_is_read_as_lower_case_hex(void **state)
{
	struct image image = image_new();
	auto_free char *id = build_id_of(&image, sizeof(image));

	(void)state;
	assert_non_null(id);
	assert_string_equal(id, "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff00010203");
}

static void other_notes_are_no_build_id(void **state)
{
	struct image image = image_new();
	char *id;

	(void)state;
	image.note.n_type = NT_GNU_ABI_TAG;
	id = build_id_of(&image, sizeof(image));
	assert_null(id);
	image = image_new();
	image.name[0] = 'X';
	id = build_id_of(&image, sizeof(image));
	assert_null(id);
}

static void what_is_no_elf_file_has_none(void **state)
{
	static const char script[] = "#!/bin/sh\necho QEMU emulator version 7.2.22\n";

	(void)state;
	assert_null(build_id_of(script, sizeof(script) - 1));
	assert_null(build_id_of("", 0));
	assert_null(elf_build_id(-1));
}

/* However it is cut or damaged: an id or none, and no crash. */
static void a_damaged_file_does_no_harm(void **state)
{
	struct image image = image_new();

	(void)state;
	for (size_t size = 0; size < sizeof(image); size++)
		free(build_id_of(&image, size));
	for (size_t at = 0; at < sizeof(image); at++) {
		image = image_new();
		((unsigned char *)&image)[at] ^= 0xff;
		free(build_id_of(&image, sizeof(image)));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_build_id_is_read_as_lower_case_hex),
		cmocka_unit_test(other_notes_are_no_build_id),
		cmocka_unit_test(what_is_no_elf_file_has_none),
		cmocka_unit_test(a_damaged_file_does_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
