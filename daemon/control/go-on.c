// SPDX-License-Identifier: GPL-2.0-or-later
/* Campaigns that go on: after a pause, an interruption, and the end of a qsoakd. */
#include "control/control-parts.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "control/arguments.h"
#include "store/resume.h"
#include "store/store.h"

static int go_on(struct control *control, int64_t campaign, json_t **ret_value, struct err *err)
{
	auto_free char *path = store_path(control->spec.state);
	struct resume *resume = mem_new(struct resume);
	struct profile *profile;
	int r = store_read_resume(path, campaign, QSOAK_VERSION, control->spec.boot, resume, err);

	if (r == 0)
		r = arguments_again(resume->request, resume->profile_text, &profile, err);
	if (r < 0) {
		resume_finish(resume);
		free(resume);
	} else {
		r = control_start_campaign(control, profile, strtoull(resume->seed, NULL, 10),
					   resume->request, resume, ret_value, err);
	}
	return r < 0 ? err_prefix(err, "campaign %" PRId64 " cannot go on", campaign) : 0;
}

/* The end of a pause. */
static int end_pause(struct control *control, int64_t campaign, json_t **ret_value, struct err *err)
{
	int64_t current = campaign_id(control->campaign);

	if ((campaign && campaign != current) || !control->pauses.why[PAUSE_USER])
		return control_may_start(control, err);
	control_pause(control, PAUSE_USER, NULL);
	*ret_value = json_pack("{s:I, s:s*}", "campaign", (json_int_t)current, "paused",
			       pauses_why(&control->pauses));
	return 0;
}

int service_resume(struct control *control, int64_t campaign, json_t **ret_value, struct err *err)
{
	auto_free char *path = store_path(control->spec.state);
	int r;

	if (control->campaign)
		return end_pause(control, campaign, ret_value, err);
	r = control_may_start(control, err);
	if (r == 0 && !campaign)
		r = store_find_interrupted(path, &campaign, err);
	if (r == -ENOENT && control->pauses.why[PAUSE_USER]) {
		control_pause(control, PAUSE_USER, NULL);
		*ret_value = json_pack("{s:n}", "campaign");
		return 0;
	}
	if (r < 0)
		return r;
	control_pause(control, PAUSE_USER, NULL);
	return go_on(control, campaign, ret_value, err);
}

void control_go_on(struct control *control)
{
	auto_free char *path = store_path(control->spec.state);
	auto_json json_t *value = NULL;
	struct record_campaign_end end = { .ended_unix_ns = clock_unix_ns(),
					   .end = "interrupted",
					   .exit_code = EXIT_INTERRUPTED,
					   .operations = -1 };
	struct err err = { 0 };
	bool stopping = false;

	if (store_find_open(path, &end.id, &err) < 0) {
		if (err.code != -ENOENT)
			log_warning("%s", err.text);
		return;
	}
	if (store_is_stopping(path, end.id, &stopping, &err) < 0)
		log_warning("%s", err.text);
	if (stopping)
		err_set(&err, -ECANCELED, "campaign %" PRId64 " was being stopped", end.id);
	else if (go_on(control, end.id, &value, &err) == 0)
		return;
	log_error("%s; `qsoak resume %" PRId64 "` tries it again", err.text, end.id);
	control->refused = mem_strdup(err.text);
	records_emit(control->spec.records,
		     &(struct record){ .type = RECORD_CAMPAIGN_END, .campaign_end = end });
}
