// SPDX-License-Identifier: GPL-2.0-or-later
/* The GNU build-id and the libraries of ELF files, whole, missing and damaged. */
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

/* An ELF file with one section of dynamic tags, and one of names. */
struct linked {
	Elf64_Ehdr header;
	Elf64_Shdr sections[3]; /* none, tags, names */
	Elf64_Dyn tags[6];
	char names[64];
};

#define NAME_Z 1
#define NAME_LIBC 11

static struct linked linked_new(void)
{
	struct linked linked = {
		.header = {
			.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB,
				     EV_CURRENT },
			.e_type = ET_DYN,
			.e_machine = EM_X86_64,
			.e_version = EV_CURRENT,
			.e_shoff = offsetof(struct linked, sections),
			.e_ehsize = sizeof(Elf64_Ehdr),
			.e_shentsize = sizeof(Elf64_Shdr),
			.e_shnum = 3,
			.e_shstrndx = 2,
		},
		.sections = {
			[1] = {
				.sh_type = SHT_DYNAMIC,
				.sh_offset = offsetof(struct linked, tags),
				.sh_size = sizeof(linked.tags),
				.sh_link = 2,
				.sh_entsize = sizeof(Elf64_Dyn),
				.sh_addralign = 8,
			},
			[2] = {
				.sh_type = SHT_STRTAB,
				.sh_offset = offsetof(struct linked, names),
				.sh_size = sizeof(linked.names),
				.sh_addralign = 1,
			},
		},
		.tags = {
			{ .d_tag = DT_NEEDED, .d_un = { NAME_Z } },
			{ .d_tag = DT_SONAME, .d_un = { NAME_Z } },
			{ .d_tag = DT_NEEDED, .d_un = { NAME_LIBC } },
			{ .d_tag = DT_NULL },
		},
		.names = "\0libz.so.1\0libc.so.6",
	};

	return linked;
}

/* The libraries of a file with this content; the caller frees. */
static char *libraries_of(const void *content, size_t size)
{
	auto_close int fd = memfd_create("elf", MFD_CLOEXEC);

	assert_int_equal(write(fd, content, size), size);
	return elf_libraries(fd);
}

static void libraries_are_read_sorted(void **state)
{
	struct linked linked = linked_new();
	auto_free char *libraries = libraries_of(&linked, sizeof(linked));

	(void)state;
	assert_non_null(libraries);
	assert_string_equal(libraries, "libc.so.6 libz.so.1");
}

static void what_needs_no_library_has_none(void **state)
{
	struct linked linked = linked_new();
	struct image image = image_new();

	(void)state;
	linked.tags[0].d_tag = linked.tags[2].d_tag = DT_DEBUG;
	assert_null(libraries_of(&linked, sizeof(linked)));
	assert_null(libraries_of(&image, sizeof(image)));
	assert_null(libraries_of("#!/bin/sh\n", 10));
	assert_null(libraries_of("", 0));
	assert_null(elf_libraries(-1));
}

static void a_name_outside_the_names_is_left_out(void **state)
{
	struct linked linked = linked_new();
	char *libraries;

	(void)state;
	linked.tags[0].d_un.d_val = sizeof(linked.names);
	libraries = libraries_of(&linked, sizeof(linked));
	assert_string_equal(libraries, "libc.so.6");
	free(libraries);
	linked.tags[2].d_un.d_val = UINT64_MAX;
	assert_null(libraries_of(&linked, sizeof(linked)));
}

static void libraries_without_end_are_read_up_to_the_limit(void **state)
{
	struct {
		struct linked linked;
		Elf64_Dyn tags[ELF_LIBRARIES_MAX + 100];
	} many = { .linked = linked_new() };
	auto_free char *libraries = NULL;
	size_t count = 1;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(many.tags); i++)
		many.tags[i] = many.linked.tags[0];
	many.linked.sections[1].sh_offset = offsetof(__typeof__(many), tags);
	many.linked.sections[1].sh_size = sizeof(many.tags);
	libraries = libraries_of(&many, sizeof(many));
	assert_non_null(libraries);
	for (const char *c = libraries; *c; c++)
		count += *c == ' ';
	assert_int_equal(count, ELF_LIBRARIES_MAX);
}

static void a_damaged_list_of_libraries_does_no_harm(void **state)
{
	struct linked linked = linked_new();

	(void)state;
	for (size_t size = 0; size < sizeof(linked); size++)
		free(libraries_of(&linked, size));
	for (size_t at = 0; at < sizeof(linked); at++) {
		linked = linked_new();
		((unsigned char *)&linked)[at] ^= 0xff;
		free(libraries_of(&linked, sizeof(linked)));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_build_id_is_read_as_lower_case_hex),
		cmocka_unit_test(other_notes_are_no_build_id),
		cmocka_unit_test(what_is_no_elf_file_has_none),
		cmocka_unit_test(a_damaged_file_does_no_harm),
		cmocka_unit_test(libraries_are_read_sorted),
		cmocka_unit_test(what_needs_no_library_has_none),
		cmocka_unit_test(a_name_outside_the_names_is_left_out),
		cmocka_unit_test(libraries_without_end_are_read_up_to_the_limit),
		cmocka_unit_test(a_damaged_list_of_libraries_does_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
