/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A small core file of a living process, written by ourselves: the kernel's go where core_pattern says. */
#ifndef QSOAK_TESTS_UNIT_CORE_FILE_H
#define QSOAK_TESTS_UNIT_CORE_FILE_H

#include "tests/unit/helper.h"

/* Behind ev.h, which has an EV_NONE, too. */
#include <elf.h>
#include <fcntl.h>
#include <sys/procfs.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <unistd.h>

#include "stack/trace.h"
#include "watch/proc.h"

#define CORE_MAPS_MAX 512
#define CORE_PAGE 4096ul
#define CORE_MAP_SIZE (16 * CORE_PAGE)

struct core_map {
	unsigned long start, end, offset;
	bool writable, kept;
	char path[256];
};

static inline size_t core_read_maps(pid_t pid, struct core_map *maps)
{
	auto_free char *name = mem_printf("/proc/%d/maps", pid);
	auto_fclose FILE *f = fopen(name, "r");
	char line[512], mode[8];
	size_t count = 0;

	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		struct core_map map = { 0 };

		if (sscanf(line, "%lx-%lx %7s %lx %*s %*s %255s", &map.start, &map.end, mode,
			   &map.offset, map.path) < 4 ||
		    mode[0] != 'r' || !strcmp(map.path, "[vvar]") ||
		    !strcmp(map.path, "[vsyscall]"))
			continue;
		map.writable = mode[1] == 'w';
		map.kept = map.path[0] == '/' || !strcmp(map.path, "[vdso]");
		assert_true(count < CORE_MAPS_MAX);
		maps[count++] = map;
	}
	return count;
}

static inline void core_add_note(FILE *notes, uint32_t type, const void *bytes, size_t size)
{
	const Elf64_Nhdr header = { .n_namesz = 5, .n_descsz = (uint32_t)size, .n_type = type };

	fwrite(&header, sizeof(header), 1, notes);
	fwrite("CORE\0\0\0", 8, 1, notes);
	fwrite(bytes, size, 1, notes);
	fwrite("\0\0\0", -size % 4, 1, notes);
}

/* Of the memory of no file, of which a sanitizer has terabytes, what is used of this stack. */
static inline void core_keep_stack(struct core_map *maps, size_t count, unsigned long pointer)
{
	for (size_t i = 0; i < count; i++)
		if (maps[i].path[0] != '/' && maps[i].start <= pointer && pointer < maps[i].end) {
			maps[i].start = pointer & ~(CORE_PAGE - 1);
			maps[i].kept = true;
		}
}

/* The registers of all threads, each of which stops for that. */
static inline void core_add_threads(FILE *notes, pid_t pid, struct core_map *maps, size_t map_count)
{
	auto_free struct proc_thread *threads = NULL;
	size_t count = proc_threads(pid, &threads);

	for (size_t i = 0; i < count; i++) {
		struct elf_prstatus status = { .pr_pid = threads[i].tid };
		struct trace trace;
		struct err err = { 0 };

		assert_int_equal(trace_seize(threads[i].tid, &trace, &err), 0);
		assert_int_equal(trace_await(&trace, HELPER_LIMIT_NS, &err), 0);
		ptrace(PTRACE_GETREGS, threads[i].tid, NULL, &status.pr_reg);
		trace_release(&trace);
		core_add_note(notes, NT_PRSTATUS, &status, sizeof(status));
		core_keep_stack(maps, map_count, ((struct user_regs_struct *)&status.pr_reg)->rsp);
	}
}

static inline void core_add_files(FILE *notes, const struct core_map *maps, size_t count)
{
	auto_free char *bytes = NULL;
	unsigned long head[2] = { 0, 1 };
	size_t size;
	FILE *f = open_memstream(&bytes, &size);

	for (size_t i = 0; i < count; i++)
		head[0] += maps[i].path[0] == '/';
	fwrite(head, sizeof(head), 1, f);
	for (size_t i = 0; i < count; i++)
		if (maps[i].path[0] == '/')
			fwrite(&maps[i].start, 3 * sizeof(maps[i].start), 1, f);
	for (size_t i = 0; i < count; i++)
		if (maps[i].path[0] == '/')
			fwrite(maps[i].path, strlen(maps[i].path) + 1, 1, f);
	fclose(f);
	core_add_note(notes, NT_FILE, bytes, size);
}

static inline char *core_make_notes(pid_t pid, struct core_map *maps, size_t count,
				    size_t *ret_size)
{
	struct elf_prpsinfo info = { .pr_pid = pid, .pr_fname = "puppet" };
	auto_free char *name = mem_printf("/proc/%d/auxv", pid);
	auto_close int fd = open(name, O_RDONLY | O_CLOEXEC);
	char auxv[4096], *bytes = NULL;
	FILE *notes = open_memstream(&bytes, ret_size);
	ssize_t size = read(fd, auxv, sizeof(auxv));

	assert_true(size > 0);
	core_add_threads(notes, pid, maps, count);
	core_add_note(notes, NT_PRPSINFO, &info, sizeof(info));
	core_add_note(notes, NT_AUXV, auxv, (size_t)size);
	core_add_files(notes, maps, count);
	fclose(notes);
	return bytes;
}

/* Of what is only read the first page, which has the build-id; as the kernel does. */
static inline size_t core_map_size(const struct core_map *map)
{
	size_t size = map->end - map->start;

	if (!map->kept)
		return 0;
	if (!map->writable && map->path[0] == '/')
		return CORE_PAGE;
	return size < CORE_MAP_SIZE ? size : CORE_MAP_SIZE;
}

static inline void core_write(pid_t pid, const char *path)
{
	auto_free struct core_map *maps = mem_zalloc(CORE_MAPS_MAX * sizeof(*maps));
	size_t count = core_read_maps(pid, maps), notes_size;
	auto_free char *notes = core_make_notes(pid, maps, count, &notes_size);
	auto_free char *name = mem_printf("/proc/%d/mem", pid);
	auto_close int memory = open(name, O_RDONLY | O_CLOEXEC);
	auto_fclose FILE *f = fopen(path, "wbe");
	Elf64_Ehdr header = { .e_ident = ELFMAG,
			      .e_type = ET_CORE,
			      .e_machine = EM_X86_64,
			      .e_version = EV_CURRENT,
			      .e_phoff = sizeof(header),
			      .e_ehsize = sizeof(header),
			      .e_phentsize = sizeof(Elf64_Phdr),
			      .e_phnum = (uint16_t)(count + 1) };
	size_t notes_at = sizeof(header) + (count + 1) * sizeof(Elf64_Phdr);
	size_t at = (notes_at + notes_size + CORE_PAGE - 1) & ~(CORE_PAGE - 1);
	Elf64_Phdr program = { .p_type = PT_NOTE, .p_offset = notes_at, .p_filesz = notes_size };

	assert_non_null(f);
	header.e_ident[EI_CLASS] = ELFCLASS64;
	header.e_ident[EI_DATA] = ELFDATA2LSB;
	header.e_ident[EI_VERSION] = EV_CURRENT;
	fwrite(&header, sizeof(header), 1, f);
	fwrite(&program, sizeof(program), 1, f);
	for (size_t i = 0; i < count; i++) {
		program = (Elf64_Phdr){ .p_type = PT_LOAD,
					.p_flags = PF_R | (maps[i].writable ? PF_W : PF_X),
					.p_offset = at,
					.p_vaddr = maps[i].start,
					.p_filesz = core_map_size(&maps[i]),
					.p_memsz = maps[i].end - maps[i].start,
					.p_align = CORE_PAGE };
		fwrite(&program, sizeof(program), 1, f);
		at += program.p_filesz;
	}
	fwrite(notes, notes_size, 1, f);
	fseek(f, -(long)(notes_at + notes_size) & (CORE_PAGE - 1), SEEK_CUR);
	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < core_map_size(&maps[i]); k += CORE_PAGE) {
			char page[CORE_PAGE] = { 0 };

			/* What cannot be read stands as zeros. */
			if (pread(memory, page, sizeof(page), (off_t)(maps[i].start + k)) < 0)
				memset(page, 0, sizeof(page));
			fwrite(page, sizeof(page), 1, f);
		}
	assert_int_equal(ferror(f), 0);
}

#endif
