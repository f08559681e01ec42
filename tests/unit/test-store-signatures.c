// SPDX-License-Identifier: GPL-2.0-or-later
/* The list of signatures that a store has: counts by build, campaigns, other titles, pages. */
#include "tests/unit/store-fixture.h"

#include "store/query-rows.h"

#define OTHER_CAMPAIGN 500

/* A build with one run, its id and the next. */
static void emit_build(struct fixture *fx, int64_t campaign, int64_t id, const char *name,
		       const char *version)
{
	struct record record = build(id, name);

	record.build.campaign_id = campaign;
	record.build.version = version;
	emit(fx, record);
	record = run_begin(id + 1);
	record.run_begin.campaign_id = campaign;
	record.run_begin.build_id = id;
	emit(fx, record);
}

static void emit_failure(struct fixture *fx, int64_t campaign, int64_t id, int64_t run,
			 int64_t dst_run, const char *signature)
{
	struct record record = failure(id, id);

	record.failure.campaign_id = campaign;
	record.failure.src_run_id = run;
	record.failure.dst_run_id = dst_run;
	record.failure.signature = signature;
	record.failure.alternative = dst_run ? "in frame" : NULL;
	emit(fx, record);
}

/* Rows as text: columns with "|", a newline behind each row. */
static char *list(struct fixture *fx, int64_t campaign, int64_t after, int64_t limit,
		  int64_t *ret_next)
{
	struct query *query = NULL;
	struct query_rows rows;
	struct err err = { 0 };
	char *text = mem_strdup("");

	if (query_open(fx->path, &query, &err) < 0 ||
	    query_rows(query, QUERY_SIGNATURES, campaign, after, limit, &rows, &err) < 0)
		fail_msg("%s", err.text);
	for (size_t i = 0; i < rows.count * rows.columns; i++) {
		const struct query_value *value = &rows.values[i];
		auto_free char *before = text;
		auto_free char *cell = value->type == QUERY_INTEGER
					       ? mem_printf("%lld", (long long)value->integer)
					       : mem_strdup(value->text ? value->text : "-");

		text = mem_printf("%s%s%s", before, cell, (i + 1) % rows.columns ? "|" : "\n");
	}
	*ret_next = rows.next;
	query_rows_finish(&rows);
	query_close(query);
	return text;
}

static void assert_list(struct fixture *fx, int64_t campaign, int64_t after, int64_t limit,
			int64_t next, const char *expected)
{
	int64_t found_next = -1;
	auto_free char *text = list(fx, campaign, after, limit, &found_next);

	assert_string_equal(text, expected);
	assert_int_equal(found_next, next);
}

static void test_counts(void **state)
{
	static const char a_of_all[] =
		"1|crash|a|20|40|4|2|500|"
		"[{\"build\":\"stock\",\"versions\":[\"QEMU 7.2\"],\"failures\":2,"
		"\"alternative_failures\":{\"in frame\":1}},"
		"{\"build\":\"stock -> fixed\",\"versions\":[\"QEMU 7.2\",\"QEMU 8.2\"],"
		"\"failures\":1,\"alternative_failures\":{\"in frame\":1}},"
		"{\"build\":\"stock\",\"versions\":[\"QEMU 9.0\"],\"failures\":1,"
		"\"alternative_failures\":{}}]|"
		"[\"in frame\"]|{\"in frame\":2}\n";
	static const char a_of_other[] =
		"1|crash|a|20|40|1|1|500|"
		"[{\"build\":\"stock\",\"versions\":[\"QEMU 9.0\"],\"failures\":1,"
		"\"alternative_failures\":{}}]|"
		"[]|{}\n";
	static const char b[] = "2|crash|b|31|31|1|1|1|"
				"[{\"build\":null,\"versions\":[],\"failures\":1,"
				"\"alternative_failures\":{}}]|[]|{}\n";
	struct fixture *fx = *state;
	auto_free char *both = mem_printf("%s%s", a_of_all, b);
	struct record other = campaign_begin();

	open_store(fx);
	emit(fx, campaign_begin());
	emit_build(fx, CAMPAIGN, 10, "stock", "QEMU 7.2");
	emit_build(fx, CAMPAIGN, 12, "fixed", "QEMU 8.2");
	emit_failure(fx, CAMPAIGN, 20, 11, 0, "a");
	emit_failure(fx, CAMPAIGN, 21, 11, 11, "a");
	emit_failure(fx, CAMPAIGN, 30, 11, 13, "a");
	emit_failure(fx, CAMPAIGN, 31, 0, 0, "b");
	other.campaign_begin.id = OTHER_CAMPAIGN;
	emit(fx, other);
	emit_build(fx, OTHER_CAMPAIGN, 501, "stock", "QEMU 9.0");
	emit_failure(fx, OTHER_CAMPAIGN, 40, 502, 0, "a");
	close_store_well(fx);

	assert_list(fx, 0, 0, 10, 0, both);
	/* What came in a campaign is counted within it; when it was seen is of the whole store. */
	assert_list(fx, OTHER_CAMPAIGN, 0, 10, 0, a_of_other);
	/* Page by page. */
	assert_list(fx, 0, 0, 1, 1, a_of_all);
	assert_list(fx, 0, 1, 1, 2, b);
	assert_list(fx, 0, 2, 1, 0, "");
}

static void test_builds_are_bounded(void **state)
{
	struct fixture *fx = *state;
	auto_free char *text = NULL;
	int64_t next;
	int count = 0;

	open_store(fx);
	emit(fx, campaign_begin());
	for (int i = 0; i < QUERY_BUILDS_OF_SIGNATURE_MAX + 1; i++) {
		auto_free char *name = mem_printf("build-%d.", i);

		emit_build(fx, CAMPAIGN, 10 + 3 * i, name, "QEMU 7.2");
		emit_failure(fx, CAMPAIGN, 12 + 3 * i, 11 + 3 * i, 0, "a");
	}
	close_store_well(fx);
	text = list(fx, 0, 0, 10, &next);
	for (const char *at = text; (at = strstr(at, "\"build\"")); at++)
		count++;
	assert_int_equal(count, QUERY_BUILDS_OF_SIGNATURE_MAX);
	/* The oldest is the one that is left out, but counted. */
	assert_null(strstr(text, "\"build-0.\""));
	assert_non_null(strstr(text, "\"build-1.\""));
	assert_non_null(strstr(text, "\"build-64.\""));
	assert_non_null(strstr(text, "|65|1|1|"));
}

/* Of more titles than are told, the most frequent are; each failure has its own nevertheless. */
static void test_titles_are_bounded(void **state)
{
	struct fixture *fx = *state;
	auto_free char *text = NULL;
	int64_t id = 20, next;

	open_store(fx);
	emit(fx, campaign_begin());
	emit_build(fx, CAMPAIGN, 10, "stock", "QEMU 7.2");
	for (int i = 0; i < QUERY_ALTERNATIVES_MAX + 1; i++) {
		auto_free char *title = mem_printf("title %d.", i);
		struct record record = failure(id, id);

		/* The first one is the rarest. */
		for (int j = 0; j < (i ? 2 : 1); j++) {
			record.failure.id = id++;
			record.failure.src_run_id = 11;
			record.failure.alternative = title;
			emit(fx, record);
		}
	}
	close_store_well(fx);
	text = list(fx, 0, 0, 10, &next);
	assert_null(strstr(text, "title 0."));
	for (int i = 1; i < QUERY_ALTERNATIVES_MAX + 1; i++) {
		auto_free char *title = mem_printf("\"title %d.\":2", i);
		const char *of_build = strstr(text, title);

		assert_non_null(of_build);
		assert_non_null(strstr(of_build + 1, title));
	}
	assert_rows(fx,
		    "SELECT count(*) FROM failure AS f JOIN alternative AS a "
		    "ON a.id = f.alternative_id WHERE a.title = 'title 0.'",
		    "1\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(test_counts),
		STORE_TEST(test_builds_are_bounded),
		STORE_TEST(test_titles_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
