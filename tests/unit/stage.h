/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A stage for operations: a VM whose QEMUs are puppets, with what they answer in a table.
 *
 * A test raises the curtain (a VM with a guest that runs, and the operation begun), turns the loop
 * until something is so, and drops it. In the step under test, if there is one, the peers hold
 * their breath: they keep the command, and the guests stand.
 */
#ifndef QSOAK_TESTS_UNIT_STAGE_H
#define QSOAK_TESTS_UNIT_STAGE_H

#include "tests/unit/puppet.h"

#include <fcntl.h>

#include "op/step.h"
#include "vm/direct.h"

#define SCHEMA "tests/data/qmp-schema-7.2.json"
#define RAM_BYTES (16ll << 20)
#define TICKS_BEGIN 1000
/* So many in a turn of the loop that no time on the stage is too short for a rate. */
#define TICKS_TURN (1 << 20)
#define BITMAP_BYTES 65536
/* Turns of the loop in which what should not come has the time to come. */
#define TURNS_AFTER 5

enum order { REPLY_FIRST, EVENTS_FIRST, ORDERS };

struct peer {
	struct puppet puppet;
	bool there, runs, exits, multifd;
	int64_t bandwidth;
	int64_t bitmap_bytes; /* that its disk's dirty bitmap marks */
	int asked;	      /* for the figures of its migration */
	int exit_status;
	char job[64];
	const char *status; /* of its migration */
	json_t *held;	    /* the command of the step under test */
};

struct stage {
	struct ev_loop *loop;
	ev_timer pulse; /* so that a turn of the loop has an end */
	char *scratch;
	int listener;
	struct records *records;
	struct build build;
	struct machine machine;
	int64_t limit_ns[LIMIT_COUNT];
	struct vm *vm;
	struct op *op;
	struct peer peer[OP_SIDE_COUNT];
	enum order order;
	const char *target; /* step under test, or NULL */
	enum op_kind kind;
	bool holds;
	bool moved;	    /* the guest has migrated */
	uint64_t turn;	    /* ticks that a guest does in a turn of the loop */
	bool loads_nothing; /* a load and a migration leave the guest's generation behind */

	unsigned dones, begins, ends;
	struct op_result result;
	char steps[OP_STEPS_MAX][32];
	size_t step_count;
	struct story measures;
	double brownout; /* -1: was not measured */
};

/* What the peers say. */

static void say_event(struct peer *peer, const char *name, json_t *data)
{
	puppet_say(&peer->puppet, json_pack("{s:s, s:{s:i, s:i}, s:o*}", "event", name, "timestamp",
					    "seconds", 1, "microseconds", 5, "data", data));
}

static void say_migration(struct peer *peer, const char *status)
{
	peer->status = status;
	say_event(peer, "MIGRATION", json_pack("{s:s}", "status", status));
}

static void say_job(struct peer *peer, const char *status)
{
	say_event(peer, "JOB_STATUS_CHANGE",
		  json_pack("{s:s, s:s}", "id", peer->job, "status", status));
}

static void stop(struct peer *peer)
{
	peer->runs = false;
	say_event(peer, "STOP", NULL);
}

static void resume(struct peer *peer)
{
	peer->runs = true;
	say_event(peer, "RESUME", NULL);
}

static void exit_soon(struct peer *peer, int status)
{
	peer->exits = true;
	peer->exit_status = status;
}

static uint64_t ticks_of(const struct peer *peer)
{
	return peer->puppet.page->vcpu[0].tick;
}

static void set_ticks(struct peer *peer, uint64_t ticks)
{
	peer->puppet.page->version = TELEMETRY_VERSION;
	peer->puppet.page->vcpus = 1;
	peer->puppet.page->vcpu[0].tick = ticks;
	peer->puppet.page->magic = TELEMETRY_MAGIC;
}

static void save_events(struct stage *stage, struct peer *peer)
{
	bool ran = peer->runs;

	(void)stage;
	say_job(peer, "created");
	say_job(peer, "running");
	if (ran)
		stop(peer);
	if (ran)
		resume(peer);
	say_job(peer, "concluded");
}

/* Nothing was saved before, so that is what is loaded. */
static void load_events(struct stage *stage, struct peer *peer)
{
	bool ran = peer->runs;

	say_job(peer, "created");
	if (ran)
		stop(peer);
	if (!stage->loads_nothing)
		peer->puppet.page->generation = peer->puppet.page->generation_wanted = 0;
	if (ran)
		resume(peer);
	say_job(peer, "concluded");
}

static void delete_events(struct stage *stage, struct peer *peer)
{
	(void)stage;
	say_job(peer, "created");
	say_job(peer, "concluded");
}

static void migrate_events(struct stage *stage, struct peer *src)
{
	struct peer *dst = &stage->peer[OP_DST];

	say_migration(src, "setup");
	say_migration(src, "active");
	say_migration(dst, "active");
}

/* What follows without another command. */
static void move(struct stage *stage)
{
	struct peer *src = &stage->peer[OP_SRC], *dst = &stage->peer[OP_DST];

	stage->moved = true;
	stop(src);
	set_ticks(dst, ticks_of(src));
	dst->puppet.page->generation = stage->loads_nothing ? 0 : src->puppet.page->generation;
	say_migration(dst, "completed");
	resume(dst);
	say_migration(src, "completed");
}

static void cancel_events(struct stage *stage, struct peer *src)
{
	say_migration(src, "cancelling");
	say_migration(src, "cancelled");
	exit_soon(&stage->peer[OP_DST], 1);
}

static void stop_events(struct stage *stage, struct peer *peer)
{
	(void)stage;
	stop(peer);
}

static void cont_events(struct stage *stage, struct peer *peer)
{
	(void)stage;
	resume(peer);
}

static void reset_events(struct stage *stage, struct peer *peer)
{
	say_event(peer, "RESET", NULL);
	if (!stage->target || strcmp(stage->target, "guest"))
		set_ticks(peer, 0);
}

static void quit_events(struct stage *stage, struct peer *peer)
{
	(void)stage;
	peer->runs = false;
	say_event(peer, "SHUTDOWN", NULL);
	exit_soon(peer, 0);
}

static json_t *query_status(struct peer *peer)
{
	return json_pack("{s:s}", "status", peer->runs ? "running" : "paused");
}

static json_t *query_migrate(struct peer *peer)
{
	if (!peer->status || strcmp(peer->status, "completed"))
		return json_pack("{s:[{s:s, s:s}]}", "socket-address", "type", "inet", "port",
				 "4444");
	/* As QEMU does right after it has completed. */
	if (!peer->asked++)
		return json_pack("{s:i, s:i}", "total-time", 0, "downtime", 0);
	return json_pack("{s:i, s:i, s:{s:i}}", "total-time", 7, "downtime", 2, "ram",
			 "transferred", 4711);
}

static json_t *recorded_schema;

static json_t *query_schema(struct peer *peer)
{
	(void)peer;
	return json_incref(recorded_schema);
}

/* What is not in here is answered by {} and nothing else. */
static json_t *query_nodes(struct peer *peer)
{
	/* The destination has what has come along. */
	if (peer->bitmap_bytes < 0)
		return json_array();
	return json_pack("[{s:s, s:[{s:s, s:I}]}]", "node-name", DIRECT_NODE_DISK, "dirty-bitmaps",
			 "name", "qsoak", "count", (json_int_t)peer->bitmap_bytes);
}

static const struct {
	const char *command;
	void (*events)(struct stage *stage, struct peer *peer);
	json_t *(*value)(struct peer *peer);
} answers[] = {
	{ "snapshot-save", save_events, NULL },
	{ "snapshot-load", load_events, NULL },
	{ "snapshot-delete", delete_events, NULL },
	{ "migrate", migrate_events, NULL },
	{ "migrate_cancel", cancel_events, NULL },
	{ "stop", stop_events, NULL },
	{ "cont", cont_events, NULL },
	{ "system_reset", reset_events, NULL },
	{ "quit", quit_events, NULL },
	{ "query-status", NULL, query_status },
	{ "query-migrate", NULL, query_migrate },
	{ "query-named-block-nodes", NULL, query_nodes },
	{ "query-qmp-schema", NULL, query_schema },
};

static const char *name_of(const json_t *command)
{
	return json_string_value(json_object_get(command, "execute"));
}

static void say_reply(struct peer *peer, const json_t *command)
{
	json_t *value = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(answers) && !value; i++)
		if (!strcmp(answers[i].command, name_of(command)) && answers[i].value)
			value = answers[i].value(peer);
	puppet_say(&peer->puppet, json_pack("{s:o, s:O}", "return", value ? value : json_object(),
					    "id", json_object_get(command, "id")));
}

/* Notes what it is set to. */
static void set_up(struct peer *peer, const json_t *arguments)
{
	json_t *bandwidth = json_object_get(arguments, "max-bandwidth"), *capability;
	const char *job = json_string_value(json_object_get(arguments, "job-id"));
	size_t at;

	json_array_foreach(json_object_get(arguments, "capabilities"), at, capability)
		if (!strcmp(json_string_value(json_object_get(capability, "capability")),
			    "multifd"))
			peer->multifd = json_is_true(json_object_get(capability, "state"));
	if (bandwidth)
		peer->bandwidth = json_integer_value(bandwidth);
	if (job)
		snprintf(peer->job, sizeof(peer->job), "%s", job);
}

static bool say_events(struct stage *stage, struct peer *peer, const json_t *command)
{
	set_up(peer, json_object_get(command, "arguments"));
	for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
		if (strcmp(answers[i].command, name_of(command)) || !answers[i].events)
			continue;
		answers[i].events(stage, peer);
		return true;
	}
	return false;
}

static void answer(struct stage *stage, struct peer *peer, const json_t *command)
{
	if (stage->order == REPLY_FIRST)
		say_reply(peer, command);
	say_events(stage, peer, command);
	if (stage->order == EVENTS_FIRST)
		say_reply(peer, command);
}

/* The world turns. */

static bool in_target(const struct stage *stage)
{
	return stage->target && stage->op && !strcmp(op_step_name(stage->op), stage->target);
}

static bool target_is(const struct stage *stage, const char *step)
{
	return stage->target && !strcmp(stage->target, step);
}

static void greet(struct peer *peer)
{
	puppet_say(&peer->puppet,
		   json_pack("{s:{s:{s:{s:i, s:i, s:i}}, s:[]}}", "QMP", "version", "qemu", "major",
			     7, "minor", 2, "micro", 22, "capabilities"));
}

static void serve(struct stage *stage, struct peer *peer)
{
	json_t *command;

	puppet_look(&peer->puppet);
	/* A step that polls may ask again; that waits, too. */
	while (!(stage->holds && peer->held) && (command = puppet_command(&peer->puppet))) {
		if (stage->holds && in_target(stage)) {
			peer->held = command;
			continue;
		}
		answer(stage, peer, command);
		json_decref(command);
	}
	if (peer->puppet.terminated && !(stage->holds && in_target(stage))) {
		peer->puppet.terminated = false;
		exit_soon(peer, 0);
	}
	if (peer->exits &&
	    !(stage->holds && (in_target(stage) || target_is(stage, "destination")))) {
		peer->exits = false;
		puppet_exit(&peer->puppet, peer->exit_status);
	}
	/* A guest that must not go on stands from the beginning. */
	if (peer->runs && !(stage->holds && (target_is(stage, "guest") || in_target(stage))))
		set_ticks(peer, ticks_of(peer) + (target_is(stage, "ticks") ? 1 : stage->turn));
	if (peer->runs && !(stage->holds && in_target(stage)))
		peer->puppet.page->generation = peer->puppet.page->generation_wanted;
}

static void meet(struct stage *stage)
{
	int side = stage->peer[OP_SRC].there ? OP_DST : OP_SRC;
	struct peer *peer = &stage->peer[side];

	if (peer->there || !puppet_accept(stage->listener, &peer->puppet))
		return;
	peer->there = true;
	peer->runs = side == OP_SRC;
	peer->bitmap_bytes = BITMAP_BYTES;
	if (!(stage->holds && target_is(stage, "spawn")))
		greet(peer);
}

static bool moves(const struct stage *stage)
{
	return stage->op && stage->kind == OP_MIGRATE && !stage->moved &&
	       !strcmp(op_step_name(stage->op), "migrate") && !(stage->holds && in_target(stage));
}

static void turn(struct stage *stage)
{
	ev_run(stage->loop, EVRUN_ONCE);
	meet(stage);
	if (moves(stage))
		move(stage);
	for (int side = 0; side < OP_SIDE_COUNT; side++)
		if (stage->peer[side].there)
			serve(stage, &stage->peer[side]);
}

static bool wait_ended(struct stage *stage)
{
	return stage->dones;
}

static bool wait_met(struct stage *stage)
{
	return stage->peer[OP_SRC].there;
}

static void until(struct stage *stage, bool (*condition)(struct stage *stage))
{
	struct deadline safety;
	bool late = false;

	deadline_init(&safety, helper_late, &late);
	deadline_start(stage->loop, &safety, HELPER_LIMIT_NS);
	while (!condition(stage) && !late)
		turn(stage);
	deadline_stop(stage->loop, &safety);
	if (late)
		fail_msg("waited in vain, step %s, target %s",
			 stage->op ? op_step_name(stage->op) : "-", stage->target);
}

/* A VM with a guest that runs, without an operation. */

static bool record_in(void *ctx, const struct record *record, const struct record_durable *durable)
{
	const struct record_operation_end *end = &record->operation_end;
	struct stage *stage = ctx;

	(void)durable;
	if (record->type == RECORD_OPERATION_BEGIN)
		stage->begins++;
	if (record->type != RECORD_OPERATION_END)
		return false;
	stage->ends++;
	stage->step_count = end->step_count;
	for (size_t i = 0; i < end->step_count; i++)
		snprintf(stage->steps[i], sizeof(stage->steps[i]), "%s", end->steps[i].name);
	story_begin_anew(&stage->measures);
	stage->brownout = -1;
	for (size_t i = 0; i < end->measure_count; i++) {
		story_add(&stage->measures, "%s ", end->measures[i].name);
		if (!strcmp(end->measures[i].name, "brownout_ratio"))
			stage->brownout = end->measures[i].value;
	}
	return false;
}

static void pulse(struct ev_loop *loop, ev_timer *timer, int revents)
{
	(void)loop;
	(void)timer;
	(void)revents;
}

static int load_schema(void **state)
{
	(void)state;
	recorded_schema = json_load_file(SCHEMA, 0, NULL);
	return recorded_schema ? 0 : -1;
}

static int unload_schema(void **state)
{
	(void)state;
	json_decref(recorded_schema);
	return 0;
}

static int begin(void **state)
{
	struct stage *stage = mem_new(struct stage);
	auto_free char *path = NULL;
	struct err err = { 0 };
	int program;

	*state = stage;
	stage->loop = ev_loop_new(EVFLAG_AUTO);
	ev_timer_init(&stage->pulse, pulse, .001, .001);
	ev_timer_start(stage->loop, &stage->pulse);
	stage->turn = TICKS_TURN;
	stage->scratch = helper_scratch();
	path = mem_printf("%s/puppets", stage->scratch);
	stage->listener = puppet_listen(path);
	stage->records = records_new(1);
	records_subscribe(stage->records, record_in, stage);
	stage->machine = (struct machine){ .vcpus = 1,
					   .type = "q35",
					   .accel = "tcg",
					   .ram_bytes = RAM_BYTES,
					   .disk_bytes = 1 << 20,
					   .firmware = "/none" };
	assert_int_equal(direct_make_images(&stage->machine, stage->scratch, &err), 0);
	stage->build = (struct build){
		.id = 1,
		.version = mem_strdup("7.2"),
		.schema = schema_new(),
	};
	program = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	assert_int_equal(identity_read(program, "/proc/self/exe", &stage->build.identity, &err), 0);
	close(program);
	build_spec_init(&stage->build.spec);
	stage->build.spec.name = mem_strdup("puppet");
	stage->build.spec.binary = mem_strdup("/proc/self/exe");
	stage->build.spec.args =
		mem_realloc(stage->build.spec.args, 3, sizeof(*stage->build.spec.args));
	stage->build.spec.args[0] = mem_strdup("-puppet");
	stage->build.spec.args[1] = mem_steal(path);
	stage->build.spec.args[2] = NULL;
	for (int i = 0; i < LIMIT_COUNT; i++)
		stage->limit_ns[i] = LIMIT_MAX_NS;
	for (int side = 0; side < OP_SIDE_COUNT; side++)
		stage->peer[side].puppet = PUPPET_NONE;
	return 0;
}

static int end(void **state)
{
	struct stage *stage = *state;

	build_finish(&stage->build);
	records_free(stage->records);
	close(stage->listener);
	helper_scratch_finish(stage->scratch);
	ev_timer_stop(stage->loop, &stage->pulse);
	ev_loop_destroy(stage->loop);
	free(stage);
	return 0;
}

static void done(void *ctx, const struct op_result *result)
{
	struct stage *stage = ctx;

	stage->dones++;
	stage->result = *result;
}

/* One operation in all the ways a profile may ask for it. */
struct variant {
	enum op_kind kind;
	struct op_migration migration;
	const struct build *destination;
	enum op_shutdown shutdown;
	bool probe;
	const char *measures; /* that it makes when all goes well */
	const char *from;     /* its first step under test; NULL: all */
};

#define BLACKOUT_MEASURES "blackout_ns blackout_gap_ns "

static void raise_curtain(struct stage *stage, const struct variant *variant, bool knows_schema)
{
	const struct vm_spec spec = {
		.machine = &stage->machine,
		.build = &stage->build,
		.template = stage->scratch,
		.parent = stage->scratch,
		.records = stage->records,
	};
	struct op_spec op = {
		.kind = variant->kind,
		.tag = { variant->kind == OP_SHUTDOWN ? '\0' : 't' },
		.migration = variant->migration,
		.destination = variant->destination,
		.shutdown = variant->shutdown,
		.probe = variant->probe,
		.limit_ns = stage->limit_ns,
	};
	struct err err = { 0 };

	stage->kind = variant->kind;
	stage->dones = stage->begins = stage->ends = 0;
	stage->moved = false;
	schema_free(stage->build.schema);
	stage->build.schema = schema_new();
	if (knows_schema)
		schema_learn(stage->build.schema, recorded_schema);
	assert_int_equal(vm_new(stage->loop, &spec, &stage->vm, &err), 0);
	if (variant->kind != OP_BOOT) {
		assert_int_equal(vm_start_run(stage->vm, &stage->build, VM_NEXT_HOST, &err), 0);
		vm_set_state(stage->vm, VM_BOOTING);
		vm_set_state(stage->vm, VM_RUNNING);
		until(stage, wait_met);
		/* The one step that waits for ticks to be many. */
		set_ticks(&stage->peer[OP_SRC], target_is(stage, "ticks") ? 1 : TICKS_BEGIN);
		if (stage->holds && target_is(stage, "spawn"))
			greet(&stage->peer[OP_SRC]);
		while (!qmp_greeted(run_qmp(vm_run(stage->vm))))
			turn(stage);
		run_set_negotiated(vm_run(stage->vm), false);
	}
	stage->op = op_start(stage->loop, stage->vm, &op, done, stage);
}

static void drop_curtain(struct stage *stage)
{
	op_free(stage->op);
	stage->op = NULL;
	vm_free(stage->vm);
	stage->vm = NULL;
	for (int side = 0; side < OP_SIDE_COUNT; side++) {
		json_decref(stage->peer[side].held);
		puppet_finish(&stage->peer[side].puppet);
		stage->peer[side] = (struct peer){ .puppet = PUPPET_NONE };
	}
}

/* Freed memory is kept to be guarded, and every fork copies what is kept. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "quarantine_size_mb=1";
}

#endif
