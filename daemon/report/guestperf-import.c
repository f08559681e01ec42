// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From reports of guestperf to records.
 *
 * Of a report's history the last point counts: it has the figures of the whole migration. What a
 * store has no place for (the timings of CPUs and of the guest, the passes one by one) is left out;
 * hardware and scenario stand where a campaign has its profile.
 */
#include "report/guestperf-import.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "campaign/profile.h"
#include "op/metric.h"
#include "report/field.h"

/* Until the year 2200; nanoseconds fit. */
#define NOW_MAX_S 7.2e9

#define MEASURES_MAX 32
#define MEASURE_MAX 1e18 /* of the value of one */
#define UNKNOWN "unknown"

static json_t *last_point(json_t *report)
{
	json_t *history = json_object_get(report, "progress_history");
	size_t count = json_array_size(history);

	return count ? json_array_get(history, count - 1) : NULL;
}

static bool is_time(json_t *point)
{
	double now = json_number_value(json_object_get(point, "now"));

	return now > 0 && now < NOW_MAX_S;
}

static int check(json_t *report, const char *name, size_t index, struct err *err)
{
	json_t *history = json_object_get(report, "progress_history"), *point;
	const char *lacks = NULL;
	size_t i;

	if (!field_text(json_object_get(report, "scenario"), "name"))
		lacks = "a scenario with a name";
	else if (!json_array_size(history))
		lacks = "a progress_history";
	else if (!field_text(last_point(report), "status"))
		lacks = "a status at the end of its progress_history";
	json_array_foreach(history, i, point)
		if (!lacks && !is_time(point))
			lacks = "the time (now) of each point of its progress_history";
	return lacks ? err_set(err, -EINVAL, "%s: report %zu lacks %s: not one of guestperf", name,
			       index + 1, lacks)
		     : 0;
}

int guestperf_read(const char *text, size_t size, const char *name, json_t **ret_reports,
		   struct err *err)
{
	auto_json json_t *reports = json_array();
	size_t at = 0;
	int r = 0;

	if (size > GUESTPERF_TEXT_MAX)
		return err_set(err, -EINVAL, "%s: found %zu bytes, expected at most %d", name, size,
			       GUESTPERF_TEXT_MAX);
	while (r == 0 && (at += strspn(text + at, " \t\r\n")) < size) {
		size_t index = json_array_size(reports);
		json_error_t error;
		json_t *report = json_loadb(text + at, size - at, JSON_DISABLE_EOF_CHECK, &error);

		if (!report)
			return err_set(err, -EINVAL, "%s: report %zu: not JSON: %s", name,
				       index + 1, error.text);
		json_array_append_new(reports, report);
		at += (size_t)error.position;
		r = index < GUESTPERF_REPORTS_MAX
			    ? check(report, name, index, err)
			    : err_set(err, -EINVAL, "%s: more than %d reports", name,
				      GUESTPERF_REPORTS_MAX);
	}
	if (r == 0 && !json_array_size(reports))
		r = err_set(err, -EINVAL, "%s: there is no report", name);
	if (r == 0)
		*ret_reports = json_incref(reports);
	return r;
}

/* --- times --- */

static int64_t now_ns(json_t *point)
{
	return (int64_t)(json_number_value(json_object_get(point, "now")) * CLOCK_NS_PER_S);
}

/* Milliseconds of a report; 0 where there are none that make sense. */
static int64_t ms_as_ns(json_t *point, const char *key)
{
	double ms = json_number_value(json_object_get(point, key));

	return ms > 0 && ms < 1e9 ? (int64_t)(ms * CLOCK_NS_PER_MS) : 0;
}

/* The first point came when the migration had taken so long. */
static int64_t began_unix_ns(json_t *report)
{
	json_t *first = json_array_get(json_object_get(report, "progress_history"), 0);
	int64_t began_ns = now_ns(first) - ms_as_ns(first, "duration");

	return began_ns > 0 ? began_ns : now_ns(first);
}

/* A clock may have been set back. */
static int64_t duration_ns(json_t *report)
{
	int64_t duration = now_ns(last_point(report)) - began_unix_ns(report);

	return duration > 0 ? duration : 0;
}

/* --- measures --- */

struct measures {
	struct record_measure measures[MEASURES_MAX];
	size_t count;
};

static bool is_name(const char *name)
{
	size_t length = strlen(name);

	/* The columns of an operation are summarised under these. */
	if (!strcmp(name, METRIC_DURATION) || !strcmp(name, METRIC_STALL))
		return false;
	return length && length <= 64 &&
	       length == strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_");
}

/* name is borrowed. What is there stays. */
static void add_measure(struct measures *measures, const char *name, json_t *value)
{
	double number = json_number_value(value);

	for (size_t i = 0; i < measures->count; i++)
		if (!strcmp(measures->measures[i].name, name))
			return;
	if (json_is_number(value) && number >= 0 && number < MEASURE_MAX && is_name(name) &&
	    measures->count < MEASURES_MAX)
		measures->measures[measures->count++] = (struct record_measure){ name, number };
}

static void read_measures(json_t *report, struct measures *ret_measures)
{
	static const struct {
		const char *group, *key, *name;
	} figures[] = {
		{ NULL, "setup_time", "setup_ms" },
		{ NULL, "downtime", "downtime_ms" },
		{ NULL, "duration", "total_ms" },
		{ "ram", "transferred_bytes", "transferred_bytes" },
		{ "ram", "transfer_rate_mbs", "throughput_mbps" },
		{ "ram", "iterations", "passes" },
	};
	json_t *ours = json_object_get(json_object_get(report, "qsoak"), "measures"), *value;
	json_t *point = last_point(report);
	const char *name;

	*ret_measures = (struct measures){ 0 };
	for (size_t i = 0; i < ARRAY_SIZE(figures); i++)
		add_measure(ret_measures, figures[i].name,
			    json_object_get(figures[i].group
						    ? json_object_get(point, figures[i].group)
						    : point,
					    figures[i].key));
	/* What qsoak has measured besides, in a report of its own. */
	json_object_foreach(ours, name, value)
		add_measure(ret_measures, name, value);
}

/* --- records --- */

struct emitter {
	struct records *records;
	const char *build; /* of all, or NULL */
	int64_t campaign;
	json_t *builds; /* {BINARY: id}, or of all {"": id} */
};

/* What qsoak called it when it exported the report, or NULL. */
static const char *exported_name(json_t *report)
{
	const char *name = field_text(json_object_get(report, "qsoak"), "build");

	return name && *name && strlen(name) <= PROFILE_NAME_MAX ? name : NULL;
}

static const char *name_of(const struct emitter *emitter, json_t *report)
{
	const char *binary = field_text(report, "binary");
	const char *slash = binary ? strrchr(binary, '/') : NULL,
		   *name = slash ? slash + 1 : binary;

	if (exported_name(report))
		name = exported_name(report);
	return emitter->build ? emitter->build : name && *name ? name : UNKNOWN;
}

/* Two files of the same name are two builds. */
static int64_t emit_build(struct emitter *emitter, json_t *report)
{
	const char *binary = field_text(report, "binary") ? field_text(report, "binary") : UNKNOWN;
	const char *own = exported_name(report);
	const char *key = emitter->build ? "" : own ? own : binary;
	json_t *known = json_object_get(emitter->builds, key);
	size_t others = json_object_size(emitter->builds);
	auto_free char *number = others && !own ? mem_printf("-%zu", others + 1) : mem_strdup("");
	auto_free char *name = NULL;
	int64_t id;

	if (known)
		return json_integer_value(known);
	name = mem_printf("%s%s", name_of(emitter, report), number);
	id = records_new_id(emitter->records);
	json_object_set_new(emitter->builds, key, json_integer(id));
	records_emit(emitter->records,
		     &(struct record){ .type = RECORD_BUILD,
				       .build = { .id = id,
						  .campaign_id = emitter->campaign,
						  .name = name,
						  .binary = binary,
						  .version = UNKNOWN,
						  .sha256 = "",
						  .origin = GUESTPERF_CAMPAIGN } });
	return id;
}

/* What is known of a command line: as much as the export wants to know again. */
static char *argv_of(json_t *report)
{
	json_t *hardware = json_object_get(report, "hardware");
	double cpus = json_number_value(json_object_get(hardware, "cpus"));
	double mib = 1024 * json_number_value(json_object_get(hardware, "mem"));
	const char *binary = field_text(report, "binary");
	auto_free char *smp = mem_printf("%.0f", cpus > 0 && cpus < 1e6 ? cpus : 1);
	auto_free char *ram = mem_printf("%.0fM", mib > 0 && mib < 1e9 ? mib : 0);
	auto_json json_t *argv =
		json_pack("[s, s, s, s, s]", binary ? binary : UNKNOWN, "-smp", smp, "-m", ram);

	return json_dumps(argv, JSON_COMPACT);
}

static int64_t emit_run(struct emitter *emitter, json_t *report, int64_t build, int64_t vm)
{
	int64_t id = records_new_id(emitter->records), began_ns = began_unix_ns(report);
	auto_free char *argv = argv_of(report);

	records_emit(emitter->records,
		     &(struct record){ .type = RECORD_RUN_BEGIN,
				       .run_begin = { .id = id,
						      .campaign_id = emitter->campaign,
						      .build_id = build,
						      .vm = vm,
						      .began_unix_ns = began_ns,
						      .argv = argv ? argv : "[]" } });
	return id;
}

static void end_run(struct emitter *emitter, json_t *report, int64_t id)
{
	int64_t ended_ns = began_unix_ns(report) + duration_ns(report);

	records_emit(emitter->records, &(struct record){ .type = RECORD_RUN_END,
							 .run_end = { .id = id,
								      .ended_unix_ns = ended_ns,
								      .expected = true } });
}

static const char *outcome_of(json_t *report)
{
	const char *status = field_text(last_point(report), "status");

	return !strcmp(status, "completed") ? "ok"
	       : !strcmp(status, "failed")  ? "failed"
					    : "interrupted";
}

static void emit_report(struct emitter *emitter, json_t *report, int64_t vm)
{
	int64_t build = emit_build(emitter, report);
	int64_t src = emit_run(emitter, report, build, vm);
	int64_t dst = emit_run(emitter, report, build, vm);
	int64_t id = records_new_id(emitter->records), took_ns = duration_ns(report);
	int64_t setup_ns = ms_as_ns(last_point(report), "setup_time");
	struct record_step steps[] = {
		{ "setup", setup_ns < took_ns ? setup_ns : took_ns },
		{ "migrate", setup_ns < took_ns ? took_ns - setup_ns : 0 },
	};
	struct measures measures;

	read_measures(report, &measures);
	records_emit(
		emitter->records,
		&(struct record){ .type = RECORD_OPERATION_BEGIN,
				  .operation_begin = { .id = id,
						       .campaign_id = emitter->campaign,
						       .src_run_id = src,
						       .vm = vm,
						       .kind = "migrate",
						       .began_unix_ns = began_unix_ns(report) } });
	records_emit(emitter->records,
		     &(struct record){ .type = RECORD_OPERATION_END,
				       .operation_end = { .id = id,
							  .src_run_id = src,
							  .dst_run_id = dst,
							  .outcome = outcome_of(report),
							  .duration_ns = took_ns,
							  .stall_ns = -1,
							  .steps = steps,
							  .step_count = ARRAY_SIZE(steps),
							  .measures = measures.measures,
							  .measure_count = measures.count } });
	if (!strcmp(outcome_of(report), "ok"))
		records_emit(emitter->records,
			     &(struct record){
				     .type = RECORD_LOOP_END,
				     .loop_end = { .campaign_id = emitter->campaign, .vm = vm } });
	end_run(emitter, report, src);
	end_run(emitter, report, dst);
}

/* JSON is YAML, so that it may stand where a profile does. */
static char *profile_of(json_t *reports)
{
	auto_json json_t *list = json_array(), *profile = NULL;
	json_t *report;
	size_t i;

	json_array_foreach(reports, i, report) {
		json_t *hardware = json_object_get(report, "hardware");

		json_array_append_new(list,
				      json_pack("{s:O*, s:O*}", "hardware", hardware, "scenario",
						json_object_get(report, "scenario")));
	}
	profile = json_pack("{s:s, s:O}", "name", GUESTPERF_CAMPAIGN, "reports", list);
	return json_dumps(profile, JSON_COMPACT);
}

static void emit_campaign(struct emitter *emitter, json_t *reports, int64_t began_ns)
{
	json_t *first = json_array_get(reports, 0);
	const char *host = field_text(first, "dst_host");
	double gib = json_number_value(json_object_get(json_object_get(first, "hardware"), "mem"));
	auto_free char *profile = profile_of(reports);

	records_emit(
		emitter->records,
		&(struct record){
			.type = RECORD_CAMPAIGN_BEGIN,
			.campaign_begin = {
				.id = emitter->campaign,
				.began_unix_ns = began_ns,
				.name = GUESTPERF_CAMPAIGN,
				.profile_text = profile ? profile : "",
				.seed = "0",
				.accel = UNKNOWN,
				.machine = UNKNOWN,
				.ram_bytes = gib > 0 && gib < 1e6 ? (int64_t)ldexp(gib, 30) : 0,
				.vms = 1,
				.host_name = host ? host : UNKNOWN,
				.host_kernel = UNKNOWN,
				.host_cpu = UNKNOWN,
			} });
}

int64_t guestperf_emit(json_t *reports, const char *build, struct records *records)
{
	auto_json json_t *builds = json_object();
	struct emitter emitter = { .records = records,
				   .build = build,
				   .campaign = records_new_id(records),
				   .builds = builds };
	int64_t began_ns = INT64_MAX, ended_ns = 0;
	json_t *report;
	size_t i;

	json_array_foreach(reports, i, report) {
		int64_t at_ns = began_unix_ns(report);

		began_ns = at_ns < began_ns ? at_ns : began_ns;
		at_ns += duration_ns(report);
		ended_ns = at_ns > ended_ns ? at_ns : ended_ns;
	}
	emit_campaign(&emitter, reports, began_ns);
	json_array_foreach(reports, i, report)
		emit_report(&emitter, report, (int64_t)i);
	records_emit(records,
		     &(struct record){
			     .type = RECORD_CAMPAIGN_END,
			     .campaign_end = { .id = emitter.campaign,
					       .ended_unix_ns = ended_ns,
					       .end = "complete",
					       .operations = (int64_t)json_array_size(reports) } });
	return emitter.campaign;
}
