// SPDX-License-Identifier: GPL-2.0-or-later
/* The reports as JSON. */
#include "report/json.h"

#include "base/mem.h"
#include "report/percentile.h"
#include "report/text.h"

/* JSON is Unicode; a QEMU's last words need not be. */
static json_t *string(const char *s)
{
	json_t *json = s ? json_string(s) : json_null();

	if (!json) {
		auto_free char *printable = text_printable(s);

		json = json_string(printable);
	}
	return json;
}

static json_t *integer_or_null(int64_t value, int64_t none)
{
	return value == none ? json_null() : json_integer(value);
}

static json_t *percentile(const struct query_timing *t, double p)
{
	return t->count ? json_integer(percentile_nearest_rank(t->duration_ns, t->count, p))
			: json_null();
}

static void print(json_t *json, FILE *out)
{
	auto_json json_t *owned = json;

	if (!owned)
		abort(); /* out of memory: all strings are valid */
	json_dumpf(owned, out, JSON_INDENT(2));
	fputc('\n', out);
}

static json_t *campaign_object(const struct query_campaign *c)
{
	return json_pack("{s:I, s:o, s:o, s:o, s:o, s:I, s:I, s:o, s:o, s:o, s:I, s:I, s:I}", "id",
			 (json_int_t)c->id, "name", string(c->name), "seed", string(c->seed),
			 "accel", string(c->accel), "machine", string(c->machine), "vms",
			 (json_int_t)c->vms, "began_unix_ns", (json_int_t)c->began_unix_ns,
			 "ended_unix_ns", integer_or_null(c->ended_unix_ns, 0), "end",
			 string(c->end), "exit_code", integer_or_null(c->exit_code, -1), "loops",
			 (json_int_t)c->loops, "operations", (json_int_t)c->operations, "failures",
			 (json_int_t)c->failures);
}

static json_t *timing_object(const struct query_timing *t)
{
	return json_pack("{s:o, s:o, s:I, s:I, s:I, s:o, s:o, s:o, s:o}", "build", string(t->build),
			 "kind", string(t->kind), "count", (json_int_t)t->count + t->failed,
			 "failed", (json_int_t)t->failed, "interrupted", (json_int_t)t->interrupted,
			 "p50_ns", percentile(t, 50), "p95_ns", percentile(t, 95), "p99_ns",
			 percentile(t, 99), "max_ns", percentile(t, 100));
}

static json_t *signature_object(const struct query_signature *s)
{
	return json_pack("{s:o, s:o, s:o, s:I, s:I, s:o}", "build", string(s->build), "class",
			 string(s->class), "signature", string(s->signature), "failures",
			 (json_int_t)s->count, "first_loops", (json_int_t)s->first_loops,
			 "incident", string(s->incident));
}

static json_t *failure_object(const struct query_failure *f)
{
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
			 "id", (json_int_t)f->id, "campaign_id", (json_int_t)f->campaign_id,
			 "at_unix_ns", (json_int_t)f->at_unix_ns, "slot", (json_int_t)f->slot, "vm",
			 (json_int_t)f->vm, "loops", (json_int_t)f->loops, "build",
			 string(f->build), "class", string(f->class), "place", string(f->place),
			 "kind", string(f->kind), "step", string(f->step), "signature",
			 string(f->signature), "detail", string(f->detail), "incident",
			 string(f->incident));
}

void report_json_campaign(const struct query_campaign *campaign,
			  const struct query_timings *timings,
			  const struct query_signatures *signatures, FILE *out)
{
	json_t *operations = json_array();
	json_t *failures = json_array();

	for (size_t i = 0; i < timings->count; i++)
		json_array_append_new(operations, timing_object(&timings->timings[i]));
	for (size_t i = 0; i < signatures->count; i++)
		json_array_append_new(failures, signature_object(&signatures->signatures[i]));
	print(json_pack("{s:o, s:o, s:o}", "campaign", campaign_object(campaign), "operations",
			operations, "signatures", failures),
	      out);
}

void report_json_failures(const struct query_failures *failures, FILE *out)
{
	json_t *array = json_array();

	for (size_t i = 0; i < failures->count; i++)
		json_array_append_new(array, failure_object(&failures->failures[i]));
	print(json_pack("{s:o}", "failures", array), out);
}
