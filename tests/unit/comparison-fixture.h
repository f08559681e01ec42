/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For tests of comparisons: a store that is filled through the records of a campaign in blocks. */
#ifndef QSOAK_TESTS_UNIT_COMPARISON_FIXTURE_H
#define QSOAK_TESTS_UNIT_COMPARISON_FIXTURE_H

#include "tests/unit/helper.h"

#include <sqlite3.h>

#include "base/clock.h"
#include "report/comparison.h"
#include "store/store.h"
#include "store/summary.h"

#define MS CLOCK_NS_PER_MS
#define CAMPAIGN 1
#define BUILD_A 2
#define BUILD_B 3

struct world {
	char *folder, *path;
	struct ev_loop *loop;
	struct store *store;
	struct records *records;
	int64_t id;  /* the next one */
	int64_t now; /* ns */
	int64_t loops_per_vm;
	struct query *query;
};

static inline void emit(struct world *w, struct record record)
{
	records_emit(w->records, &record);
}

static inline void world_open(struct world *w)
{
	struct err err = { 0 };
	int64_t first_id;

	w->loop = ev_loop_new(0);
	if (store_open(w->loop, w->path, false, &w->store, &first_id, &err) < 0)
		fail_msg("%s", err.text);
	w->records = records_new(first_id);
	store_subscribe(w->store, w->records);
}

static inline void world_close(struct world *w)
{
	struct err err = { 0 };

	if (store_close(w->store, &err) < 0)
		fail_msg("%s", err.text);
	records_free(w->records);
	ev_loop_destroy(w->loop);
	w->store = NULL;
}

static inline struct world *world_new(void)
{
	struct world *w = mem_new(struct world);

	w->folder = helper_scratch();
	w->path = mem_printf("%s/results.db", w->folder);
	w->id = 100;
	w->now = 1700000000 * CLOCK_NS_PER_S;
	world_open(w);
	return w;
}

static inline void world_free(struct world *w)
{
	if (w->store)
		world_close(w);
	query_close(w->query);
	helper_scratch_finish(w->folder);
	free(w->path);
	free(w);
}

static inline void emit_build(struct world *w, int64_t id, int64_t campaign, const char *name)
{
	emit(w, (struct record){ .type = RECORD_BUILD,
				 .build = { .id = id,
					    .campaign_id = campaign,
					    .name = name,
					    .binary = "/b",
					    .version = "QEMU 7.2",
					    .sha256 = "" } });
}

static inline void emit_campaign(struct world *w, int64_t id, const char *name)
{
	emit(w, (struct record){ .type = RECORD_CAMPAIGN_BEGIN,
				 .campaign_begin = { .id = id,
						     .began_unix_ns = w->now,
						     .name = name,
						     .profile_text = "",
						     .seed = "42",
						     .accel = "tcg",
						     .machine = "pc-q35-7.2",
						     .vms = 2,
						     .host_name = "box",
						     .host_kernel = "",
						     .host_cpu = "" } });
}

/* A campaign of builds A and B that are compared, with one warm-up loop; metrics end with one without a
 * name, looks with 0. */
static inline void world_compares(struct world *w, int64_t loops_per_vm, const unsigned *looks,
				  const struct record_metric *metrics)
{
	struct record_comparison comparison = { .campaign_id = CAMPAIGN,
						.a_build_id = BUILD_A,
						.b_build_id = BUILD_B,
						.loops_per_vm = loops_per_vm,
						.warm_up_loops = 1,
						.looks = looks,
						.metrics = metrics };

	while (looks[comparison.look_count])
		comparison.look_count++;
	while (metrics[comparison.metric_count].name)
		comparison.metric_count++;
	w->loops_per_vm = loops_per_vm;
	emit_campaign(w, CAMPAIGN, "compare");
	emit_build(w, BUILD_A, CAMPAIGN, "A");
	emit_build(w, BUILD_B, CAMPAIGN, "B");
	emit(w, (struct record){ .type = RECORD_COMPARISON, .comparison = comparison });
}

static inline void emit_operation(struct world *w, int64_t slot, int64_t vm, int64_t run,
				  int64_t loop, const char *kind, int64_t duration_ns,
				  const struct record_measure *measures, size_t measure_count)
{
	int64_t id = w->id++;

	emit(w, (struct record){ .type = RECORD_OPERATION_BEGIN,
				 .operation_begin = { .id = id,
						      .campaign_id = CAMPAIGN,
						      .src_run_id = run,
						      .slot = slot,
						      .vm = vm,
						      .loop = loop,
						      .kind = kind,
						      .began_unix_ns = w->now } });
	w->now += duration_ns;
	emit(w, (struct record){ .type = RECORD_OPERATION_END,
				 .operation_end = { .id = id,
						    .src_run_id = run,
						    .outcome = "ok",
						    .duration_ns = duration_ns,
						    .stall_ns = -1,
						    .measures = measures,
						    .measure_count = measure_count } });
}

static inline int64_t emit_run(struct world *w, int64_t build, int64_t slot, int64_t vm)
{
	int64_t run = w->id++;

	emit(w, (struct record){ .type = RECORD_RUN_BEGIN,
				 .run_begin = { .id = run,
						.campaign_id = CAMPAIGN,
						.build_id = build,
						.slot = slot,
						.vm = vm,
						.began_unix_ns = w->now,
						.argv = "[]" } });
	return run;
}

static inline void emit_loop(struct world *w, int64_t slot, int64_t vm, int64_t loop)
{
	emit(w,
	     (struct record){ .type = RECORD_LOOP_END, .loop_end = { CAMPAIGN, slot, vm, loop } });
}

static inline void emit_vm_end(struct world *w, int64_t slot, int64_t vm, int64_t run)
{
	emit(w, (struct record){
			.type = RECORD_RUN_END,
			.run_end = { .id = run, .ended_unix_ns = w->now, .expected = true } });
	emit(w, (struct record){ .type = RECORD_VM_END, .vm_end = { CAMPAIGN, slot, vm } });
}

/* A VM that does `loops` loops of one snapshot-save each. They take ms in the median, but for the warm-up. */
static inline void world_vm(struct world *w, int64_t slot, int64_t vm, int64_t build, int64_t loops,
			    double ms)
{
	int64_t run = emit_run(w, build, slot, vm);

	emit_operation(w, slot, vm, run, -1, "boot", 500 * MS, NULL, 0);
	for (int64_t loop = 0; loop < loops; loop++) {
		/* The median is ms; the warm-up is far from it, and differently so for both. */
		double all[] = { ms, ms / 4, ms * 5 };
		double this = loop ? all[(loop - 1) % 3] : build == BUILD_A ? 1e4 : 1;

		emit_operation(w, slot, vm, run, loop, "snapshot-save", (int64_t)(this * 1e6), NULL,
			       0);
		emit_loop(w, slot, vm, loop);
	}
	emit_vm_end(w, slot, vm, run);
}

/* Block `number` of a slot: A first where the number is even. */
static inline void world_block(struct world *w, int64_t slot, int64_t number, double a_ms,
			       double b_ms)
{
	bool b_first = number % 2;

	world_vm(w, slot, 2 * number, b_first ? BUILD_B : BUILD_A, w->loops_per_vm,
		 b_first ? b_ms : a_ms);
	world_vm(w, slot, 2 * number + 1, b_first ? BUILD_A : BUILD_B, w->loops_per_vm,
		 b_first ? a_ms : b_ms);
}

static inline void world_end(struct world *w, int64_t id, const char *end)
{
	emit(w,
	     (struct record){ .type = RECORD_CAMPAIGN_END,
			      .campaign_end = { .id = id, .ended_unix_ns = w->now, .end = end } });
}

static inline void world_fact(struct world *w, int64_t build, const char *key, const char *value)
{
	emit(w, (struct record){ .type = RECORD_ENVIRONMENT,
				 .environment = { CAMPAIGN, build, key, value } });
}

/* What any other program may write into the file. */
static inline void world_sql(struct world *w, const char *sql)
{
	sqlite3 *db;
	char *error = NULL;

	if (w->store)
		world_close(w);
	/* It sees what was there when it began. */
	query_close(w->query);
	w->query = NULL;
	assert_int_equal(sqlite3_open(w->path, &db), SQLITE_OK);
	sqlite3_busy_timeout(db, 10000);
	if (sqlite3_exec(db, sql, NULL, NULL, &error) != SQLITE_OK)
		fail_msg("%s: %s", sql, error);
	sqlite3_close(db);
}

static inline struct query *world_query(struct world *w)
{
	struct err err = { 0 };

	if (w->store)
		world_close(w);
	if (!w->query && query_open(w->path, &w->query, &err) < 0)
		fail_msg("%s", err.text);
	return w->query;
}

/* The caller owns it. */
static inline json_t *world_compare(struct world *w, struct comparison_options options)
{
	json_t *value = NULL;
	struct err err = { 0 };

	if (comparison_json(world_query(w), CAMPAIGN, &options, &value, &err) < 0)
		fail_msg("%s", err.text);
	return value;
}

#endif
