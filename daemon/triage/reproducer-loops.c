// SPDX-License-Identifier: GPL-2.0-or-later
/* Steps, operations, loops. */
#include "triage/reproducer-loops.h"

#include <string.h>

#include "base/mem.h"
#include "triage/reproducer-trace.h"

json_t *step_to(const char *peer, const char *command, json_t *arguments)
{
	json_t *step = json_pack("{s:s, s:s}", "to", peer, "execute", command);

	if (arguments)
		json_object_set_new(step, "arguments", arguments);
	return step;
}

void step_await(json_t *step, const char *peer, const char *event, json_t *data)
{
	json_t *list = json_object_get(step, "await");
	json_t *awaited = json_pack("{s:s, s:s}", "from", peer, "event", event);

	if (data)
		json_object_set_new(awaited, "data", data);
	if (!list) {
		list = json_array();
		json_object_set_new(step, "await", list);
	}
	json_array_append_new(list, awaited);
}

json_t *operation_new(const char *name)
{
	return json_pack("{s:s, s:[]}", "operation", name, "steps");
}

json_t *operation_steps(const json_t *operation)
{
	return json_object_get(operation, "steps");
}

const char *operation_name(const json_t *operation)
{
	return json_string_value(json_object_get(operation, "operation"));
}

json_t *list_last(const json_t *list)
{
	size_t size = json_array_size(list);

	return size ? json_array_get(list, size - 1) : NULL;
}

const char *step_execute(const json_t *step)
{
	return json_string_value(json_object_get(step, "execute"));
}

static json_t *without_pauses(const json_t *loop)
{
	json_t *copy = json_deep_copy(loop), *operation, *step;
	size_t i, j;

	json_array_foreach(copy, i, operation)
		json_array_foreach(operation_steps(operation), j, step)
			json_object_del(step, "pause");
	return copy;
}

static bool same_loops(const json_t *a, const json_t *b)
{
	auto_json json_t *one = without_pauses(a), *two = without_pauses(b);

	return json_equal(one, two);
}

/* Whether the operations of part are the first ones of whole, which goes on like it. */
static bool begins_like(const json_t *whole, const json_t *part)
{
	size_t size = json_array_size(part);

	if (size > json_array_size(whole))
		return false;
	for (size_t i = 0; i < size; i++)
		if (strcmp(operation_name(json_array_get(whole, i)),
			   operation_name(json_array_get(part, i))))
			return false;
	return true;
}

/* Lists of operations, each from one that begins a loop to the next. What comes before the first is
 * the end of a loop that is not kept, or was done only once. */
static json_t *cut_loops(json_t *operations)
{
	json_t *loops = json_array(), *operation;
	const char *first = operation_name(json_array_get(operations, 0));
	size_t i;

	json_array_foreach(operations, i, operation)
		if (!strcmp(operation_name(operation), LOOPS_SAVE))
			first = LOOPS_SAVE;
	json_array_foreach(operations, i, operation) {
		if (!strcmp(operation_name(operation), first))
			json_array_append_new(loops, json_array());
		if (json_array_size(loops))
			json_array_append(list_last(loops), operation);
	}
	return loops;
}

static bool has_command(const json_t *operations, const char *command, json_t **ret_step)
{
	json_t *operation, *step;
	size_t i, j;

	json_array_foreach(operations, i, operation) {
		json_array_foreach(operation_steps(operation), j, step) {
			if (!step_execute(step) || strcmp(step_execute(step), command))
				continue;
			if (ret_step)
				*ret_step = step;
			return true;
		}
	}
	return false;
}

static json_t *dismiss_step(void)
{
	return step_to("qemu", "job-dismiss", json_pack("{s:s}", "id", LOOPS_JOB));
}

/* A job that was begun is dismissed, a VM that was stopped goes on. */
static void complete_operation(json_t *operation)
{
	auto_json json_t *alone = json_pack("[O]", operation);
	json_t *cont;

	if (!strncmp(operation_name(operation), "snapshot-", strlen("snapshot-")) &&
	    !has_command(alone, "job-dismiss", NULL))
		json_array_append_new(operation_steps(operation), dismiss_step());
	if (has_command(alone, "stop", NULL) && !has_command(alone, "cont", NULL)) {
		cont = step_to("qemu", "cont", NULL);
		step_await(cont, "qemu", "RESUME", NULL);
		json_array_append_new(operation_steps(operation), cont);
	}
}

/* So that it can be repeated: what was saved is deleted. */
static void complete_loop(json_t *loop)
{
	json_t *save, *arguments, *step, *operation;

	complete_operation(list_last(loop));
	if (!has_command(loop, LOOPS_SAVE, &save) || has_command(loop, "snapshot-delete", NULL))
		return;
	arguments = json_deep_copy(json_object_get(save, "arguments"));
	json_object_del(arguments, "vmstate");
	step = step_to("qemu", "snapshot-delete", arguments);
	step_await(step, "qemu", "JOB_STATUS_CHANGE", json_pack("{s:s}", "status", "concluded"));
	operation = operation_new("snapshot-delete");
	json_array_append_new(operation_steps(operation), step);
	json_array_append_new(operation_steps(operation), dismiss_step());
	json_array_append_new(loop, operation);
}

json_t *loops_choose(json_t *operations, bool *ret_completed, size_t *ret_whole)
{
	auto_json json_t *loops = cut_loops(operations), *chosen = json_array();
	json_t *loop, *other, *all;
	size_t count = json_array_size(loops), last = count - 1, i, j;
	bool repeats = false;

	for (i = 0; count && i < last; i++)
		repeats = repeats ||
			  begins_like(json_array_get(loops, i), json_array_get(loops, last));
	*ret_whole = count ? last : 0;
	*ret_completed = count && !repeats;
	if (repeats)
		json_array_remove(loops, --count);
	else if (count)
		complete_loop(json_array_get(loops, last));
	for (i = count > TRACE_LOOPS_MAX ? count - TRACE_LOOPS_MAX : 0; i < count; i++) {
		bool known = false;

		loop = json_array_get(loops, i);
		json_array_foreach(chosen, j, other)
			known = known || same_loops(loop, other);
		if (!known)
			json_array_append(chosen, loop);
	}
	all = json_array();
	json_array_foreach(chosen, i, loop)
		json_array_extend(all, loop);
	return all;
}
