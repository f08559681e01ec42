// SPDX-License-Identifier: GPL-2.0-or-later
/* From rows of a store to reports of guestperf. */
#include "report/guestperf.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "report/field.h"
#include "report/json.h"

/* What ends a range of steps. */
#define STEP_BEFORE_COPY "setup" /* its end */
#define STEP_COPY "migrate"

#define GIB (1024.0 * 1024 * 1024)

bool guestperf_is_migration(const json_t *operation)
{
	return field_says(operation, "kind", "migrate") &&
	       !field_says(operation, "outcome", "running");
}

/* Whole numbers as such: guestperf has no others where it counts. */
static json_t *number(double value)
{
	if (value == floor(value) && fabs(value) < 9e15)
		return json_integer((json_int_t)value);
	return report_json_real(value);
}

/* null where it was not measured. */
static json_t *measure(const struct guestperf_migration *m, const char *name)
{
	json_t *row;
	size_t i;

	json_array_foreach(m->measures, i, row)
		if (field_says(row, "name", name) && json_is_number(json_object_get(row, "value")))
			return number(json_number_value(json_object_get(row, "value")));
	return json_null();
}

/* --- what the machine had --- */

/* What stands behind an option of a command line, as a number; 0: it is not there. suffix: what
 * follows it. */
static double option_of(json_t *argv, const char *option, const char **ret_suffix)
{
	*ret_suffix = "";
	for (size_t i = 0; i + 1 < json_array_size(argv); i++) {
		const char *word = json_string_value(json_array_get(argv, i));
		const char *value = json_string_value(json_array_get(argv, i + 1));
		unsigned long number;
		char *end;

		if (!word || !value || strcmp(word, option) || *value < '0' || *value > '9')
			continue;
		number = strtoul(value, &end, 10);
		*ret_suffix = value + (end - value);
		return (double)number;
	}
	return 0;
}

/* Of QEMU's -m: MiB, or with a suffix. 0: not known. */
static double ram_bytes(json_t *argv)
{
	static const char suffixes[] = "KMGT";
	const char *suffix;
	double size = option_of(argv, "-m", &suffix);
	const char *at = *suffix ? strchr(suffixes, *suffix) : suffixes + 1;

	return at ? ldexp(size, 10 * (int)(at - suffixes + 1)) : 0;
}

static json_t *hardware(json_t *argv)
{
	const char *suffix;
	double cpus = option_of(argv, "-smp", &suffix), ram = ram_bytes(argv);

	return json_pack("{s:o, s:o, s:[], s:[], s:[], s:[], s:b, s:b, s:b, s:i}", "cpus",
			 cpus > 0 ? number(cpus) : json_null(), "mem",
			 ram > 0 ? number(ram / GIB) : json_null(), "src_cpu_bind", "src_mem_bind",
			 "dst_cpu_bind", "dst_mem_bind", "prealloc_pages", 0, "huge_pages", 0,
			 "locked_pages", 0, "dirty_ring_size", 0);
}

/* --- how it was migrated --- */

static char *describe(const struct guestperf_migration *m)
{
	const char *name = field_text(m->campaign, "name");
	const char *build = field_text(m->operation, "build");
	const char *dst = field_text(m->operation, "dst_build");

	return mem_printf("%s %s%s%s operation %lld", name ? name : "-", build ? build : "-",
			  dst ? " -> " : "", dst ? dst : "",
			  (long long)field_integer(m->operation, "id"));
}

static bool has_step(const struct guestperf_migration *m, const char *name)
{
	json_t *step;
	size_t i;

	json_array_foreach(m->steps, i, step)
		if (field_says(step, "name", name))
			return true;
	return false;
}

static json_t *scenario(const struct guestperf_migration *m)
{
	static const char *const unknown[] = {
		"downtime", "bandwidth",	"max_iters",
		"max_time", "multifd_channels", "multifd_compression"
	};
	static const char *const off[] = { "pause",	     "post_copy",	   "auto_converge",
					   "compression_mt", "compression_xbzrle", "dirty_limit" };
	/* They mean nothing while what they belong to is off, and its plots want numbers. */
	static const char *const unused[] = {
		"pause_iters",
		"post_copy_iters",
		"auto_converge_step",
		"compression_mt_threads",
		"compression_xbzrle_cache",
		"x_vcpu_dirty_limit_period",
		"vcpu_dirty_limit",
	};
	auto_json json_t *multifd = measure(m, "multifd_bytes");
	auto_free char *name = describe(m);
	json_t *object = json_pack("{s:o}", "name", report_json_string(name));

	for (size_t i = 0; i < ARRAY_SIZE(unknown); i++)
		json_object_set_new(object, unknown[i], json_null());
	for (size_t i = 0; i < ARRAY_SIZE(off); i++)
		json_object_set_new(object, off[i], json_false());
	for (size_t i = 0; i < ARRAY_SIZE(unused); i++)
		json_object_set_new(object, unused[i], json_integer(0));
	/* Builds that do not tell these bytes leave it open. */
	json_object_set_new(object, "multifd",
			    json_is_null(multifd) ? json_null()
						  : json_boolean(json_number_value(multifd) > 0));
	return object;
}

/* --- how it went --- */

/* When the step of that name ended, or with begin: when it began. Steps come one after the other.
 * 0: that is not known. */
static int64_t step_unix_ns(const struct guestperf_migration *m, const char *name, bool begin)
{
	int64_t at_ns = field_integer(m->operation, "began_unix_ns");
	json_t *step;
	size_t i;

	if (at_ns <= 0)
		return 0;
	json_array_foreach(m->steps, i, step) {
		int64_t duration_ns = field_integer(step, "duration_ns");
		bool it = field_says(step, "name", name);

		if (it && begin)
			return at_ns;
		if (!field_known(step, "duration_ns") || duration_ns < 0 ||
		    __builtin_add_overflow(at_ns, duration_ns, &at_ns))
			return 0;
		if (it)
			return at_ns;
	}
	return 0;
}

static json_t *unix_s(int64_t unix_ns)
{
	return unix_ns > 0 ? json_real((double)unix_ns / CLOCK_NS_PER_S) : json_null();
}

/* A point of the history of which the time is all that is known. Takes duration over. */
static json_t *point(const char *status, int64_t unix_ns, json_t *duration)
{
	static const char *const of_ram[] = {
		"transferred_bytes", "remaining_bytes", "total_bytes",	"duplicate_pages",
		"skipped_pages",     "normal_pages",	"normal_bytes", "dirty_rate_pps",
		"transfer_rate_mbs", "iterations",
	};
	json_t *ram = json_object();

	for (size_t i = 0; i < ARRAY_SIZE(of_ram); i++)
		json_object_set_new(ram, of_ram[i], json_null());
	return json_pack("{s:s, s:o, s:o, s:o, s:n, s:n, s:n, s:i, s:n, s:n}", "status", status,
			 "ram", ram, "now", unix_s(unix_ns), "duration", duration, "downtime",
			 "downtime_expected", "setup_time", "throttle_pcent", 0,
			 "dirty_limit_throttle_time_per_round", "dirty_limit_ring_full_time");
}

static json_t *last_point(const struct guestperf_migration *m, json_t *argv)
{
	bool ok = field_says(m->operation, "outcome", "ok");
	double bytes = ram_bytes(argv);
	int64_t at_ns = step_unix_ns(m, STEP_COPY, false);
	json_t *object, *ram;

	if (!at_ns && __builtin_add_overflow(field_integer(m->operation, "began_unix_ns"),
					     field_integer(m->operation, "duration_ns"), &at_ns))
		at_ns = 0;
	object = point(ok					       ? "completed"
		       : field_says(m->operation, "outcome", "failed") ? "failed"
								       : "cancelled",
		       at_ns, measure(m, "total_ms"));
	ram = json_object_get(object, "ram");
	json_object_set_new(object, "downtime", measure(m, "downtime_ms"));
	json_object_set_new(object, "setup_time", measure(m, "setup_ms"));
	json_object_set_new(ram, "transferred_bytes", measure(m, "transferred_bytes"));
	json_object_set_new(ram, "transfer_rate_mbs", measure(m, "throughput_mbps"));
	json_object_set_new(ram, "iterations", measure(m, "passes"));
	json_object_set_new(ram, "total_bytes", bytes > 0 ? number(bytes) : json_null());
	if (ok)
		json_object_set_new(ram, "remaining_bytes", json_integer(0));
	return object;
}

static json_t *history(const struct guestperf_migration *m, json_t *argv)
{
	int64_t setup_ns = step_unix_ns(m, STEP_BEFORE_COPY, true);
	int64_t copy_ns = step_unix_ns(m, STEP_BEFORE_COPY, false);
	json_t *list = json_array();

	if (setup_ns)
		json_array_append_new(list, point("setup", setup_ns, json_integer(0)));
	if (copy_ns)
		json_array_append_new(list,
				      point("active", copy_ns,
					    json_integer((copy_ns - setup_ns) / CLOCK_NS_PER_MS)));
	json_array_append_new(list, last_point(m, argv));
	return list;
}

/* Everything else, under names of our own. */
static json_t *ours(const struct guestperf_migration *m)
{
	json_t *object = json_deep_copy(m->operation), *measures = json_object(), *row;
	size_t i;

	json_array_foreach(m->measures, i, row)
		if (field_text(row, "name"))
			json_object_set(measures, field_text(row, "name"),
					json_object_get(row, "value"));
	if (!json_is_object(object)) {
		json_decref(object);
		object = json_object();
	}
	json_object_set_new(object, "measures", measures);
	return object;
}

json_t *guestperf_report(const struct guestperf_migration *m)
{
	const char *text = field_text(m->run, "argv");
	auto_json json_t *parsed = text ? json_loads(text, 0, NULL) : NULL;
	json_t *argv = parsed ? parsed : json_object_get(m->run, "argv");

	return json_pack("{s:o, s:o, s:o, s:[], s:[], s:[], s:o, s:s, s:n, s:n, s:o, s:i, s:o}",
			 "hardware", hardware(argv), "scenario", scenario(m), "progress_history",
			 history(m, argv), "guest_timings", "qemu_timings", "vcpu_timings",
			 "binary", report_json_string(field_text(m->build, "binary")), "dst_host",
			 "localhost", "kernel", "initrd", "transport",
			 json_string(has_step(m, "address") ? "tcp" : "unix"), "sleep", 0, "qsoak",
			 ours(m));
}
