// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The matrix: every operation, every step of it, every fault, in both orders of reply and event. Each
 * time there is one end, with the right cause and step, and nothing comes after it.
 *
 * The QEMUs are puppets: their answers stand in a table, and in the step under test they hold their
 * breath until the fault has struck. Which steps there are the operation itself tells, in a run
 * without faults, so a new step is tested without a line here.
 */
#include "tests/unit/stage.h"

#include <sys/wait.h>

#define EXIT_STATUS 3

/* How far the peer goes in the step under test before the fault strikes. */
enum phase { PHASE_NOTHING, PHASE_REPLY, PHASE_EVENTS, PHASES };

enum fault {
	FAULT_NONE,
	FAULT_ERROR,
	FAULT_LIMIT,
	FAULT_WATCH,
	FAULT_INTERRUPT,
	FAULT_EXIT_SRC,
	FAULT_EXIT_DST,
	FAULT_CLOSE_SRC,
	FAULT_CLOSE_DST,
	FAULT_FREE,
	FAULTS,
};

static const char *const fault_names[] = {
	"none",
	"error reply",
	"limit",
	"word of the watch",
	"interrupt",
	"exit of the source",
	"exit of the destination",
	"close of the source",
	"close of the destination",
	"free",
};
_Static_assert(ARRAY_SIZE(fault_names) == FAULTS, "every fault has a name");

/* The fault. */

static void say_error(struct peer *peer, const json_t *command)
{
	puppet_say(&peer->puppet,
		   json_pack("{s:{s:s, s:s}, s:O}", "error", "class", "GenericError", "desc",
			     "no such luck", "id", json_object_get(command, "id")));
}

/* The step under test is in progress, and all it needs for any fault is there. */
static bool wait_held(struct stage *stage)
{
	enum op_side side;

	if (stage->dones)
		fail_msg("it ended before the step %s, in %s: %s", stage->target,
			 stage->result.step, stage->result.err.text);
	if (!in_target(stage))
		return false;
	side = stage->op->step->side;
	if (!stage->peer[side].there)
		return false;
	if (target_is(stage, "sigterm"))
		return stage->peer[side].puppet.terminated;
	return !stage->op->waits_for_reply || stage->peer[side].held;
}

static void drain(struct stage *stage)
{
	for (int side = 0; side < OP_SIDE_COUNT; side++)
		if (stage->op->run[side])
			qmp_drain(run_qmp(stage->op->run[side]));
}

static void strike(struct stage *stage, enum fault fault, struct peer *peer)
{
	switch (fault) {
	case FAULT_ERROR:
		say_error(peer, peer->held);
		json_decref(peer->held);
		peer->held = NULL;
		break;
	case FAULT_LIMIT:
		/* The limit passes now. */
		deadline_start(stage->loop, &stage->op->limit, 0);
		break;
	case FAULT_WATCH:
		op_fail(stage->op, stage->op->run[stage->op->step->side],
			&(struct err){ -EIO, "seen" });
		/* What ends it first counts. */
		op_interrupt(stage->op);
		break;
	case FAULT_INTERRUPT:
		op_interrupt(stage->op);
		for (int side = 0; side < OP_SIDE_COUNT; side++)
			puppet_close(&stage->peer[side].puppet);
		drain(stage);
		break;
	case FAULT_EXIT_SRC:
	case FAULT_EXIT_DST:
		puppet_exit(&stage->peer[fault - FAULT_EXIT_SRC].puppet, EXIT_STATUS);
		break;
	case FAULT_CLOSE_SRC:
	case FAULT_CLOSE_DST:
		puppet_close(&stage->peer[fault - FAULT_CLOSE_SRC].puppet);
		break;
	case FAULT_FREE:
		op_free(stage->op);
		stage->op = NULL;
		break;
	default:
		break;
	}
}

/* The peer says a part of its answer; false if this step has no such part, or is over with it. */
static bool go_to_phase(struct stage *stage, enum phase phase, struct peer *peer)
{
	if (phase == PHASE_NOTHING)
		return true;
	if (!peer->held)
		return false;
	if (phase == PHASE_REPLY)
		say_reply(peer, peer->held);
	else if (!say_events(stage, peer, peer->held))
		return false;
	drain(stage);
	return in_target(stage);
}

static bool makes_sense(struct stage *stage, enum phase phase, enum fault fault,
			const struct peer *peer)
{
	switch (fault) {
	case FAULT_ERROR:
		return peer->held && phase != PHASE_REPLY;
	case FAULT_EXIT_DST:
	case FAULT_CLOSE_DST:
		return stage->peer[OP_DST].there;
	default:
		return true;
	}
}

/* What must come of it. */
static void judge(struct stage *stage, const struct variant *variant, enum phase phase,
		  enum fault fault, struct run *at_fault, bool expected_loss)
{
	static const enum op_cause causes[] = {
		[FAULT_ERROR] = OP_CAUSE_ERROR,	   [FAULT_LIMIT] = OP_CAUSE_DEADLINE,
		[FAULT_WATCH] = OP_CAUSE_WATCH,	   [FAULT_INTERRUPT] = OP_CAUSE_NONE,
		[FAULT_EXIT_SRC] = OP_CAUSE_LOST,  [FAULT_EXIT_DST] = OP_CAUSE_LOST,
		[FAULT_CLOSE_SRC] = OP_CAUSE_LOST, [FAULT_CLOSE_DST] = OP_CAUSE_LOST,
	};
	const struct op_result *result = &stage->result;
	enum op_outcome outcome = expected_loss		     ? OP_OK
				  : fault == FAULT_INTERRUPT ? OP_INTERRUPTED
							     : OP_FAILED;

	if (stage->dones != 1 || stage->begins != 1 || stage->ends != 1)
		fail_msg("done %u, begun %u, ended %u times", stage->dones, stage->begins,
			 stage->ends);
	if (result->outcome != outcome ||
	    (!expected_loss && (result->cause != causes[fault] ||
				strcmp(result->step, stage->target) || result->run != at_fault)))
		fail_msg("%s/%s, phase %d, %s: outcome %s, cause %d, step %s, %s run: %s",
			 op_kind_name(variant->kind), stage->target, phase, fault_names[fault],
			 op_outcome_name(result->outcome), result->cause,
			 result->step ? result->step : "-",
			 result->run == at_fault ? "the right" : "the wrong", result->err.text);
	if (outcome == OP_INTERRUPTED)
		assert_int_equal(result->err.code, 0);
	if (outcome == OP_FAILED)
		assert_true(result->err.code < 0 && result->err.text[0]);
	assert_int_equal(vm_state(stage->vm), outcome != OP_OK		     ? VM_FAILED
					      : variant->kind == OP_SHUTDOWN ? VM_ENDED
									     : VM_RUNNING);
}

/* Returns whether there is such a case. */
static bool play(struct stage *stage, const struct variant *variant, const char *step,
		 enum phase phase, enum fault fault)
{
	bool possible, expected_loss = false;
	struct run *at_fault = NULL;
	struct peer *peer;

	stage->target = step;
	stage->holds = true;
	raise_curtain(stage, variant, strcmp(step, "schema") != 0);
	until(stage, wait_held);
	peer = &stage->peer[stage->op->step->side];
	possible = makes_sense(stage, phase, fault, peer) && go_to_phase(stage, phase, peer);
	if (possible) {
		if (fault == FAULT_ERROR || fault == FAULT_LIMIT || fault == FAULT_WATCH)
			at_fault = stage->op->run[stage->op->step->side];
		else if (fault >= FAULT_EXIT_SRC && fault <= FAULT_CLOSE_DST)
			at_fault = stage->op->run[(fault - FAULT_EXIT_SRC) % OP_SIDE_COUNT];
		/* Whoever was asked to go may close, and a cancelled destination exit as it likes. */
		expected_loss = at_fault && run_exit_expected(at_fault) &&
				(fault == FAULT_CLOSE_SRC || fault == FAULT_CLOSE_DST ||
				 fault == FAULT_EXIT_DST);
		strike(stage, fault, peer);
		if (fault == FAULT_FREE || expected_loss) {
			stage->holds = false;
			if (peer->held && phase == PHASE_NOTHING)
				answer(stage, peer, peer->held);
			else if (peer->held && phase == PHASE_EVENTS)
				say_reply(peer, peer->held);
			else if (peer->held)
				say_events(stage, peer, peer->held);
		}
		if (fault != FAULT_FREE)
			until(stage, wait_ended);
		stage->holds = false;
		for (int i = 0; i < TURNS_AFTER; i++)
			turn(stage);
		if (fault == FAULT_FREE)
			assert_int_equal(stage->dones, 0);
		else
			judge(stage, variant, phase, fault, at_fault, expected_loss);
	}
	drop_curtain(stage);
	return possible;
}

/* A migration has left its source, and a cancelled one its destination. */
static bool gone(const struct stage *stage, int side)
{
	return (stage->kind == OP_MIGRATE && side == OP_SRC) ||
	       (stage->kind == OP_MIGRATE_CANCEL && side == OP_DST);
}

/* Without a fault; its steps stay in stage->steps. */
static void play_well(struct stage *stage, const struct variant *variant, enum order order)
{
	stage->target = NULL;
	stage->holds = false;
	stage->order = order;
	raise_curtain(stage, variant, variant->kind != OP_BOOT);
	until(stage, wait_ended);
	if (stage->result.outcome != OP_OK)
		fail_msg("%s, order %d: %s: %s", op_kind_name(variant->kind), order,
			 stage->result.step, stage->result.err.text);
	assert_int_equal(stage->result.cause, OP_CAUSE_NONE);
	for (int i = 0; i < TURNS_AFTER; i++)
		turn(stage);
	assert_int_equal(stage->dones, 1);
	if (variant->kind == OP_MIGRATE)
		assert_int_equal(stage->peer[OP_SRC].bandwidth, variant->migration.bandwidth_bytes);
	/* So little that it cannot end before; QEMU takes less than 10 for no limit. */
	if (variant->kind == OP_MIGRATE_CANCEL)
		assert_in_range(stage->peer[OP_SRC].bandwidth, 10, 65535);
	/* QEMU 7.2 crashes in a snapshot-save after it. */
	for (int side = 0; side < OP_SIDE_COUNT; side++)
		assert_false(stage->peer[side].multifd && !gone(stage, side));
	assert_string_equal(stage->measures.text, variant->measures ? variant->measures : "");
	drop_curtain(stage);
}

/* A step that is over as soon as it begins: nothing can happen in it. */
static bool is_instant(const char *step)
{
	return !strcmp(step, "check");
}

static void play_all(struct stage *stage, const struct variant *variant)
{
	char steps[OP_STEPS_MAX][32];
	size_t count = 0, first = 0, played = 0;

	for (enum order order = 0; order < ORDERS; order++) {
		play_well(stage, variant, order);
		if (order == REPLY_FIRST) {
			memcpy(steps, stage->steps, sizeof(steps));
			count = stage->step_count;
		}
		assert_int_equal(stage->step_count, count);
		assert_memory_equal(stage->steps, steps, count * sizeof(steps[0]));
	}
	while (variant->from && strcmp(steps[first], variant->from))
		first++;
	for (size_t i = first; i < count; i++)
		for (enum phase phase = 0; phase < PHASES && !is_instant(steps[i]); phase++)
			for (enum fault fault = FAULT_NONE + 1; fault < FAULTS; fault++)
				played += play(stage, variant, steps[i], phase, fault);
	print_message("# %s: %zu steps, %zu cases\n", op_kind_name(variant->kind), count - first,
		      played);
	assert_true(played >= (count - first) * 4);
}

static void boot(void **state)
{
	play_all(*state, &(struct variant){ .kind = OP_BOOT });
}

static void snapshot_save(void **state)
{
	play_all(*state,
		 &(struct variant){ .kind = OP_SNAPSHOT_SAVE, .measures = BLACKOUT_MEASURES });
}

static void snapshot_load(void **state)
{
	play_all(*state,
		 &(struct variant){ .kind = OP_SNAPSHOT_LOAD, .measures = BLACKOUT_MEASURES });
}

static void snapshot_save_verify(void **state)
{
	play_all(*state, &(struct variant){ .kind = OP_SNAPSHOT_SAVE_VERIFY,
					    .measures = BLACKOUT_MEASURES });
}

static void snapshot_load_verify(void **state)
{
	play_all(*state, &(struct variant){ .kind = OP_SNAPSHOT_LOAD_VERIFY,
					    .measures = BLACKOUT_MEASURES });
}

static void snapshot_delete(void **state)
{
	play_all(*state,
		 &(struct variant){ .kind = OP_SNAPSHOT_DELETE, .measures = "standstill_ns " });
}

static void stop_cont(void **state)
{
	play_all(*state, &(struct variant){ .kind = OP_STOP_CONT, .measures = BLACKOUT_MEASURES });
}

static void reset(void **state)
{
	play_all(*state, &(struct variant){ .kind = OP_RESET, .measures = BLACKOUT_MEASURES });
}

static void shutdown_by_quit(void **state)
{
	play_all(*state, &(struct variant){ .kind = OP_SHUTDOWN });
}

static void shutdown_by_sigterm(void **state)
{
	play_all(*state, &(struct variant){ .kind = OP_SHUTDOWN, .shutdown = OP_SHUTDOWN_SIGTERM });
}

static const struct variant by_tcp = {
	.kind = OP_MIGRATE,
	.migration = { .channels = 2,
		       .transport = OP_TRANSPORT_TCP,
		       .compression = OP_COMPRESSION_ZSTD,
		       .bandwidth_bytes = 10 << 20,
		       .dirty_bitmaps = true },
	.measures = BLACKOUT_MEASURES
	"brownout_ratio switchover_ns downtime_ms total_ms transferred_bytes ",
};

static void migrate(void **state)
{
	play_all(*state, &by_tcp);
}

/* Its first steps are those of migrate. */
static void migrate_cancel(void **state)
{
	play_all(*state, &(struct variant){ .kind = OP_MIGRATE_CANCEL,
					    .migration = { .channels = 2 },
					    .from = "setup" });
}

/* Odd cases. */

static void a_qemu_that_has_ended_is_checked_no_more(void **state)
{
	const struct variant save = { .kind = OP_SNAPSHOT_SAVE };
	struct stage *stage = *state;
	struct err err = { 0 };
	siginfo_t how;

	stage->target = NULL;
	stage->holds = false;
	raise_curtain(stage, &save, true);
	/* The loop does not turn, so nobody else has noticed. */
	puppet_exit(&stage->peer[OP_SRC].puppet, EXIT_STATUS);
	assert_int_equal(waitid(P_PID, (id_t)run_pid(vm_run(stage->vm)), &how, WEXITED | WNOWAIT),
			 0);
	assert_int_equal(run_check(vm_run(stage->vm), &err), 0);
	until(stage, wait_ended);
	assert_int_equal(stage->result.cause, OP_CAUSE_LOST);
	drop_curtain(stage);
}

static bool wait_destination(struct stage *stage)
{
	return stage->peer[OP_DST].there;
}

static void without_channels_a_migration_is_plain_precopy_by_a_unix_socket(void **state)
{
	const struct variant plain = { .kind = OP_MIGRATE, .measures = by_tcp.measures };
	struct stage *stage = *state;

	play_well(stage, &plain, REPLY_FIRST);
	for (size_t i = 0; i < stage->step_count; i++)
		assert_string_not_equal(stage->steps[i], "address");
}

static void a_block_migration_gets_images_of_its_own_and_leaves_none_behind(void **state)
{
	const struct variant block = { .kind = OP_MIGRATE, .migration = { .block = true } };
	struct stage *stage = *state;
	auto_free char *before = NULL;

	stage->target = NULL;
	stage->holds = false;
	raise_curtain(stage, &block, true);
	before = mem_strdup(vm_folder(stage->vm));
	until(stage, wait_ended);
	assert_int_equal(stage->result.outcome, OP_OK);
	assert_string_not_equal(vm_folder(stage->vm), before);
	assert_int_equal(access(vm_folder(stage->vm), F_OK), 0);
	assert_int_equal(access(before, F_OK), -1);
	drop_curtain(stage);
}

static void a_cancelled_block_migration_keeps_its_images(void **state)
{
	const struct variant block = { .kind = OP_MIGRATE_CANCEL, .migration = { .block = true } };
	struct stage *stage = *state;
	auto_free char *before = NULL, *incoming = NULL;

	stage->target = NULL;
	stage->holds = false;
	raise_curtain(stage, &block, true);
	before = mem_strdup(vm_folder(stage->vm));
	incoming = mem_printf("%s.1", before);
	until(stage, wait_ended);
	assert_int_equal(stage->result.outcome, OP_OK);
	assert_string_equal(vm_folder(stage->vm), before);
	assert_int_equal(access(before, F_OK), 0);
	assert_int_equal(access(incoming, F_OK), -1);
	drop_curtain(stage);
}

static void a_bitmap_that_has_not_come_along_whole_is_an_error(void **state)
{
	static const int64_t arrived[] = { -1, 0, BITMAP_BYTES / 2 };
	struct stage *stage = *state;

	stage->target = NULL;
	stage->holds = false;
	for (size_t i = 0; i < ARRAY_SIZE(arrived); i++) {
		raise_curtain(stage, &by_tcp, true);
		until(stage, wait_destination);
		stage->peer[OP_DST].bitmap_bytes = arrived[i];
		until(stage, wait_ended);
		assert_int_equal(stage->result.outcome, OP_FAILED);
		assert_int_equal(stage->result.cause, OP_CAUSE_ERROR);
		assert_string_equal(stage->result.step, "bitmap-dst");
		assert_non_null(strstr(stage->result.err.text, "dirty bitmap"));
		drop_curtain(stage);
	}
}

static void a_probe_measures_how_long_the_command_kept_the_main_loop(void **state)
{
	static const struct variant probed[] = {
		{ .kind = OP_SNAPSHOT_SAVE, .probe = true },
		{ .kind = OP_SNAPSHOT_LOAD_VERIFY, .probe = true },
		{ .kind = OP_SNAPSHOT_DELETE, .probe = true },
		{ .kind = OP_MIGRATE, .probe = true },
	};
	struct stage *stage = *state;

	stage->target = NULL;
	stage->holds = false;
	for (size_t i = 0; i < ARRAY_SIZE(probed); i++) {
		raise_curtain(stage, &probed[i], true);
		until(stage, wait_ended);
		assert_int_equal(stage->result.outcome, OP_OK);
		assert_non_null(strstr(stage->measures.text, "main_loop_stall_ns"));
		drop_curtain(stage);
	}
}

static bool wait_prepared(struct stage *stage)
{
	return !strcmp(op_step_name(stage->op), "parameters-src");
}

static void a_guest_that_hardly_moves_while_it_is_copied_is_seen(void **state)
{
	struct stage *stage = *state;

	stage->target = NULL;
	stage->holds = false;
	raise_curtain(stage, &by_tcp, true);
	until(stage, wait_prepared);
	stage->turn = 1;
	until(stage, wait_ended);
	assert_int_equal(stage->result.outcome, OP_OK);
	assert_true(stage->brownout >= 0 && stage->brownout < .1);
	drop_curtain(stage);
}

static void without_a_rate_before_there_is_no_brownout(void **state)
{
	struct stage *stage = *state;

	stage->target = NULL;
	stage->holds = false;
	stage->turn = 0;
	raise_curtain(stage, &by_tcp, true);
	until(stage, wait_prepared);
	stage->turn = TICKS_TURN;
	until(stage, wait_ended);
	assert_int_equal(stage->result.outcome, OP_OK);
	assert_true(stage->brownout < 0);
	assert_non_null(strstr(stage->measures.text, "blackout_ns"));
	drop_curtain(stage);
}

static void a_migration_ends_in_the_build_that_was_asked_for(void **state)
{
	struct stage *stage = *state;
	struct build other = stage->build;
	struct variant to_other = by_tcp;

	to_other.destination = &other;
	stage->target = NULL;
	stage->holds = false;
	raise_curtain(stage, &to_other, true);
	other.schema = stage->build.schema;
	until(stage, wait_ended);
	assert_int_equal(stage->result.outcome, OP_OK);
	assert_ptr_equal(run_build(vm_run(stage->vm)), &other);
	assert_null(vm_incoming(stage->vm));
	drop_curtain(stage);
}

static void a_binary_that_is_not_there_is_the_host(void **state)
{
	static const enum op_kind kinds[] = { OP_BOOT, OP_MIGRATE };
	struct stage *stage = *state;
	struct build missing = stage->build;

	missing.spec.binary = (char *)"/nonexistent/qemu";
	stage->target = NULL;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		struct variant variant = { .kind = kinds[i], .destination = &missing };
		char *binary = stage->build.spec.binary;

		if (kinds[i] == OP_BOOT)
			stage->build.spec.binary = missing.spec.binary;
		raise_curtain(stage, &variant, true);
		until(stage, wait_ended);
		stage->build.spec.binary = binary;
		assert_int_equal(stage->result.outcome, OP_FAILED);
		assert_int_equal(stage->result.cause, OP_CAUSE_HOST);
		assert_string_equal(stage->result.step, "spawn");
		assert_null(stage->result.run);
		assert_non_null(strstr(stage->result.err.text, missing.spec.binary));
		drop_curtain(stage);
	}
}

/* Removes every member, and every value of an enumeration, of that name. */
static void forget_name(json_t *schema, const char *name)
{
	json_t *entity, *member;
	size_t i, j;

	json_array_foreach(schema, i, entity) {
		json_t *members = json_object_get(entity, "members");

		json_array_foreach(members, j, member) {
			/* The branches of an alternative have none. */
			const char *own = json_string_value(json_object_get(member, "name"));

			if (own && !strcmp(own, name))
				json_array_remove(members, j);
		}
		json_array_foreach(json_object_get(entity, "values"), j, member)
			if (!strcmp(json_string_value(member), name))
				json_array_remove(json_object_get(entity, "values"), j);
	}
}

static void what_a_build_lacks_is_an_error_that_names_it(void **state)
{
	static const struct {
		const char *name, *text;
	} cases[] = {
		{ "events", "has no migration capability events" },
		{ "multifd", "has no migration capability multifd" },
		{ "dirty-bitmaps", "has no migration capability dirty-bitmaps" },
		{ "zstd", "has no multifd compression zstd" },
		{ "multifd-compression", "has no multifd compression zstd" },
		{ "socket-address", "has no member of query-migrate socket-address" },
	};
	struct stage *stage = *state;
	json_t *whole = recorded_schema;

	stage->target = NULL;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		recorded_schema = json_deep_copy(whole);
		forget_name(recorded_schema, cases[i].name);
		raise_curtain(stage, &by_tcp, true);
		until(stage, wait_ended);
		assert_int_equal(stage->result.outcome, OP_FAILED);
		assert_int_equal(stage->result.cause, OP_CAUSE_ERROR);
		assert_string_equal(stage->result.step, "check");
		assert_non_null(strstr(stage->result.err.text, cases[i].text));
		assert_non_null(strstr(stage->result.err.text, "build puppet (7.2)"));
		drop_curtain(stage);
		json_decref(recorded_schema);
	}
	recorded_schema = whole;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(boot),
		TEST(snapshot_save),
		TEST(snapshot_load),
		TEST(snapshot_save_verify),
		TEST(snapshot_load_verify),
		TEST(snapshot_delete),
		TEST(stop_cont),
		TEST(reset),
		TEST(shutdown_by_quit),
		TEST(shutdown_by_sigterm),
		TEST(migrate),
		TEST(migrate_cancel),
		TEST(a_qemu_that_has_ended_is_checked_no_more),
		TEST(without_channels_a_migration_is_plain_precopy_by_a_unix_socket),
		TEST(a_guest_that_hardly_moves_while_it_is_copied_is_seen),
		TEST(without_a_rate_before_there_is_no_brownout),
		TEST(a_migration_ends_in_the_build_that_was_asked_for),
		TEST(a_block_migration_gets_images_of_its_own_and_leaves_none_behind),
		TEST(a_cancelled_block_migration_keeps_its_images),
		TEST(a_bitmap_that_has_not_come_along_whole_is_an_error),
		TEST(a_probe_measures_how_long_the_command_kept_the_main_loop),
		TEST(a_binary_that_is_not_there_is_the_host),
		TEST(what_a_build_lacks_is_an_error_that_names_it),
	};

	puppet_main(argc, argv);
	return cmocka_run_group_tests(tests, load_schema, unload_schema);
}
