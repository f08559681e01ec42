// SPDX-License-Identifier: GPL-2.0-or-later
/* Making titles of frames. */
#include "triage/title.h"

#include <stdio.h>
#include <string.h>

#include "base/ascii.h"
#include "base/mem.h"
#include "triage/signature.h"

/* How a thread waits or dies is the C library's and QEMU's wrappers' affair, and no place. What the compiler
 * put into another function is known with debug information alone: a title is the same without. */
static bool says_where(json_t *frame)
{
	static const char *const wrappers[] = { "qemu_mutex_", "qemu_cond_",  "qemu_sem_",
						"qemu_event_", "qemu_futex_", "__kernel_",
						"g_assert",    "g_abort" };
	const char *function = json_string_value(json_object_get(frame, "function"));
	const char *module = json_string_value(json_object_get(frame, "module"));

	if (!function || (module && strstr(module, "/libc.so")) ||
	    json_is_true(json_object_get(frame, "inlined")))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(wrappers); i++)
		if (!strncmp(function, wrappers[i], strlen(wrappers[i])))
			return false;
	return true;
}

/* "f < g < h", the innermost first, behind what stands before; a clone of a function is that function.
 * Returns whether there is any. */
static bool print_functions(json_t *thread, const char *before, FILE *out)
{
	unsigned count = 0;
	json_t *frame;
	size_t i;

	json_array_foreach(json_object_get(thread, "frames"), i, frame) {
		const char *function = json_string_value(json_object_get(frame, "function"));

		if (!says_where(frame) || count == TITLE_FUNCTIONS_MAX)
			continue;
		fprintf(out, "%s%.*s", count++ ? " < " : before, (int)strcspn(function, "."),
			function);
	}
	return count > 0;
}

static json_t *find_role(json_t *stacks, const char *role)
{
	json_t *thread;
	size_t i;

	json_array_foreach(json_object_get(stacks, "threads"), i, thread) {
		const char *found = json_string_value(json_object_get(thread, "role"));

		if (found && !strcmp(found, role))
			return thread;
	}
	return NULL;
}

static bool print_hang(const struct failure *failure, json_t *stacks, FILE *out)
{
	static const char *const roles[] = { "main", "migration" };
	const char *place = failure_place_name(failure->place);
	bool any = false;

	fprintf(out, "hang of %s: ", place ? place : "?");
	for (size_t i = 0; i < ARRAY_SIZE(roles); i++) {
		auto_free char *before = mem_printf("%s%s in ", any ? ", " : "", roles[i]);

		any |= print_functions(find_role(stacks, roles[i]), before, out);
	}
	return any;
}

static bool print_death(const struct failure *failure, json_t *stacks, FILE *out)
{
	/* Of a QEMU that libvirt runs nobody is told it. */
	bool untold = failure->class == FAILURE_ASSERTION && !failure->exit.signal;
	const char *signal = untold ? "ABRT" : sigabbrev_np(failure->exit.signal);

	fprintf(out, "%s by SIG%s in ", failure_class_name(failure->class), signal ? signal : "?");
	return print_functions(json_array_get(json_object_get(stacks, "threads"), 0), "", out);
}

char *title_of_stacks(const struct failure *failure, json_t *stacks)
{
	auto_free char *text = NULL;
	bool any = false;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		abort();
	if (failure->class == FAILURE_HANG)
		any = print_hang(failure, stacks, out);
	else if (failure->class == FAILURE_CRASH || failure->class == FAILURE_ASSERTION)
		any = print_death(failure, stacks, out);
	fclose(out);
	if (!any)
		return NULL;
	ascii_only(text, ' ');
	if (size >= SIGNATURE_MAX)
		text[SIGNATURE_MAX - 1] = '\0';
	return mem_steal(text);
}
