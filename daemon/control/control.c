// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: one connection, one campaign at a time. When the peer goes, a campaign in
 * progress is killed; when it has ended, idle is called. The campaign is freed in its own `ended`.
 */
#include "control/control.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/deadline.h"
#include "base/log.h"
#include "base/mem.h"
#include "campaign/campaign.h"
#include "control/arguments.h"
#include "qmp/stream.h"

struct control {
	struct ev_loop *loop;
	struct control_spec spec;
	struct qmp_stream *stream;
	bool negotiated, quitting;
	struct campaign *campaign;
	struct deadline progress, idle;
};

static void send_message(struct control *control, json_t *message)
{
	auto_free char *text = message ? json_dumps(message, JSON_COMPACT) : NULL;
	size_t size;

	json_decref(message);
	if (!text)
		abort(); /* a text of ours that is no UTF-8: err and failure see to that */
	size = strlen(text);
	text[size] = '\n'; /* in place of the NUL */
	qmp_stream_send(control->stream, text, size + 1);
}

/* data is stolen. */
static void send_event(struct control *control, const char *name, json_t *data)
{
	int64_t now = clock_unix_ns();

	send_message(control, json_pack("{s:s, s:o, s:{s:I, s:I}}", "event", name, "data", data,
					"timestamp", "seconds", (json_int_t)(now / CLOCK_NS_PER_S),
					"microseconds", (json_int_t)(now % CLOCK_NS_PER_S / 1000)));
}

static json_t *status(const struct control *control)
{
	struct campaign_progress progress = { 0 };
	json_t *id = json_null();

	if (control->campaign) {
		campaign_progress(control->campaign, &progress);
		id = json_integer((json_int_t)campaign_id(control->campaign));
	}
	return json_pack("{s:o, s:I, s:I, s:I, s:I, s:I, s:I}", "campaign", id, "elapsed-ns",
			 (json_int_t)progress.elapsed_ns, "duration-ns",
			 (json_int_t)progress.duration_ns, "loops-wanted",
			 (json_int_t)progress.loops_wanted, "operations",
			 (json_int_t)progress.operations, "loops", (json_int_t)progress.loops,
			 "failures", (json_int_t)progress.failures);
}

static void progress_due(void *ctx)
{
	struct control *control = ctx;

	send_event(control, "PROGRESS", status(control));
	deadline_start(control->loop, &control->progress, CONTROL_PROGRESS_NS);
}

static void call_idle(void *ctx)
{
	struct control *control = ctx;

	control->spec.idle(control->spec.ctx);
}

static void campaign_ended(void *ctx, enum exit_code code)
{
	struct control *control = ctx;
	json_t *data =
		json_pack("{s:I, s:i}", "campaign", (json_int_t)campaign_id(control->campaign),
			  "exit-code", (int)code);

	deadline_stop(control->loop, &control->progress);
	campaign_free(control->campaign);
	control->campaign = NULL;
	send_event(control, "CAMPAIGN_ENDED", data);
	if (control->quitting)
		deadline_start(control->loop, &control->idle, 0);
}

static int execute_run(struct control *control, json_t *arguments, json_t **ret_value,
		       struct err *err)
{
	struct campaign_spec spec = {
		.records = control->spec.records,
		.state = control->spec.state,
		.work = control->spec.work,
		.guests = control->spec.guests,
		.ended = campaign_ended,
		.ctx = control,
	};
	auto_free char *seed = NULL;
	struct profile *profile;
	int r;

	if (control->campaign)
		return err_set(err, -EBUSY, "campaign %" PRId64 " is in progress",
			       campaign_id(control->campaign));
	if (control->quitting)
		return err_set(err, -EBUSY, "qsoakd is about to end");
	r = arguments_profile(arguments, &profile, err);
	if (r < 0)
		return r;
	spec.seed = profile->seed;
	if (!profile->has_seed && getrandom(&spec.seed, sizeof(spec.seed), 0) < 0)
		abort(); /* the kernel's generator is up since boot */
	r = campaign_start(control->loop, &spec, profile, &control->campaign, err);
	if (r < 0)
		return r;
	seed = mem_printf("%" PRIu64, spec.seed);
	*ret_value = json_pack("{s:I, s:s}", "campaign", (json_int_t)campaign_id(control->campaign),
			       "seed", seed);
	deadline_start(control->loop, &control->progress, CONTROL_PROGRESS_NS);
	return 0;
}

static int execute_status(struct control *control, json_t *arguments, json_t **ret_value,
			  struct err *err)
{
	(void)arguments;
	(void)err;
	*ret_value = status(control);
	return 0;
}

static int execute_stop(struct control *control, json_t *arguments, json_t **ret_value,
			struct err *err)
{
	const char *mode = json_string_value(json_object_get(arguments, "mode"));
	bool drain = mode && !strcmp(mode, "drain");

	if (!drain && (!mode || strcmp(mode, "kill")))
		return err_set(err, -EINVAL, "mode: expected \"drain\" or \"kill\"");
	if (control->campaign)
		campaign_stop(control->campaign, drain ? SLOT_DRAIN : SLOT_KILL, true);
	*ret_value = json_object();
	return 0;
}

static int execute_capabilities(struct control *control, json_t *arguments, json_t **ret_value,
				struct err *err)
{
	(void)arguments;
	(void)err;
	control->negotiated = true;
	*ret_value = json_object();
	return 0;
}

static const struct command {
	const char *name;
	int (*execute)(struct control *control, json_t *arguments, json_t **ret_value,
		       struct err *err);
} commands[] = {
	{ "qmp_capabilities", execute_capabilities },
	{ "query-status", execute_status },
	{ "run", execute_run },
	{ "stop", execute_stop },
};

static int execute(struct control *control, json_t *message, json_t **ret_value, struct err *err)
{
	const char *name = json_string_value(json_object_get(message, "execute"));
	json_t *arguments = json_object_get(message, "arguments");

	if (!name)
		return err_set(err, -EINVAL, "expected a command: {\"execute\": NAME, ...}");
	if (arguments && !json_is_object(arguments))
		return err_set(err, -EINVAL, "%s: \"arguments\" is not an object", name);
	if (!control->negotiated && strcmp(name, "qmp_capabilities"))
		return err_set(err, -EINVAL, "%s: expected qmp_capabilities first", name);
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (!strcmp(commands[i].name, name))
			return commands[i].execute(control, arguments, ret_value, err);
	return err_set(err, -EINVAL, "%s: there is no such command", name);
}

static void message_in(void *ctx, json_t *message, const char *line, size_t size)
{
	struct control *control = ctx;
	struct err err = { 0 };
	json_t *value = NULL, *id = json_object_get(message, "id"), *reply;

	(void)line;
	(void)size;
	if (execute(control, message, &value, &err) < 0)
		reply = json_pack("{s:{s:s, s:s}}", "error", "class",
				  err.code == -EINVAL ? "InvalidParameter" : "GenericError", "desc",
				  err.text);
	else
		reply = json_pack("{s:o}", "return", value);
	if (reply && id)
		json_object_set(reply, "id", id);
	send_message(control, reply);
}

static void closed(void *ctx, const struct err *err)
{
	(void)err;
	control_quit(ctx);
}

static const struct qmp_stream_handler stream_handler = {
	.message = message_in,
	.closed = closed,
};

static bool record_in(void *ctx, const struct record *record, const struct record_durable *durable)
{
	struct control *control = ctx;
	const struct record_failure *failure = &record->failure;

	(void)durable;
	if (record->type == RECORD_FAILURE)
		send_event(control, "FAILURE",
			   json_pack("{s:I, s:I, s:I, s:I, s:s, s:s, s:s?, s:s, s:s, s:s?}",
				     "failure", (json_int_t)failure->id, "slot",
				     (json_int_t)failure->slot, "vm", (json_int_t)failure->vm,
				     "loops", (json_int_t)failure->loops, "build", failure->build,
				     "class", failure->class, "place", failure->place, "signature",
				     failure->signature, "detail", failure->detail, "incident",
				     failure->incident));
	return false;
}

struct control *control_new(struct ev_loop *loop, const struct control_spec *spec)
{
	struct control *control = mem_new(struct control);
	int version[3] = { 0 };

	control->loop = loop;
	control->spec = *spec;
	deadline_init(&control->progress, progress_due, control);
	deadline_init(&control->idle, call_idle, control);
	records_subscribe(spec->records, record_in, control);
	control->stream = qmp_stream_new(loop, spec->fd, &stream_handler, control);
	sscanf(QSOAK_VERSION, "%d.%d.%d", &version[0], &version[1], &version[2]);
	send_message(control, json_pack("{s:{s:{s:{s:i, s:i, s:i}, s:s}, s:[]}}", "QMP", "version",
					"qemu", "major", version[0], "minor", version[1], "micro",
					version[2], "package", "qsoakd", "capabilities"));
	return control;
}

void control_free(struct control *control)
{
	if (!control)
		return;
	deadline_stop(control->loop, &control->progress);
	deadline_stop(control->loop, &control->idle);
	campaign_free(control->campaign);
	qmp_stream_free(control->stream);
	free(control);
}

void control_quit(struct control *control)
{
	control->quitting = true;
	if (control->campaign)
		campaign_stop(control->campaign, SLOT_KILL, true);
	else
		deadline_start(control->loop, &control->idle, 0);
}

void control_fail(struct control *control, const struct err *err)
{
	log_error("%s", err->text);
	send_event(control, "DAEMON_FAILED", json_pack("{s:s}", "error", err->text));
	control_quit(control);
}
