// SPDX-License-Identifier: GPL-2.0-or-later
/* Functions, files and lines of frames. */
#include "stack/symbols.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <string.h>

#include "base/ascii.h"
#include "base/mem.h"

/* Names of QEMU's big lock: up to 8.2, and since. */
static const char *const bql_names[] = { "qemu_global_mutex", "bql" };

/* A copy of what a file that others wrote says, up to length bytes of it. */
static char *copy_name(const char *name, size_t length)
{
	char *copy = mem_strndup(name, length);

	ascii_only(copy, '?');
	return copy;
}

/* A symbol without its version. */
static char *copy_function(const char *name)
{
	size_t length = strcspn(name, "@");

	return copy_name(name, length < STACK_NAME_MAX ? length : STACK_NAME_MAX);
}

static char *make_build_id(Dwfl_Module *module)
{
	const unsigned char *bits;
	GElf_Addr at;
	int size = dwfl_module_build_id(module, &bits, &at);

	return size > 0 ? mem_hex(bits, (size_t)size) : NULL;
}

/* The index of the module in the list of files. */
static size_t file_of(struct stack_process *process, Dwfl_Module *module)
{
	const char *main_file = NULL;
	const char *name = dwfl_module_info(module, NULL, NULL, NULL, NULL, NULL, &main_file, NULL);
	auto_free char *path = copy_name(main_file ? main_file : name ? name : "?", STACK_PATH_MAX);

	for (size_t i = 0; i < process->file_count; i++)
		if (!strcmp(process->files[i].path, path))
			return i;
	process->files =
		mem_realloc(process->files, process->file_count + 1, sizeof(*process->files));
	process->files[process->file_count] =
		(struct stack_file){ .path = mem_steal(path), .build_id = make_build_id(module) };
	return process->file_count++;
}

/* What to take from an address to get the one in the file. */
static GElf_Addr load_bias(Dwfl_Module *module)
{
	GElf_Addr bias;
	Dwarf_Addr start = 0;

	if (dwfl_module_getelf(module, &bias))
		return bias;
	/* The file cannot be read; it is loaded from its beginning. */
	dwfl_module_info(module, NULL, &start, NULL, NULL, NULL, NULL, NULL);
	return start;
}

/* A return address may be the first of what follows the function. */
static uint64_t instruction_of(const struct stack_frame *frame)
{
	return frame->activation ? frame->pc : frame->pc - 1;
}

static void name_frame(Dwfl *dwfl, struct stack_process *process, struct stack_frame *frame)
{
	uint64_t pc = instruction_of(frame);
	Dwfl_Module *module = dwfl_addrmodule(dwfl, pc);
	const char *name;
	GElf_Off offset;
	GElf_Sym symbol;

	if (!module)
		return;
	name = dwfl_module_addrinfo(module, pc, &offset, &symbol, NULL, NULL, NULL);
	if (name) {
		frame->function = copy_function(name);
		frame->offset = offset + (frame->pc - pc);
	}
	frame->file = file_of(process, module);
	frame->file_offset = pc - load_bias(module);
}

/* The address of the big lock, which is a symbol of the program itself. */
static int find_bql(Dwfl_Module *module, void **user, const char *name, Dwarf_Addr start, void *arg)
{
	struct stack_process *process = arg;
	int count = dwfl_module_getsymtab(module);

	(void)user;
	(void)name;
	(void)start;
	for (int i = 0; i < count && !process->bql; i++) {
		GElf_Sym symbol;
		GElf_Addr address;
		const char *found =
			dwfl_module_getsym_info(module, i, &symbol, &address, NULL, NULL, NULL);

		for (size_t n = 0; found && n < ARRAY_SIZE(bql_names); n++)
			if (!strcmp(found, bql_names[n]) &&
			    GELF_ST_TYPE(symbol.st_info) == STT_OBJECT)
				process->bql = address;
	}
	/* The first module is the program. */
	return DWARF_CB_ABORT;
}

void symbols_name(Dwfl *dwfl, struct stack_process *process, const struct stack_budget *budget)
{
	for (size_t i = 0; i < process->thread_count; i++) {
		struct stack_thread *thread = &process->threads[i];
		size_t f = 0;

		while (f < thread->frame_count && stack_budget_left_ns(budget) > 0)
			name_frame(dwfl, process, &thread->frames[f++]);
		if (f < thread->frame_count && !thread->missing)
			thread->missing = mem_strdup(STACK_NO_TIME " for its names");
	}
	if (stack_budget_left_ns(budget) > 0)
		dwfl_getmodules(dwfl, find_bql, process, 0);
}

static void set_source(struct stack_frame *frame, const char *file, int line)
{
	if (!file || frame->source)
		return;
	frame->source = copy_name(file, STACK_PATH_MAX);
	frame->line = line;
}

/* Where the inlined function that the scope is was called. */
static void set_call_site(struct stack_frame *frame, Dwarf_Die *unit, Dwarf_Die *scope)
{
	Dwarf_Attribute attribute;
	Dwarf_Word file, line;
	Dwarf_Files *files;

	if (dwarf_formudata(dwarf_attr(scope, DW_AT_call_file, &attribute), &file) == 0 &&
	    dwarf_formudata(dwarf_attr(scope, DW_AT_call_line, &attribute), &line) == 0 &&
	    dwarf_getsrcfiles(unit, &files, NULL) == 0)
		set_source(frame, dwarf_filesrc(files, file, NULL, NULL), (int)line);
}

/* Gives the frame at index its line, or puts the functions that are inlined there before it, which have
 * the line then; returns their number. */
static size_t locate_frame(Dwfl_Module *module, struct stack_thread *thread, size_t index,
			   uint64_t pc)
{
	Dwfl_Line *at = dwfl_module_getsrc(module, pc);
	int line = 0;
	const char *file = at ? dwfl_lineinfo(at, NULL, &line, NULL, NULL, NULL) : NULL;
	Dwarf_Addr bias;
	Dwarf_Die *unit = file ? dwfl_module_addrdie(module, pc, &bias) : NULL;
	auto_free Dwarf_Die *scopes = NULL, *outer = NULL;
	int count = unit ? dwarf_getscopes(unit, pc - bias, &scopes) : 0;
	size_t inlined = 0;

	/* The innermost scope that is a function; then those around it, where it was written. */
	for (int i = 0; i < count && !outer; i++)
		if (dwarf_tag(&scopes[i]) == DW_TAG_inlined_subroutine) {
			count = dwarf_getscopes_die(&scopes[i], &outer);
			break;
		} else if (dwarf_tag(&scopes[i]) == DW_TAG_subprogram) {
			break;
		}
	for (int i = 0; outer && i < count && inlined < STACK_INLINED_MAX; i++) {
		const char *name = dwarf_diename(&outer[i]);
		struct stack_frame *frame;

		if (dwarf_tag(&outer[i]) == DW_TAG_subprogram)
			break;
		if (dwarf_tag(&outer[i]) != DW_TAG_inlined_subroutine)
			continue;
		frame = stack_thread_insert(thread, index + inlined++);
		*frame = frame[1];
		frame->inlined = true;
		frame->function = name ? copy_function(name) : NULL;
		frame->offset = 0;
		/* The innermost one has the line; the next has that of the call. */
		frame[1].source = NULL;
		set_source(frame, file, line);
		file = NULL;
		set_call_site(&frame[1], unit, &outer[i]);
	}
	set_source(&thread->frames[index + inlined], file, line);
	return inlined;
}

void symbols_locate(Dwfl *dwfl, struct stack_process *process, const struct stack_budget *budget)
{
	for (size_t i = 0; i < process->thread_count; i++) {
		struct stack_thread *thread = &process->threads[i];

		for (size_t f = 0; f < thread->frame_count; f++) {
			uint64_t pc = instruction_of(&thread->frames[f]);
			Dwfl_Module *module = dwfl_addrmodule(dwfl, pc);

			if (stack_budget_left_ns(budget) <= 0)
				return;
			if (module)
				f += locate_frame(module, thread, f, pc);
		}
	}
}
