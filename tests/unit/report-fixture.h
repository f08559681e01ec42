/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For tests of reports: a store with known rows, and what is printed of it. */
#ifndef QSOAK_TESTS_UNIT_REPORT_FIXTURE_H
#define QSOAK_TESTS_UNIT_REPORT_FIXTURE_H

#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/mem.h"
#include "report/json.h"
#include "report/report.h"
#include "store/store.h"

/* 2026-01-02T03:04:05Z */
#define BEGAN_NS (1767323045 * CLOCK_NS_PER_S)

#define US 1000ll
#define MS CLOCK_NS_PER_MS

enum id {
	CAMPAIGN = 1,
	STOCK,
	FIRST,
	RUN_STOCK,
	RUN_FIRST,
	EMPTY_CAMPAIGN,
	FIRST_OPERATION = 100,
	FIRST_FAILURE = 1000,
};
struct fixture {
	char directory[32];
	char *path;
	struct ev_loop *loop;
	struct store *store;
	struct records *records;
	int64_t operation;
	int64_t failure;
	struct query *query;
};

static inline void emit(struct fixture *fx, struct record record)
{
	records_emit(fx->records, &record);
}

static inline void add_campaign(struct fixture *fx, int64_t id, const char *name, int64_t vms)
{
	emit(fx, (struct record){ .type = RECORD_CAMPAIGN_BEGIN,
				  .campaign_begin = { .id = id,
						      .began_unix_ns = BEGAN_NS,
						      .name = name,
						      .profile_text = "",
						      .seed = "42",
						      .accel = "tcg",
						      .machine = "pc-q35-7.2",
						      .vms = vms,
						      .host_name = "",
						      .host_kernel = "",
						      .host_cpu = "" } });
}

static inline void end_campaign(struct fixture *fx, int64_t id, int64_t s, const char *end,
				int64_t code)
{
	emit(fx, (struct record){ .type = RECORD_CAMPAIGN_END,
				  .campaign_end = { .id = id,
						    .ended_unix_ns = BEGAN_NS + s * CLOCK_NS_PER_S,
						    .end = end,
						    .exit_code = code,
						    .operations = -1 } });
}

static inline void add_build(struct fixture *fx, int64_t id, const char *name, int64_t run)
{
	emit(fx, (struct record){ .type = RECORD_BUILD,
				  .build = { .id = id,
					     .campaign_id = CAMPAIGN,
					     .name = name,
					     .binary = "",
					     .version = "",
					     .sha256 = "" } });
	emit(fx, (struct record){ .type = RECORD_RUN_BEGIN,
				  .run_begin = { .id = run,
						 .campaign_id = CAMPAIGN,
						 .build_id = id,
						 .argv = "[]" } });
}

static inline void add_operation(struct fixture *fx, int64_t run, int64_t dst_run, const char *kind,
				 const char *outcome, int64_t duration_ns)
{
	int64_t id = fx->operation++;

	emit(fx, (struct record){ .type = RECORD_OPERATION_BEGIN,
				  .operation_begin = { .id = id,
						       .campaign_id = CAMPAIGN,
						       .src_run_id = run,
						       .kind = kind } });
	if (outcome)
		emit(fx, (struct record){ .type = RECORD_OPERATION_END,
					  .operation_end = { .id = id,
							     .dst_run_id = dst_run,
							     .outcome = outcome,
							     .duration_ns = duration_ns,
							     .stall_ns = -1 } });
}

static inline void add_failure(struct fixture *fx, int64_t run, int64_t loops, const char *class,
			       const char *step, const char *signature, const char *alternative)
{
	int64_t id = fx->failure++;
	auto_free char *incident = mem_printf("incidents/%lld", (long long)id);

	emit(fx, (struct record){ .type = RECORD_FAILURE,
				  .failure = { .id = id,
					       .campaign_id = CAMPAIGN,
					       .src_run_id = run,
					       .slot = 2,
					       .vm = 7,
					       .loops = loops,
					       .at_unix_ns = BEGAN_NS + id * CLOCK_NS_PER_S,
					       .class = class,
					       .kind = step ? "migrate" : NULL,
					       .step = step,
					       .signature = signature,
					       .alternative = alternative,
					       .detail = "gone \xff",
					       .incident = step ? incident : NULL } });
}

static inline void fill(struct fixture *fx)
{
	add_campaign(fx, CAMPAIGN, "quick", 4);
	add_build(fx, STOCK, "stock", RUN_STOCK);
	add_build(fx, FIRST, "a-first", RUN_FIRST);
	/* 1 ms to 100 ms, not in order */
	for (int i = 0; i < 100; i++)
		add_operation(fx, RUN_STOCK, 0, "snapshot-save", "ok", (i * 37 % 100 + 1) * MS);
	for (int i = 0; i < 3; i++)
		add_operation(fx, RUN_STOCK, 0, "snapshot-save", "failed", 1);
	add_operation(fx, RUN_STOCK, 0, "snapshot-save", "interrupted", -1);
	add_operation(fx, RUN_STOCK, 0, "snapshot-save", NULL, 0);
	add_operation(fx, RUN_STOCK, 0, "boot", "interrupted", -1);
	add_operation(fx, RUN_STOCK, RUN_STOCK, "migrate", "ok", 1500 * US);
	add_operation(fx, RUN_STOCK, RUN_FIRST, "migrate", "ok", 2 * CLOCK_NS_PER_S);
	add_operation(fx, RUN_FIRST, 0, "boot", "failed", -1);
	add_operation(fx, RUN_FIRST, 0, "boot", "ok", 20 * US);
	for (int i = 0; i < 97; i++)
		emit(fx, (struct record){ .type = RECORD_LOOP_END,
					  .loop_end = { .campaign_id = CAMPAIGN,
							.slot = i % 4,
							.loop = i / 4 } });
	add_failure(fx, RUN_STOCK, 9, "crash", NULL, "crash: \x1b[31mred\n", NULL);
	add_failure(fx, RUN_STOCK, 5, "hang", "setup", "hang: migration", "in f");
	add_failure(fx, RUN_STOCK, 1, "hang", "setup", "hang: migration", "in g");
	add_failure(fx, RUN_FIRST, 2, "hang", "setup", "hang: migration", NULL);
	add_failure(fx, 0, 0, "host", NULL, "host: no space", NULL);
	end_campaign(fx, CAMPAIGN, 61, "complete", 1);
	add_campaign(fx, EMPTY_CAMPAIGN, "none\x07", 1);
}

static inline int setup(void **state)
{
	struct fixture *fx = mem_new(struct fixture);
	struct err err = { 0 };
	int64_t first_id;

	fx->operation = FIRST_OPERATION;
	fx->failure = FIRST_FAILURE;
	strcpy(fx->directory, "/tmp/test-report-XXXXXX");
	if (!mkdtemp(fx->directory))
		return -1;
	fx->path = mem_printf("%s/results.db", fx->directory);
	fx->loop = ev_loop_new(0);
	fx->records = records_new(1);
	if (store_open(fx->loop, fx->path, false, &fx->store, &first_id, &err) < 0)
		return -1;
	store_subscribe(fx->store, fx->records);
	fill(fx);
	if (store_close(fx->store, &err) < 0 || query_open(fx->path, &fx->query, &err) < 0) {
		print_error("%s\n", err.text);
		return -1;
	}
	records_free(fx->records);
	ev_loop_destroy(fx->loop);
	*state = fx;
	return 0;
}

static inline int teardown(void **state)
{
	struct fixture *fx = *state;
	DIR *dir = opendir(fx->directory);

	query_close(fx->query);
	for (struct dirent *entry; (entry = readdir(dir));)
		unlinkat(dirfd(dir), entry->d_name, 0);
	closedir(dir);
	rmdir(fx->directory);
	free(fx->path);
	free(fx);
	return 0;
}

static inline void assert_text(char *text, const char *expected)
{
	assert_string_equal(text, expected);
	free(text);
}

typedef int (*read_fn)(struct query *query, int64_t campaign, json_t **ret_value, struct err *err);

static inline int read_result(struct query *query, int64_t campaign, json_t **ret_value,
			      struct err *err)
{
	return report_json_campaign(query, campaign, false, ret_value, err);
}

static inline int read_failures(struct query *query, int64_t campaign, json_t **ret_value,
				struct err *err)
{
	return report_json_list(query, QUERY_FAILURES, campaign, 0, 1000, ret_value, err);
}

static inline int read_campaigns(struct query *query, int64_t campaign, json_t **ret_value,
				 struct err *err)
{
	return report_json_list(query, QUERY_CAMPAIGNS, campaign, 0, 1000, ret_value, err);
}

static inline int read_builds(struct query *query, int64_t campaign, json_t **ret_value,
			      struct err *err)
{
	return report_json_list(query, QUERY_BUILDS, campaign, 0, 1000, ret_value, err);
}

static inline char *report(struct fixture *fx, read_fn read, int64_t campaign, report_fn print)
{
	struct err err = { 0 };
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	auto_json json_t *value = NULL;

	if (read(fx->query, campaign, &value, &err) < 0 ||
	    report_print(value, print, !print, out, &err) < 0)
		fail_msg("%s", err.text);
	fclose(out);
	return text;
}

#endif
