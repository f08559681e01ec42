// SPDX-License-Identifier: GPL-2.0-or-later
/* What the service says of itself. */
#include "control/control-parts.h"

#include <inttypes.h>

#include "base/lag.h"
#include "base/mem.h"
#include "control/pushes.h"
#include "report/json.h"

json_t *control_slot_object(const struct campaign *campaign, unsigned slot)
{
	struct slot_status status;
	json_t *pids;

	campaign_slot_status(campaign, slot, &status);
	pids = json_array();
	for (size_t i = 0; i < status.pid_count; i++)
		json_array_append_new(pids, json_integer(status.pids[i]));
	return json_pack("{s:i, s:i, s:s, s:s, s:s?, s:s?, s:I, s:o, s:o}", "slot", status.slot,
			 "vm", status.vm, "build", status.build, "state", status.state, "operation",
			 status.operation, "step", status.step, "loops", (json_int_t)status.loops,
			 "incident",
			 status.incident ? json_integer((json_int_t)status.incident) : json_null(),
			 "pids", pids);
}

json_t *service_status(const struct control *control, bool slots)
{
	const struct campaign *campaign = control->campaign;
	struct campaign_progress progress = { 0 };
	json_t *status, *list;

	if (campaign)
		campaign_progress(campaign, &progress);
	status = json_pack(
		"{s:o, s:s?, s:b, s:s?, s:o, s:s?, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, "
		"s:I, s:I, s:i, s:b, s:s?, s:I, s:o}",
		"campaign", service_campaign_or_null(control), "name",
		campaign ? campaign_name(campaign) : NULL, "stopping", (int)control->stopping,
		"paused", pauses_why(&control->pauses), "set-aside",
		report_json_string(control->spec.set_aside), "refused", control->refused,
		"elapsed-ns", (json_int_t)progress.elapsed_ns, "duration-ns",
		(json_int_t)progress.duration_ns, "loops-wanted", (json_int_t)progress.loops_wanted,
		"vms-wanted", (json_int_t)progress.vms_wanted, "vms", (json_int_t)progress.vms,
		"blocks", (json_int_t)progress.blocks, "blocks-wanted",
		(json_int_t)progress.blocks_wanted, "operations", (json_int_t)progress.operations,
		"loops", (json_int_t)progress.loops, "failures", (json_int_t)progress.failures,
		"expected", (json_int_t)progress.expected, "held", (int)progress.held, "only-held",
		(int)progress.only_held, "http", control->http, "loop-lag-ns",
		(json_int_t)lag_longest_ns(control->lag), "upstream",
		pushes_status(control->pushes));
	if (!slots)
		return status;
	list = json_array();
	for (unsigned i = 0; campaign && i < campaign_slots(campaign); i++)
		json_array_append_new(list, control_slot_object(campaign, i));
	json_object_set_new(status, "slots", list);
	return status;
}

char *control_status_line(const struct control *control)
{
	const char *why = pauses_why(&control->pauses);
	struct campaign_progress progress;

	if (!control->campaign)
		return mem_strdup("no campaign is in progress");
	campaign_progress(control->campaign, &progress);
	return mem_printf("campaign %" PRId64 " %s: %" PRId64 " loops, %" PRId64 " failures%s%s",
			  campaign_id(control->campaign), campaign_name(control->campaign),
			  progress.loops, progress.failures, why ? ", paused: " : "",
			  why ? why : "");
}

struct reader *service_reader(const struct control *control)
{
	return control->reader;
}

bool service_is_late(const struct control *control)
{
	return lag_turn_ns(control->lag) > CONTROL_TURN_NS;
}

int64_t service_campaign(const struct control *control)
{
	return control->campaign ? campaign_id(control->campaign) : 0;
}

json_t *service_campaign_or_null(const struct control *control)
{
	return control->campaign ? json_integer((json_int_t)campaign_id(control->campaign))
				 : json_null();
}

const struct counters *service_counters(const struct control *control)
{
	return &control->counters;
}

bool service_is_paused(const struct control *control, enum pause_cause cause)
{
	return control->pauses.why[cause] != NULL;
}
