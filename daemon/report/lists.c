// SPDX-License-Identifier: GPL-2.0-or-later
/* Lists as tables: campaigns, builds, failures, slots. */
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "report/field.h"
#include "report/report.h"
#include "report/table.h"
#include "report/text.h"

/* A table of the elements of list, or a line that says there are none. */
static void print_list(json_t *list, const struct table_column *columns, size_t count,
		       void (*add)(struct table *table, json_t *element), const char *none,
		       FILE *out)
{
	struct table *table;
	json_t *element;
	size_t i;

	if (!json_array_size(list)) {
		fprintf(out, "%s\n", none);
		return;
	}
	table = table_new(columns, count);
	json_array_foreach(list, i, element)
		add(table, element);
	table_print(table, out);
	table_free(table);
}

/* How it ended; what is in progress has no end yet. */
static char *result(json_t *c)
{
	const char *end = field_text(c, "end");

	if (!end)
		return mem_strdup("running");
	if (strcmp(end, "complete"))
		return mem_strdup(end);
	switch (field_integer(c, "exit_code")) {
	case 0:
		/* Whether one build is slower is another question. */
		return mem_strdup(field_integer(c, "compares") ? "clean, see compare" : "clean");
	case 1:
		return mem_strdup("failures");
	default:
		return mem_strdup("inconclusive");
	}
}

static void add_figures(struct table *table, json_t *c)
{
	table_add(table, text_time(field_integer(c, "began_unix_ns")));
	table_add(table,
		  field_known(c, "ended_unix_ns") ? text_long_duration(field_active(c)) : NULL);
	table_add(table, field_copy(c, "builds"));
	table_add(table, field_number(c, "vms"));
	table_add(table, field_number(c, "operations"));
	table_add(table, field_number(c, "loops"));
	table_add(table, field_number(c, "failures"));
	table_add(table, result(c));
}

static void add_campaign(struct table *table, json_t *c)
{
	table_add(table, field_number(c, "id"));
	table_add(table, field_copy(c, "name"));
	add_figures(table, c);
}

static void add_campaign_of_host(struct table *table, json_t *c)
{
	table_add(table, field_number(c, "id"));
	table_add(table, field_copy(c, "name"));
	table_add(table, field_copy(c, "host"));
	add_figures(table, c);
}

/* Whoever has one host knows its name. */
static bool of_several_hosts(json_t *campaigns)
{
	json_t *first = json_object_get(json_array_get(campaigns, 0), "host"), *c;
	size_t i;

	json_array_foreach(campaigns, i, c)
		if (!json_equal(json_object_get(c, "host"), first))
			return true;
	return false;
}

#define FIGURE_COLUMNS                                                              \
	{ "BEGAN", false }, { "TOOK", true }, { "BUILDS", false }, { "VMS", true }, \
		{ "OPERATIONS", true }, { "LOOPS", true }, { "FAILURES", true },    \
	{                                                                           \
		"RESULT", false                                                     \
	}

void report_campaigns(json_t *value, FILE *out)
{
	static const struct table_column columns[] = { { "ID", true },
						       { "NAME", false },
						       FIGURE_COLUMNS };
	static const struct table_column host_columns[] = {
		{ "ID", true }, { "NAME", false }, { "HOST", false }, FIGURE_COLUMNS
	};
	json_t *campaigns = json_object_get(value, "campaigns");

	if (of_several_hosts(campaigns))
		print_list(campaigns, host_columns, ARRAY_SIZE(host_columns), add_campaign_of_host,
			   "no campaigns", out);
	else
		print_list(campaigns, columns, ARRAY_SIZE(columns), add_campaign, "no campaigns",
			   out);
}

/* As many digits as people compare. */
static char *short_hash(json_t *object, const char *key)
{
	const char *text = field_text(object, key);

	return text ? mem_strndup(text, 12) : NULL;
}

static void add_build(struct table *table, json_t *b)
{
	table_add(table, field_copy(b, "name"));
	table_add(table, field_copy(b, "version"));
	table_add(table, short_hash(b, "build_id"));
	table_add(table, short_hash(b, "sha256"));
	table_add(table, field_number(b, "campaigns"));
	table_add(table, field_number(b, "last_campaign_id"));
	table_add(table, field_number(b, "failures"));
	table_add(table, field_copy(b, "origin"));
	table_add(table, field_copy(b, "binary"));
}

static void add_registered(struct table *table, json_t *b)
{
	table_add(table, field_copy(b, "name"));
	table_add(table,
		  field_known(b, "error") ? field_copy(b, "error") : field_copy(b, "version"));
	table_add(table, short_hash(b, "build_id"));
	table_add(table, short_hash(b, "sha256"));
	table_add(table, field_copy(b, "origin"));
	table_add(table, field_copy(b, "binary"));
}

void report_builds(json_t *value, FILE *out)
{
	static const struct table_column columns[] = {
		{ "NAME", false },    { "VERSION", false },  { "BUILD-ID", false },
		{ "SHA-256", false }, { "CAMPAIGNS", true }, { "LAST", true },
		{ "FAILURES", true }, { "ORIGIN", false },   { "BINARY", false },
	};
	static const struct table_column registered_columns[] = {
		{ "REGISTERED", false }, { "VERSION", false }, { "BUILD-ID", false },
		{ "SHA-256", false },	 { "ORIGIN", false },  { "BINARY", false },
	};
	json_t *registered = json_object_get(value, "registered");

	print_list(json_object_get(value, "builds"), columns, ARRAY_SIZE(columns), add_build,
		   "no builds were soaked", out);
	if (!registered)
		return;
	fputc('\n', out);
	print_list(registered, registered_columns, ARRAY_SIZE(registered_columns), add_registered,
		   "no builds are registered", out);
}

/* "KIND/STEP", "KIND" or nothing. */
static char *operation_and_step(json_t *object, const char *kind_key)
{
	const char *kind = field_text(object, kind_key), *step = field_text(object, "step");

	if (!kind)
		return NULL;
	return step ? mem_printf("%s/%s", kind, step) : mem_strdup(kind);
}

static char *slot_and_vm(json_t *object)
{
	return mem_printf("%lld/%lld", (long long)field_integer(object, "slot"),
			  (long long)field_integer(object, "vm"));
}

static void add_failure(struct table *table, json_t *f)
{
	table_add(table, field_number(f, "id"));
	table_add(table, text_time(field_integer(f, "at_unix_ns")));
	table_add(table, field_copy(f, "build"));
	table_add(table, slot_and_vm(f));
	table_add(table, field_number(f, "loops"));
	table_add(table, field_copy(f, "class"));
	table_add(table, operation_and_step(f, "kind"));
	table_add(table, field_copy(f, "signature"));
	table_add(table, field_copy(f, "incident"));
}

/* What the ledger says, that the profile expects it, or who is kept for a debugger. */
static char *note_of(json_t *f)
{
	const char *status = field_text(json_object_get(f, "ledger"), "status");
	auto_free char *pids = report_pids(json_object_get(f, "held_pids"));
	auto_free char *more = NULL;

	if (field_integer(f, "expected"))
		more = mem_strdup("expected");
	else if (field_known(f, "held_pids"))
		more = mem_printf("held, %s", pids);
	if (!more)
		return mem_strdup(status ? status : "");
	return status ? mem_printf("%s, %s", status, more) : mem_steal(more);
}

static void add_failure_with_note(struct table *table, json_t *f)
{
	add_failure(table, f);
	table_add(table, note_of(f));
}

static bool has_notes(json_t *failures)
{
	json_t *f;
	size_t i;

	json_array_foreach(failures, i, f)
		if (field_integer(f, "expected") || field_known(f, "held_pids") ||
		    field_known(f, "ledger"))
			return true;
	return false;
}

void report_failures(json_t *value, FILE *out)
{
	static const struct table_column columns[] = {
		{ "ID", true },
		{ "TIME", false },
		{ "BUILD", false },
		{ "SLOT/VM", false },
		{ "LOOPS", true },
		{ "CLASS", false },
		{ "OPERATION/STEP", false },
		{ "SIGNATURE", false },
		{ "INCIDENT", false },
		{ "NOTE", false }, /* where one has a note */
	};
	json_t *failures = json_object_get(value, "failures");
	bool notes = has_notes(failures);

	print_list(failures, columns, ARRAY_SIZE(columns) - !notes,
		   notes ? add_failure_with_note : add_failure, "no failures", out);
}

char *report_progress(json_t *value)
{
	int64_t elapsed = field_integer(value, "elapsed-ns");
	int64_t duration = field_integer(value, "duration-ns");
	int64_t operations = field_integer(value, "operations");
	int64_t seconds = elapsed / CLOCK_NS_PER_S;
	auto_free char *failures =
		text_failures(field_integer(value, "failures"), field_integer(value, "expected"));
	auto_free char *held =
		field_integer(value, "held")
			? mem_printf(", %" PRId64 " held", field_integer(value, "held"))
			: mem_strdup("");
	auto_free char *paused = text_printable(field_text(value, "paused"));
	auto_free char *target = NULL;

	if (field_known(value, "paused"))
		target = mem_printf("paused: %s", paused);
	else if (json_is_true(json_object_get(value, "only-held")))
		target = mem_strdup("waiting for their release");
	else if (field_integer(value, "blocks-wanted"))
		target = mem_printf("%" PRId64 " of %" PRId64 " blocks",
				    field_integer(value, "blocks"),
				    field_integer(value, "blocks-wanted"));
	else if (duration == 0 && field_integer(value, "vms-wanted"))
		target = mem_printf("VM %" PRId64 " of %" PRId64, field_integer(value, "vms"),
				    field_integer(value, "vms-wanted"));
	else if (duration == 0)
		target = mem_printf("%" PRId64 " loops wanted",
				    field_integer(value, "loops-wanted"));
	else if (duration > elapsed)
		target = mem_printf("%" PRId64 " s left", (duration - elapsed) / CLOCK_NS_PER_S);
	else
		target = mem_strdup("ending");
	return mem_printf("%" PRId64 ":%02" PRId64 "  %" PRId64 " loops, %" PRId64
			  " operations (%.1f/s), %s%s, %s",
			  seconds / 60, seconds % 60, field_integer(value, "loops"), operations,
			  elapsed ? (double)operations * CLOCK_NS_PER_S / (double)elapsed : 0.,
			  failures, held, target);
}

char *report_pids(json_t *pids)
{
	char *text = mem_strdup(json_array_size(pids) == 1 ? "pid" : "pids");
	json_t *pid;
	size_t i;

	json_array_foreach(pids, i, pid) {
		char *more = mem_printf("%s %lld", text, (long long)json_integer_value(pid));

		free(text);
		text = more;
	}
	return text;
}

/* What it does, or where it is kept for a debugger. */
static char *activity(json_t *s)
{
	auto_free char *pids = report_pids(json_object_get(s, "pids"));

	return field_known(s, "incident")
		       ? mem_printf("incident %" PRId64 ", %s", field_integer(s, "incident"), pids)
		       : operation_and_step(s, "operation");
}

static void add_slot(struct table *table, json_t *s)
{
	table_add(table, slot_and_vm(s));
	table_add(table, field_copy(s, "build"));
	table_add(table, field_copy(s, "state"));
	table_add(table, activity(s));
	table_add(table, field_number(s, "loops"));
}

void report_slots(json_t *slots, FILE *out)
{
	static const struct table_column columns[] = {
		{ "SLOT/VM", false },	     { "BUILD", false }, { "STATE", false },
		{ "OPERATION/STEP", false }, { "LOOPS", true },
	};

	print_list(slots, columns, ARRAY_SIZE(columns), add_slot, "no slots", out);
}

void report_status(json_t *value, FILE *out)
{
	auto_free char *line = NULL, *name = NULL;

	if (field_known(value, "set-aside")) {
		auto_free char *path = text_printable(field_text(value, "set-aside"));

		fprintf(out, "the results store was damaged and is set aside: %s\n", path);
	}
	if (field_known(value, "refused")) {
		auto_free char *why = text_printable(field_text(value, "refused"));

		fprintf(out, "%s\n", why);
	}
	if (!field_known(value, "campaign")) {
		fputs("no campaign is in progress\n", out);
		return;
	}
	name = text_printable(field_text(value, "name"));
	line = report_progress(value);
	fprintf(out, "campaign %" PRId64 " %s  %s\n\n", field_integer(value, "campaign"), name,
		line);
	report_slots(json_object_get(value, "slots"), out);
}
