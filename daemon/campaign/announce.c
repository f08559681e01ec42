// SPDX-License-Identifier: GPL-2.0-or-later
/* The first records of a campaign. */
#include "campaign/announce.h"

#include <inttypes.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "campaign/budget.h"

/* Files of /proc and /sys that are looked at, and the length of a value. */
#define ENVIRONMENT_FILE_MAX 4096
#define ENVIRONMENT_VALUE_MAX 1024

/* Where a build has its modules is a part of it. */
#define MODULES "QEMU_MODULE_DIR="

/* What of /proc/cpuinfo is called key, of the first CPU; the caller frees, NULL: it says nothing. */
static char *cpuinfo(const char *key)
{
	auto_fclose FILE *f = fopen("/proc/cpuinfo", "re");
	char line[512];

	while (f && fgets(line, sizeof(line), f)) {
		const char *colon = strchr(line, ':');

		if (strncmp(line, key, strlen(key)) || !colon)
			continue;
		colon += strspn(colon, ": ");
		return mem_strndup(colon, strcspn(colon, "\n"));
	}
	return NULL;
}

static void emit(const struct announcement *a, struct record record)
{
	records_emit(a->records, &record);
}

static void emit_campaign(const struct announcement *a)
{
	auto_free char *seed = mem_printf("%" PRIu64, a->seed);
	auto_free char *cpu = cpuinfo("model name");
	struct utsname host;
	struct record_campaign_begin begin = {
		.id = a->campaign_id,
		.began_unix_ns = clock_unix_ns(),
		.name = a->profile->name,
		.profile_text = a->profile->text,
		.seed = seed,
		.accel = a->machine->accel,
		.accel_reason = a->accel_reason,
		.machine = a->profile->machine,
		.ram_bytes = a->profile->ram_bytes,
		.vms = a->profile->vms,
		.loops_per_build = a->profile->stop_loops_per_build,
		.host_cpu = cpu ? cpu : "unknown",
		.host_cpus = sysconf(_SC_NPROCESSORS_ONLN),
		.request = a->request,
		.qsoak = QSOAK_VERSION,
		.boot = a->boot,
	};

	uname(&host);
	begin.host_name = host.nodename;
	begin.host_kernel = host.release;
	emit(a, (struct record){ .type = RECORD_CAMPAIGN_BEGIN, .campaign_begin = begin });
}

static void emit_build(const struct announcement *a, const struct build *build)
{
	struct record_build record = {
		.id = build->id,
		.campaign_id = a->campaign_id,
		.name = build->spec.name,
		.binary = build->spec.binary,
		.version = build->version,
		.build_id = build->identity.build_id,
		.sha256 = build->identity.sha256,
		.sandbox = build->sandbox,
		.origin = build->spec.origin,
	};

	emit(a, (struct record){ .type = RECORD_BUILD, .build = record });
}

static void emit_comparison(const struct announcement *a)
{
	const struct profile_compare *compare = &a->profile->compare;
	struct record_metric list[METRIC_COUNT];
	struct record_comparison comparison = {
		.campaign_id = a->campaign_id,
		.a_build_id = a->builds[0].id,
		.b_build_id = a->builds[1].id,
		.loops_per_vm = a->profile->loops_per_vm,
		.warm_up_loops = compare->warm_up,
		.looks = compare->looks,
		.look_count = compare->look_count,
		.metrics = list,
		.metric_count = compare->metric_count,
	};

	for (size_t i = 0; i < compare->metric_count; i++)
		list[i] = (struct record_metric){ compare->metrics[i].metric->name,
						  compare->metrics[i].margin };
	emit(a, (struct record){ .type = RECORD_COMPARISON, .comparison = comparison });
}

static uint64_t sum_of(const char *text)
{
	uint64_t sum = 0;

	for (; *text; text++)
		sum = random_mix(sum ^ (uint8_t)*text);
	return sum;
}

/* build: NULL for the host. What is cut has a sum of all of it: two that differ stay different. Nothing is said of what is not known. */
static void emit_environment(const struct announcement *a, const struct build *build,
			     const char *key, const char *value)
{
	char text[ENVIRONMENT_VALUE_MAX];

	if (!value)
		return;
	if (strlen(value) < sizeof(text))
		snprintf(text, sizeof(text), "%s", value);
	else
		snprintf(text, sizeof(text), "%.*s... (%016" PRIx64 ")", ENVIRONMENT_VALUE_MAX - 32,
			 value, sum_of(value));
	emit(a, (struct record){ .type = RECORD_ENVIRONMENT,
				 .environment = { .campaign_id = a->campaign_id,
						  .build_id = build ? build->id : 0,
						  .key = key,
						  .value = text } });
}

static void emit_file(const struct announcement *a, const char *key, const char *path)
{
	auto_free char *text = NULL;
	struct err ignored = { 0 };
	size_t size;

	if (file_read(path, key, ENVIRONMENT_FILE_MAX, &text, &size, &ignored) < 0)
		return;
	text[strcspn(text, "\n")] = '\0';
	emit_environment(a, NULL, key, text);
}

/* A limit that is not in force is no limit: that is worth knowing. */
static void emit_limits(const struct announcement *a)
{
	auto_free char *limits = NULL, *missing = NULL;

	budget_tell(a->profile, a->machine->cgroups, &limits, &missing);
	emit_environment(a, NULL, "vm-limits", limits);
	emit_environment(a, NULL, "vm-limits-missing", missing);
	if (missing)
		log_warning("VMs run without the limits of fleet: %s: no control group with these "
			    "controllers is delegated to qsoakd",
			    missing);
}

static void emit_host(const struct announcement *a)
{
	static const struct {
		const char *key, *path;
	} files[] = {
		{ "governor", "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor" },
		{ "boost", "/sys/devices/system/cpu/cpufreq/boost" },
		{ "no-turbo", "/sys/devices/system/cpu/intel_pstate/no_turbo" },
		{ "smt", "/sys/devices/system/cpu/smt/control" },
		{ "transparent-hugepages", "/sys/kernel/mm/transparent_hugepage/enabled" },
		{ "clocksource",
		  "/sys/devices/system/clocksource/clocksource0/current_clocksource" },
	};
	auto_free char *cpus = mem_printf("%ld", sysconf(_SC_NPROCESSORS_ONLN));
	auto_free char *ram = mem_printf("%lld MiB", (long long)a->profile->ram_bytes >> 20);
	auto_free char *vcpus = mem_printf("%u", a->profile->vcpus);
	auto_free char *cpu = cpuinfo("model name");
	auto_free char *microcode = cpuinfo("microcode");
	struct utsname host;

	uname(&host);
	emit_environment(a, NULL, "host", host.nodename);
	emit_environment(a, NULL, "kernel", host.release);
	emit_environment(a, NULL, "kernel-build", host.version);
	emit_environment(a, NULL, "cpu", cpu);
	emit_environment(a, NULL, "cpus", cpus);
	emit_environment(a, NULL, "microcode", microcode);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		emit_file(a, files[i].key, files[i].path);
	emit_environment(a, NULL, "accelerator", a->machine->accel);
	emit_environment(a, NULL, "machine", a->profile->machine);
	emit_environment(a, NULL, "ram", ram);
	emit_environment(a, NULL, "vcpus", vcpus);
	emit_limits(a);
}

/* The words of a list, but for those that begin so (or NULL); NULL for none. */
static char *joined(char *const *words, const char *without)
{
	char *text = NULL;

	for (; *words; words++)
		if (!without || strncmp(*words, without, strlen(without)))
			mem_append(&text, " ", "%s", *words);
	return text;
}

/* Which sanitizers a build has: the libraries of their runtimes, or NULL. */
static char *sanitizers(const char *libraries)
{
	auto_free char *words = libraries ? mem_strdup(libraries) : NULL;
	char *text = NULL, *rest = NULL;

	for (char *word = words ? strtok_r(words, " ", &rest) : NULL; word;
	     word = strtok_r(NULL, " ", &rest))
		if (strstr(word, "san.so"))
			mem_append(&text, " ", "%s", word);
	return text;
}

static void emit_build_environment(const struct announcement *a, const struct build *build)
{
	auto_free char *args = joined(build->spec.args, NULL),
		       *env = joined(build->spec.env, MODULES);
	auto_free char *trace = joined(build->spec.trace, NULL),
		       *wrapper = joined(build->spec.wrapper, NULL);
	auto_free char *checked = sanitizers(build->identity.libraries);

	emit_environment(a, build, "sandbox", build->sandbox ? "on" : "off");
	emit_environment(a, build, "args", args);
	emit_environment(a, build, "env", env);
	emit_environment(a, build, "trace", trace);
	emit_environment(a, build, "wrapper", wrapper);
	emit_environment(a, build, "sanitizers", checked);
	emit_environment(a, build, "libraries", build->identity.libraries);
}

static bool same_words(char *const *a, char *const *b, const char *without)
{
	auto_free char *x = joined(a, without), *y = joined(b, without);

	return x && y ? !strcmp(x, y) : x == y;
}

/* What report/environment.h calls serious; better known before all blocks were done. */
static void warn_of_differences(const struct announcement *a)
{
	const struct build_spec *x = &a->builds[0].spec, *y = &a->builds[1].spec;
	const struct {
		const char *what;
		bool same;
	} rules[] = {
		{ "args", same_words(x->args, y->args, NULL) },
		{ "env", same_words(x->env, y->env, MODULES) },
		{ "trace", same_words(x->trace, y->trace, NULL) },
		{ "wrapper", same_words(x->wrapper, y->wrapper, NULL) },
		{ "sandbox", a->builds[0].sandbox == a->builds[1].sandbox },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
		if (!rules[i].same)
			log_warning(
				"builds %s and %s differ in their %s: to compare them will take "
				"`qsoak compare --force`",
				x->name, y->name, rules[i].what);
}

/* If qsoakd is killed now, the campaign goes on from here. */
static void emit_last(const struct announcement *a, struct record record)
{
	records_emit_synced(a->records, &record);
}

void announce(const struct announcement *a)
{
	emit_campaign(a);
	for (size_t i = 0; i < a->profile->build_count; i++)
		emit_build(a, &a->builds[i]);
	if (a->profile->compare.on && a->profile->build_count == 2) {
		emit_comparison(a);
		warn_of_differences(a);
	}
	emit_host(a);
	for (size_t i = 0; i < a->profile->build_count; i++)
		emit_build_environment(a, &a->builds[i]);
	emit_last(a, (struct record){ .type = RECORD_ENVIRONMENT,
				      .environment = { .campaign_id = a->campaign_id,
						       .key = "guest",
						       .value = a->profile->guest } });
}

void announce_again(const struct announcement *a, const struct resume *resume)
{
	struct record_campaign_resume again = { .id = a->campaign_id,
						.accel = a->machine->accel,
						.accel_reason = a->accel_reason,
						.qsoak = QSOAK_VERSION,
						.boot = a->boot };
	struct record_gap gap = { .campaign_id = a->campaign_id,
				  .began_unix_ns = resume->gap_began_unix_ns,
				  .ended_unix_ns = clock_unix_ns(),
				  .reason = resume->gap_reason };

	emit(a, (struct record){ .type = RECORD_CAMPAIGN_RESUME, .campaign_resume = again });
	if (resume->in_gap)
		emit_last(a, (struct record){ .type = RECORD_GAP_END,
					      .gap_end = { a->campaign_id, gap.ended_unix_ns } });
	else
		emit_last(a, (struct record){ .type = RECORD_GAP, .gap = gap });
}
