// SPDX-License-Identifier: GPL-2.0-or-later
/* Summaries: made live, made anew, completed after a kill, and of stores that had none. */
#include "tests/unit/comparison-fixture.h"

#include <sys/wait.h>

static const unsigned looks[] = { 6, 0 };
static const struct record_metric save[] = { { "snapshot-save.duration", 0.05 }, { NULL, 0 } };

#define OTHER_CAMPAIGN 9
#define OTHER_BUILD 10

/* Each row, samples byte by byte. */
#define ALL                                                                                 \
	"SELECT campaign_id, kind, name, slot, vm, part, build_id, dst_build_id, warm_up, " \
	"began_unix_ns, ended_unix_ns, count, hex(samples) FROM summary ORDER BY 1, 2, 3, " \
	"4, 5, 6, 7, 8, 9"

static char *rows(struct world *w, const char *sql)
{
	sqlite3_stmt *stmt;
	sqlite3 *db;
	char *text = mem_strdup("");

	assert_int_equal(sqlite3_open(w->path, &db), SQLITE_OK);
	sqlite3_busy_timeout(db, 10000);
	if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
	while (sqlite3_step(stmt) == SQLITE_ROW)
		for (int i = 0; i < sqlite3_column_count(stmt); i++) {
			const char *cell = (const char *)sqlite3_column_text(stmt, i);
			char *longer = mem_printf("%s%s%s", text, cell ? cell : "-",
						  i + 1 < sqlite3_column_count(stmt) ? "|" : "\n");

			free(text);
			text = longer;
		}
	sqlite3_finalize(stmt);
	sqlite3_close(db);
	return text;
}

static void assert_rows(struct world *w, const char *sql, const char *expected)
{
	auto_free char *found = rows(w, sql);

	assert_string_equal(found, expected);
}

static void rebuild(struct world *w)
{
	struct err err = { 0 };

	if (store_rebuild(w->path, &err) < 0)
		fail_msg("%s", err.text);
}

static void emit_begin(struct world *w, int64_t campaign, int64_t slot, int64_t vm, int64_t run,
		       int64_t loop, const char *kind)
{
	emit(w, (struct record){ .type = RECORD_OPERATION_BEGIN,
				 .operation_begin = { .id = w->id++,
						      .campaign_id = campaign,
						      .src_run_id = run,
						      .slot = slot,
						      .vm = vm,
						      .loop = loop,
						      .kind = kind,
						      .began_unix_ns = w->now } });
	w->now += MS;
}

/* The operation that was begun last. */
static void emit_end(struct world *w, int64_t run, int64_t dst_run, const char *outcome,
		     int64_t stall_ns)
{
	static const struct record_measure measures[] = {
		{ "total_ms", 12.5 }, { "passes", 3 }, { "downtime_ms", 0 }, { "blackout_ns", 1e9 }
	};

	emit(w, (struct record){ .type = RECORD_OPERATION_END,
				 .operation_end = { .id = w->id - 1,
						    .src_run_id = run,
						    .dst_run_id = dst_run,
						    .outcome = outcome,
						    .duration_ns = 1000 + w->id,
						    .stall_ns = stall_ns,
						    .measures = measures,
						    .measure_count = dst_run ? 4 : 0 } });
}

static void begin_run_of(struct world *w, int64_t run, int64_t campaign, int64_t build, int64_t slot,
			 int64_t vm)
{
	emit(w, (struct record){ .type = RECORD_RUN_BEGIN,
				 .run_begin = { .id = run,
						.campaign_id = campaign,
						.build_id = build,
						.slot = slot,
						.vm = vm,
						.began_unix_ns = w->now,
						.argv = "[]" } });
}

static int64_t begin_run(struct world *w, int64_t campaign, int64_t build, int64_t slot, int64_t vm)
{
	int64_t run = w->id++;

	begin_run_of(w, run, campaign, build, slot, vm);
	return run;
}

/* A VM whose boot failed at first, whose loads stall, and that migrates to a build and back, twice; it is not told
 * to have ended. */
static void add_traveller(struct world *w, int64_t campaign, int64_t home, int64_t abroad,
			  int64_t slot, int64_t vm)
{
	int64_t run = begin_run(w, campaign, home, slot, vm);

	emit_begin(w, campaign, slot, vm, run, -1, "boot");
	emit_end(w, run, 0, "failed", -1);
	for (int64_t loop = 0; loop < 4; loop++) {
		int64_t there = begin_run(w, campaign, loop % 2 ? home : abroad, slot, vm);

		emit_begin(w, campaign, slot, vm, run, loop, "snapshot-load");
		emit_end(w, run, 0, "ok", loop == 2 ? -1 : 5 + loop);
		emit_begin(w, campaign, slot, vm, run, loop, "migrate");
		emit_end(w, run, there, loop == 3 ? "interrupted" : "ok", 7);
		run = there;
	}
	/* One that never ends. */
	emit_begin(w, campaign, slot, vm, run, 4, "snapshot-save");
}

/* A VM that stays where it is, while destinations come and go. */
static void add_stayer(struct world *w, int64_t campaign, int64_t build, int64_t slot, int64_t vm)
{
	int64_t run = begin_run(w, campaign, build, slot, vm);

	for (int64_t loop = 0; loop < 7; loop++) {
		int64_t there = w->id++;

		emit_begin(w, campaign, slot, vm, run, loop, "migrate-cancel");
		begin_run_of(w, there, campaign, build, slot, vm);
		emit_end(w, run, there, "ok", -1);
	}
}

static void add_all(struct world *w)
{
	world_compares(w, 3, looks, save);
	for (int64_t block = 0; block < 3; block++) {
		world_block(w, 0, block, 20, 30);
		world_block(w, 1, block, 21, 31);
	}
	world_vm(w, 0, 6, BUILD_A, SUMMARY_SAMPLES_MAX + 5, 2);
	/* Two at once, in two slots. */
	add_traveller(w, CAMPAIGN, BUILD_A, BUILD_B, 1, 6);
	add_traveller(w, CAMPAIGN, BUILD_B, BUILD_B, 0, 7);
	world_end(w, CAMPAIGN, "complete");
	/* Nothing of it is warm-up. */
	emit_campaign(w, OTHER_CAMPAIGN, "other");
	emit_build(w, OTHER_BUILD, OTHER_CAMPAIGN, "A");
	add_traveller(w, OTHER_CAMPAIGN, OTHER_BUILD, OTHER_BUILD, 0, 0);
	add_traveller(w, OTHER_CAMPAIGN, OTHER_BUILD, OTHER_BUILD, 0, 1);
	add_stayer(w, OTHER_CAMPAIGN, OTHER_BUILD, 0, 2);
	world_end(w, OTHER_CAMPAIGN, "interrupted");
}

static struct world *full_world(void)
{
	struct world *w = world_new();

	add_all(w);
	world_close(w);
	return w;
}

#define COUNTS "SELECT count(*), sum(count), max(part) FROM summary WHERE "

static void samples_are_kept_by_vm_metric_and_build(void **state)
{
	struct world *w = full_world();

	(void)state;
	/* Two loops of three: the first one is warm-up, and kept apart. */
	assert_rows(w, COUNTS "kind = 'snapshot-save' AND vm < 6 AND warm_up = 0", "12|24|0\n");
	assert_rows(w, COUNTS "kind = 'snapshot-save' AND vm < 6 AND warm_up = 1", "12|12|0\n");
	assert_rows(w, COUNTS "kind = 'boot' AND vm < 6", "12|12|0\n");
	assert_rows(w,
		    "SELECT count, hex(samples) FROM summary WHERE slot = 1 AND vm = 0 AND "
		    "kind = 'snapshot-save' AND warm_up = 0",
		    /* 21 ms, and a quarter */
		    "2|00000000F406744100000000F4065441\n");
	assert_rows(w, COUNTS "slot = 0 AND vm = 6 AND kind = 'snapshot-save' AND warm_up = 0",
		    "2|1028|1\n");
	assert_rows(w,
		    "SELECT part, count FROM summary WHERE slot = 0 AND vm = 6 AND "
		    "kind = 'snapshot-save' AND warm_up = 0 ORDER BY part",
		    "0|1024\n1|4\n");
	/* Loops 1 to 3; what was interrupted is none. */
	assert_rows(w,
		    "SELECT name, build_id, dst_build_id, count FROM summary WHERE campaign_id = 1 "
		    "AND slot = 1 AND vm = 6 AND kind = 'migrate' AND warm_up = 0 "
		    "ORDER BY name, build_id",
		    "blackout_ns|2|3|1\nblackout_ns|3|2|1\ndowntime_ms|2|3|1\ndowntime_ms|3|2|1\n"
		    "duration_ns|2|3|1\nduration_ns|3|2|1\npasses|2|3|1\npasses|3|2|1\n"
		    "stall_ns|2|3|1\nstall_ns|3|2|1\ntotal_ms|2|3|1\ntotal_ms|3|2|1\n");
	assert_rows(
		w,
		"SELECT name, dst_build_id, count FROM summary WHERE campaign_id = 1 AND slot = "
		"0 AND vm = 7 AND kind = 'snapshot-load' AND warm_up = 0 ORDER BY name",
		"duration_ns|0|3\nstall_ns|0|2\n");
	/* Nothing is warm-up there. */
	assert_rows(w, COUNTS "campaign_id = 9 AND kind = 'migrate' AND name = 'passes'",
		    "2|6|0\n");
	assert_rows(w, COUNTS "kind = 'migrate-cancel' AND name = 'duration_ns'", "1|7|0\n");
	assert_rows(w, "SELECT count(*) FROM summary WHERE count * 8 <> length(samples)", "0\n");
	world_free(w);
}

static void made_anew_they_are_what_they_were(void **state)
{
	struct world *w = full_world();
	auto_free char *live = rows(w, ALL);

	(void)state;
	assert_non_null(strstr(live, "snapshot-load"));
	rebuild(w);
	assert_rows(w, ALL, live);
	world_sql(w, "DELETE FROM summary WHERE slot = 1; UPDATE summary SET samples = x'00';"
		     "INSERT INTO summary SELECT campaign_id, kind, name, 77, vm, part, build_id, "
		     "dst_build_id, warm_up, 1, 2, 3, x'' FROM summary");
	rebuild(w);
	assert_rows(w, ALL, live);
	world_free(w);
}

static void a_store_in_use_is_not_made_anew(void **state)
{
	struct world *w = world_new();
	struct err err = { 0 };

	(void)state;
	assert_int_equal(store_rebuild(w->path, &err), -EBUSY);
	world_free(w);
}

static void die(void *ctx)
{
	(void)ctx;
	_exit(0);
}

/* Ends as by kill -9 once all of it is in the file; the parent's world is as it was. */
static void killed(struct world *w, void (*fill)(struct world *w))
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		struct record last = { .type = RECORD_LOOP_END, .loop_end = { CAMPAIGN, 5, 0, 0 } };

		alarm(60);
		world_open(w);
		fill(w);
		records_emit_durable(w->records, &last, (struct record_durable){ die, NULL });
		ev_ref(w->loop); /* nothing else keeps it running */
		ev_run(w->loop, 0);
		_exit(1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void fill_and_leave_open(struct world *w)
{
	world_compares(w, 3, looks, save);
	world_block(w, 0, 0, 20, 30);
	world_block(w, 1, 0, 21, 31);
	add_traveller(w, CAMPAIGN, BUILD_A, BUILD_B, 0, 2);
	add_traveller(w, CAMPAIGN, BUILD_B, BUILD_A, 1, 2);
}

static void what_a_killed_daemon_had_not_finished_is_completed(void **state)
{
	struct world *w = world_new();
	auto_free char *completed = NULL;

	(void)state;
	world_close(w);
	killed(w, fill_and_leave_open);
	assert_rows(w, "SELECT DISTINCT vm FROM summary ORDER BY 1", "0\n1\n");
	world_open(w);
	world_close(w);
	assert_rows(w, "SELECT DISTINCT vm FROM summary ORDER BY 1", "0\n1\n2\n");
	assert_rows(w, "SELECT end FROM campaign", "interrupted\n");
	completed = rows(w, ALL);
	rebuild(w);
	assert_rows(w, ALL, completed);
	/* And once only. */
	world_open(w);
	world_close(w);
	assert_rows(w, ALL, completed);
	world_free(w);
}

static const char back_to_4[] =
	"DROP TABLE comparison; DROP TABLE primary_metric; DROP TABLE look;"
	"DROP TABLE environment; DROP TABLE summary;"
	"DROP INDEX operation_unwell; DROP INDEX run_vm;"
	"ALTER TABLE campaign DROP COLUMN operations;"
	"DROP TABLE gap; ALTER TABLE campaign DROP COLUMN request;"
	"ALTER TABLE campaign DROP COLUMN qsoak;"
	"ALTER TABLE campaign DROP COLUMN boot; ALTER TABLE campaign DROP COLUMN stopping;"
	"ALTER TABLE run DROP COLUMN uri; ALTER TABLE run DROP COLUMN unseen;"
	"PRAGMA user_version = 4";

static void a_store_of_version_4_gets_them(void **state)
{
	struct world *w = full_world();
	auto_free char *others = NULL;

	(void)state;
	/* Nobody knew of warm-up. */
	world_sql(w, "DELETE FROM comparison");
	rebuild(w);
	others = rows(w, ALL);
	world_sql(w, back_to_4);
	world_open(w);
	world_close(w);
	assert_rows(w, ALL, others);
	assert_rows(w,
		    "SELECT count(*) FROM campaign WHERE operations = (SELECT count(*) FROM "
		    "operation WHERE campaign_id = campaign.id AND outcome IN ('ok', 'failed'))",
		    "2\n");
	world_free(w);
}

/* A kill between the new table and its rows. */
static void a_store_without_any_gets_them_when_it_is_opened(void **state)
{
	struct world *w = full_world();
	auto_free char *live = rows(w, ALL);

	(void)state;
	world_sql(w, "DELETE FROM summary");
	world_open(w);
	world_close(w);
	assert_rows(w, ALL, live);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(samples_are_kept_by_vm_metric_and_build),
		cmocka_unit_test(made_anew_they_are_what_they_were),
		cmocka_unit_test(a_store_in_use_is_not_made_anew),
		cmocka_unit_test(what_a_killed_daemon_had_not_finished_is_completed),
		cmocka_unit_test(a_store_of_version_4_gets_them),
		cmocka_unit_test(a_store_without_any_gets_them_when_it_is_opened),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
