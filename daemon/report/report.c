// SPDX-License-Identifier: GPL-2.0-or-later
/* What a campaign did and how it failed, for people. */
#include "report/report.h"

#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "report/json.h"
#include "report/percentile.h"
#include "report/table.h"
#include "report/text.h"

static int check_output(FILE *out, struct err *err)
{
	if (fflush(out) || ferror(out))
		return err_set_errno(err, errno ? errno : EIO, "cannot print the report");
	return 0;
}

static void print_campaign(const struct query_campaign *c, FILE *out)
{
	auto_free char *name = text_printable(c->name);
	auto_free char *accel = text_printable(c->accel);
	auto_free char *machine = text_printable(c->machine);
	auto_free char *seed = text_printable(c->seed);
	auto_free char *vms = text_count(c->vms, "VM");
	auto_free char *operations = text_count(c->operations, "operation");
	auto_free char *loops = text_count(c->loops, "loop");
	auto_free char *failures = text_count(c->failures, "failure");
	auto_free char *took = c->end ? text_long_duration(c->ended_unix_ns - c->began_unix_ns)
				      : mem_strdup("running");

	fprintf(out, "campaign %lld %s: %s", (long long)c->id, name, took);
	if (c->end && strcmp(c->end, "complete"))
		fprintf(out, " (%s)", c->end);
	fprintf(out, ", %s (%s, %s), seed %s: %s in %s, %s\n", vms, accel, machine, seed,
		operations, loops, failures);
}

static void add_percentile(struct table *table, const struct query_timing *t, double p)
{
	if (t->count)
		table_add(table,
			  text_duration(percentile_nearest_rank(t->duration_ns, t->count, p)));
	else
		table_add(table, NULL);
}

static char *number(int64_t value)
{
	return mem_printf("%lld", (long long)value);
}

/* Takes NULL. */
static char *copy(const char *s)
{
	return s ? mem_strdup(s) : NULL;
}

static void print_timings(const struct query_timings *timings, FILE *out)
{
	static const struct table_column columns[] = {
		{ "BUILD", false }, { "OPERATION", false }, { "COUNT", true }, { "FAILED", true },
		{ "P50", true },    { "P95", true },	    { "P99", true },   { "MAX", true },
	};
	struct table *table;

	if (!timings->count)
		return;
	table = table_new(columns, ARRAY_SIZE(columns));
	for (size_t i = 0; i < timings->count; i++) {
		const struct query_timing *t = &timings->timings[i];

		table_add(table, copy(t->build));
		table_add(table, copy(t->kind));
		table_add(table, number((int64_t)t->count + t->failed));
		table_add(table, number(t->failed));
		add_percentile(table, t, 50);
		add_percentile(table, t, 95);
		add_percentile(table, t, 99);
		add_percentile(table, t, 100);
	}
	fputc('\n', out);
	table_print(table, out);
	table_free(table);
}

static void print_signatures(const struct query_signatures *signatures, FILE *out)
{
	static const struct table_column columns[] = {
		{ "BUILD", false },	 { "CLASS", false },	 { "FAILURES", true },
		{ "FIRST AFTER", true }, { "SIGNATURE", false },
	};
	struct table *table;

	fputc('\n', out);
	if (!signatures->count) {
		fputs("no failures\n", out);
		return;
	}
	table = table_new(columns, ARRAY_SIZE(columns));
	for (size_t i = 0; i < signatures->count; i++) {
		const struct query_signature *s = &signatures->signatures[i];

		table_add(table, copy(s->build));
		table_add(table, copy(s->class));
		table_add(table, number(s->count));
		table_add(table, text_count(s->first_loops, "loop"));
		table_add(table, copy(s->signature));
	}
	table_print(table, out);
	table_free(table);
}

int report_campaign(struct query *query, int64_t campaign, bool json, FILE *out, struct err *err)
{
	struct query_campaign c = { 0 };
	struct query_timings timings = { 0 };
	struct query_signatures signatures = { 0 };
	int r = query_campaign(query, campaign, &c, err);

	if (r == 0)
		r = query_timings(query, campaign, &timings, err);
	if (r == 0)
		r = query_signatures(query, campaign, &signatures, err);
	if (r == 0 && json) {
		report_json_campaign(&c, &timings, &signatures, out);
	} else if (r == 0) {
		print_campaign(&c, out);
		print_timings(&timings, out);
		print_signatures(&signatures, out);
	}
	query_signatures_finish(&signatures);
	query_timings_finish(&timings);
	query_campaign_finish(&c);
	return r < 0 ? r : check_output(out, err);
}

static char *operation_and_step(const struct query_failure *f)
{
	if (!f->kind)
		return NULL;
	return f->step ? mem_printf("%s/%s", f->kind, f->step) : mem_strdup(f->kind);
}

static void print_failures(const struct query_failures *failures, FILE *out)
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
	};
	struct table *table;

	if (!failures->count) {
		fputs("no failures\n", out);
		return;
	}
	table = table_new(columns, ARRAY_SIZE(columns));
	for (size_t i = 0; i < failures->count; i++) {
		const struct query_failure *f = &failures->failures[i];

		table_add(table, number(f->id));
		table_add(table, text_time(f->at_unix_ns));
		table_add(table, copy(f->build));
		table_add(table, mem_printf("%lld/%lld", (long long)f->slot, (long long)f->vm));
		table_add(table, number(f->loops));
		table_add(table, copy(f->class));
		table_add(table, operation_and_step(f));
		table_add(table, copy(f->signature));
		table_add(table, copy(f->incident));
	}
	table_print(table, out);
	table_free(table);
}

int report_failures(struct query *query, int64_t campaign, bool json, FILE *out, struct err *err)
{
	struct query_failures failures = { 0 };
	struct query_campaign c = { 0 };
	int r = 0;

	/* So that a campaign that is not there is told from one without failures. */
	if (campaign)
		r = query_campaign(query, campaign, &c, err);
	if (r == 0)
		r = query_failures(query, campaign, &failures, err);
	if (r == 0 && json)
		report_json_failures(&failures, out);
	else if (r == 0)
		print_failures(&failures, out);
	query_failures_finish(&failures);
	query_campaign_finish(&c);
	return r < 0 ? r : check_output(out, err);
}
