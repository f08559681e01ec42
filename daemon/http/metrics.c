// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * /metrics, for Prometheus and whoever reads its formats: OpenMetrics 1.0 where the client asks for it, else
 * Prometheus' text format 0.0.4, which differ in the names of counters and in the end.
 *
 * All of it is at hand: nothing is read from the store for it.
 */
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "control/counters.h"
#include "control/service.h"
#include "http/request.h"
#include "report/field.h"
#include "watch/proc.h"

#define OPENMETRICS "application/openmetrics-text"

struct scrape {
	FILE *out;
	const char *name; /* of the samples, with "_total" where it is a counter */
	const struct control *control;
	const struct counters *counters;
	json_t *status; /* of query-status */
};

struct family {
	const char *name; /* without "_total" */
	const char *type;
	const char *help;
	void (*print)(const struct scrape *scrape);
};

/* label: NULL for none; its value may be anybody's text. */
static void sample(const struct scrape *scrape, const char *label, const char *label_value,
		   double value)
{
	fputs(scrape->name, scrape->out);
	if (label) {
		fprintf(scrape->out, "{%s=\"", label);
		for (; *label_value; label_value++) {
			if (*label_value == '\n')
				fputs("\\n", scrape->out);
			else if (*label_value == '"' || *label_value == '\\')
				fprintf(scrape->out, "\\%c", *label_value);
			else
				fputc(*label_value, scrape->out);
		}
		fputs("\"}", scrape->out);
	}
	fprintf(scrape->out, " %.17g\n", value);
}

static void of_status(const struct scrape *scrape, const char *key, double unit)
{
	sample(scrape, NULL, NULL, (double)field_integer(scrape->status, key) / unit);
}

static void build_info(const struct scrape *scrape)
{
	sample(scrape, "version", QSOAK_VERSION, 1);
}

static void campaign_info(const struct scrape *scrape)
{
	if (field_known(scrape->status, "name"))
		sample(scrape, "name", field_text(scrape->status, "name"), 1);
}

static void campaign_active(const struct scrape *scrape)
{
	sample(scrape, NULL, NULL, field_known(scrape->status, "campaign"));
}

static void campaign_elapsed(const struct scrape *scrape)
{
	of_status(scrape, "elapsed-ns", CLOCK_NS_PER_S);
}

static void campaign_duration(const struct scrape *scrape)
{
	of_status(scrape, "duration-ns", CLOCK_NS_PER_S);
}

static void campaign_loops(const struct scrape *scrape)
{
	of_status(scrape, "loops", 1);
}

static void campaign_failures(const struct scrape *scrape)
{
	of_status(scrape, "failures", 1);
}

static void held(const struct scrape *scrape)
{
	of_status(scrape, "held", 1);
}

static void lag(const struct scrape *scrape)
{
	of_status(scrape, "loop-lag-ns", CLOCK_NS_PER_S);
}

/* There is none where nothing is pushed, and no age before the first push. */
static void upstream_age(const struct scrape *scrape)
{
	json_t *upstream = json_object_get(scrape->status, "upstream");

	if (field_known(upstream, "age-ns"))
		sample(scrape, NULL, NULL,
		       (double)field_integer(upstream, "age-ns") / CLOCK_NS_PER_S);
}

static void upstream_failing(const struct scrape *scrape)
{
	json_t *upstream = json_object_get(scrape->status, "upstream");

	if (json_is_object(upstream))
		sample(scrape, NULL, NULL, field_known(upstream, "failing"));
}

/* Only the states that are there. */
static void slots(const struct scrape *scrape)
{
	auto_json json_t *counts = json_object();
	json_t *slot, *count;
	const char *state;
	size_t i;

	json_array_foreach(json_object_get(scrape->status, "slots"), i, slot) {
		state = field_text(slot, "state");
		count = json_object_get(counts, state);
		json_object_set_new(counts, state, json_integer(json_integer_value(count) + 1));
	}
	json_object_foreach(counts, state, count)
		sample(scrape, "state", state, (double)json_integer_value(count));
}

static void paused(const struct scrape *scrape)
{
	for (int cause = 0; cause < PAUSE_CAUSE_COUNT; cause++)
		sample(scrape, "cause", pause_cause_name((enum pause_cause)cause),
		       service_is_paused(scrape->control, (enum pause_cause)cause));
}

static void operations(const struct scrape *scrape)
{
	for (int outcome = 0; outcome < OP_OUTCOME_COUNT; outcome++)
		sample(scrape, "outcome", op_outcome_name((enum op_outcome)outcome),
		       (double)scrape->counters->operations[outcome]);
}

static void failures(const struct scrape *scrape)
{
	for (int class = 0; class < FAILURE_CLASS_COUNT; class ++)
		sample(scrape, "class", failure_class_name((enum failure_class) class),
		       (double)scrape->counters->failures[class]);
}

static void expected_failures(const struct scrape *scrape)
{
	sample(scrape, NULL, NULL, (double)scrape->counters->expected);
}

static void new_signatures(const struct scrape *scrape)
{
	sample(scrape, NULL, NULL, (double)scrape->counters->new_signatures);
}

static void loops(const struct scrape *scrape)
{
	sample(scrape, NULL, NULL, (double)scrape->counters->loops);
}

static void runs(const struct scrape *scrape)
{
	sample(scrape, NULL, NULL, (double)scrape->counters->runs);
}

static void own_memory(const struct scrape *scrape)
{
	sample(scrape, NULL, NULL, (double)proc_own_bytes(getpid()));
}

static void own_descriptors(const struct scrape *scrape)
{
	sample(scrape, NULL, NULL, (double)proc_descriptors(getpid()));
}

static void own_cpu(const struct scrape *scrape)
{
	struct rusage used;

	getrusage(RUSAGE_SELF, &used);
	sample(scrape, NULL, NULL,
	       (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
		       (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6);
}

static const struct family families[] = {
	{ "qsoak_build_info", "gauge", "Version of qsoakd.", build_info },
	{ "qsoak_campaign_active", "gauge", "Whether a campaign is in progress.", campaign_active },
	{ "qsoak_campaign_info", "gauge", "Name of the campaign in progress.", campaign_info },
	{ "qsoak_campaign_elapsed_seconds", "gauge", "How long it has been at work, without gaps.",
	  campaign_elapsed },
	{ "qsoak_campaign_duration_seconds", "gauge",
	  "How long it is to be at work; 0 for no such end.", campaign_duration },
	{ "qsoak_campaign_loops", "gauge", "Loops that it has finished.", campaign_loops },
	{ "qsoak_campaign_failures", "gauge", "Failures that it has found.", campaign_failures },
	{ "qsoak_slots", "gauge", "Slots of the campaign in progress by what they do.", slots },
	{ "qsoak_held_vms", "gauge", "VMs that are kept for a debugger.", held },
	{ "qsoak_paused", "gauge", "Whether campaigns are paused, by cause.", paused },
	{ "qsoak_loop_lag_seconds", "gauge", "Longest turn of the loop in the last minute.", lag },
	{ "qsoak_upstream_age_seconds", "gauge",
	  "Time since the last push upstream that ended well.", upstream_age },
	{ "qsoak_upstream_failing", "gauge", "Whether pushes upstream fail.", upstream_failing },
	{ "qsoak_operations", "counter", "Operations that ended.", operations },
	{ "qsoak_loops", "counter", "Loops that were finished.", loops },
	{ "qsoak_runs", "counter", "QEMU processes that were started.", runs },
	{ "qsoak_failures", "counter", "Failures that were found.", failures },
	{ "qsoak_expected_failures", "counter", "Failures that the profile expects.",
	  expected_failures },
	{ "qsoak_new_signatures", "counter",
	  "Failures with a signature that the store did not have.", new_signatures },
	{ "process_private_memory_bytes", "gauge",
	  "Resident memory that qsoakd shares with nobody.", own_memory },
	{ "process_open_fds", "gauge", "Open descriptors of qsoakd.", own_descriptors },
	{ "process_cpu_seconds", "counter", "CPU time of qsoakd.", own_cpu },
};

static char *scrape_text(const struct control *control, bool openmetrics)
{
	auto_json json_t *status = service_status(control, true);
	struct scrape scrape = { .control = control,
				 .counters = service_counters(control),
				 .status = status };
	char *text = NULL;
	size_t size;

	scrape.out = open_memstream(&text, &size);
	if (!scrape.out)
		abort();
	for (size_t i = 0; i < ARRAY_SIZE(families); i++) {
		const struct family *family = &families[i];
		bool counter = !strcmp(family->type, "counter");
		auto_free char *name = mem_printf("%s%s", family->name, counter ? "_total" : "");
		const char *head = openmetrics ? family->name : name;

		fprintf(scrape.out, "# HELP %s %s\n# TYPE %s %s\n", head, family->help, head,
			family->type);
		scrape.name = name;
		family->print(&scrape);
	}
	if (openmetrics)
		fputs("# EOF\n", scrape.out);
	fclose(scrape.out);
	return text;
}

enum MHD_Result http_answer_metrics(struct http_request *request, const char *rest)
{
	const char *accept =
		MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, "Accept");
	bool openmetrics = accept && strstr(accept, OPENMETRICS);

	(void)rest;
	return http_send(request, MHD_HTTP_OK,
			 openmetrics ? OPENMETRICS "; version=1.0.0; charset=utf-8"
				     : "text/plain; version=0.0.4; charset=utf-8",
			 scrape_text(http_control(request->http), openmetrics));
}
