// SPDX-License-Identifier: GPL-2.0-or-later
/* What goes upstream, without one: URLs, the mirror of the tables, rows as COPY takes them. */
#include "tests/unit/helper.h"

#include <sqlite3.h>

#include "base/mem.h"
#include "store/schema.h"
#include "upstream/copy.h"
#include "upstream/mirror.h"
#include "upstream/url.h"

static void test_urls(void **state)
{
	static const char *const urls[] = {
		"postgresql://",
		"postgres://h/d",
		"postgresql://me@h:5432/d?sslmode=verify-full",
		"postgresql://h/d?passfile=/etc/p",
		"postgresql:///d?host=/run/postgresql",
	};
	static const char *const others[] = { "",
					      "h",
					      "http://h/d",
					      "postgresql:/h",
					      "postgresql://h/a b",
					      "postgresql://h/\n",
					      "host=h dbname=d" };
	static const char *const secrets[] = {
		"postgresql://me:x@h/d",
		"postgres://me:@h",
		"postgresql://:x@h",
		"postgresql://h/d?password=x",
		"postgresql://h/d?a=b&password=x",
		"postgresql://h?sslpassword=x",
		"postgresql://h/d?p%61ssword=x",
		"postgresql://h/d?PASSWORD=x",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(urls); i++) {
		assert_true(upstream_url_is(urls[i]));
		assert_false(upstream_url_has_password(urls[i]));
	}
	/* The ":" and "@" of others are none of the user's. */
	assert_false(upstream_url_has_password("postgresql://h:1/d?options=a:b@c"));
	assert_false(upstream_url_has_password("postgresql://h/d?%"));
	assert_false(upstream_url_has_password("postgresql://h/d?password"));
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		assert_false(upstream_url_is(others[i]));
	for (size_t i = 0; i < ARRAY_SIZE(secrets); i++)
		assert_true(upstream_url_has_password(secrets[i]));
}

static void test_too_long_is_no_url(void **state)
{
	char url[UPSTREAM_URL_MAX + 2];

	(void)state;
	memset(url, 'x', sizeof(url));
	memcpy(url, "postgresql://", 13);
	url[UPSTREAM_URL_MAX] = '\0';
	assert_true(upstream_url_is(url));
	url[UPSTREAM_URL_MAX] = 'x';
	url[UPSTREAM_URL_MAX + 1] = '\0';
	assert_false(upstream_url_is(url));
}

static const struct mirror_column *find(const struct mirror *mirror, enum mirror_table_id table,
					const char *name)
{
	for (size_t i = 0; i < mirror->tables[table].count; i++)
		if (!strcmp(mirror->tables[table].columns[i].name, name))
			return &mirror->tables[table].columns[i];
	return NULL;
}

static void test_mirror_has_what_the_store_has(void **state)
{
	struct mirror *mirror = NULL;
	struct err err = { 0 };

	(void)state;
	assert_int_equal(mirror_new(&mirror, &err), 0);
	assert_true(mirror->version >= 6);
	for (int table = 0; table < MIRROR_TABLE_COUNT; table++)
		assert_true(mirror->tables[table].count > 0);
	assert_int_equal(find(mirror, MIRROR_OPERATION, "id")->type, MIRROR_INTEGER);
	assert_int_equal(find(mirror, MIRROR_MEASURE, "value")->type, MIRROR_REAL);
	assert_int_equal(find(mirror, MIRROR_SUMMARY, "samples")->type, MIRROR_BLOB);
	assert_int_equal(find(mirror, MIRROR_CAMPAIGN, "uuid")->type, MIRROR_UUID);
	assert_true(find(mirror, MIRROR_RUN, "argv")->not_null);
	assert_false(find(mirror, MIRROR_RUN, "end")->not_null);
	assert_string_equal(find(mirror, MIRROR_FAILURE, "expected")->preset, "0");
	/* Said in another way. */
	for (int table = 0; table < MIRROR_TABLE_COUNT; table++)
		assert_null(find(mirror, (enum mirror_table_id)table, "campaign_id"));
	assert_null(find(mirror, MIRROR_FAILURE, "signature_id"));
	assert_non_null(find(mirror, MIRROR_FAILURE, "signature_title"));
	assert_null(find(mirror, MIRROR_CAMPAIGN, "host_id"));
	assert_non_null(find(mirror, MIRROR_CAMPAIGN, "local_id"));
	mirror_free(mirror);
}

/* Each statement of a store is one that SQLite knows. */
static void test_statements_of_the_store(void **state)
{
	struct mirror *mirror = NULL;
	struct err err = { 0 };
	sqlite3 *db;

	(void)state;
	assert_int_equal(mirror_new(&mirror, &err), 0);
	assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
	assert_int_equal(schema_migrate(db, &err), 0);
	for (int table = 0; table < MIRROR_TABLE_COUNT; table++) {
		auto_free char *read = mirror_read_sql(mirror, (enum mirror_table_id)table);
		auto_free char *digest =
			table < MIRROR_ROW_TABLES &&
					!mirror_goes_with_operation((enum mirror_table_id)table)
				? mirror_digest_sql((enum mirror_table_id)table, false)
				: NULL;
		sqlite3_stmt *stmt = NULL;

		assert_int_equal(sqlite3_prepare_v2(db, read, -1, &stmt, NULL), SQLITE_OK);
		assert_int_equal(sqlite3_column_count(stmt), mirror->tables[table].count);
		sqlite3_finalize(stmt);
		if (digest)
			assert_int_equal(sqlite3_prepare_v2(db, digest, -1, &stmt, NULL),
					 SQLITE_OK);
		if (digest)
			sqlite3_finalize(stmt);
	}
	sqlite3_close(db);
	mirror_free(mirror);
}

/* The row of a SELECT as COPY takes it. */
static char *copied(const char *select, const enum mirror_type *types, size_t count)
{
	struct mirror_table table = { .columns = mem_zalloc(count * sizeof(*table.columns)),
				      .count = count };
	sqlite3_stmt *stmt;
	size_t size;
	char *text = NULL;
	sqlite3 *db;
	FILE *out = open_memstream(&text, &size);

	for (size_t i = 0; i < count; i++)
		table.columns[i].type = types[i];
	assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, select, -1, &stmt, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	copy_row(out, 7, stmt, &table);
	sqlite3_finalize(stmt);
	sqlite3_close(db);
	fclose(out);
	free(table.columns);
	return text;
}

static void test_rows_as_copy_takes_them(void **state)
{
	static const enum mirror_type all[] = { MIRROR_INTEGER, MIRROR_REAL, MIRROR_TEXT,
						MIRROR_BLOB, MIRROR_TEXT };
	auto_free char *row =
		copied("SELECT -9223372036854775807 - 1, 0.1, 'a' || char(9) || '\\N' "
		       "|| char(10) || char(13) || 'ü', x'00ff5c', NULL",
		       all, 5);
	auto_free char *bad = copied("SELECT CAST(x'61ff62' AS TEXT)", &all[2], 1);
	auto_free char *odd = copied("SELECT 'x'", &all[0], 1);
	auto_free char *empty = copied("SELECT '', x''", &all[2], 2);

	(void)state;
	assert_string_equal(row, "7\t-9223372036854775808\t0.10000000000000001\ta\\t\\\\N\\n\\rü\t"
				 "\\\\x00ff5c\t\\N\n");
	assert_string_equal(bad, "7\ta?b\n");
	/* The column's type counts, whatever is in it. */
	assert_string_equal(odd, "7\t0\n");
	assert_string_equal(empty, "7\t\t\\\\x\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_urls),
		cmocka_unit_test(test_too_long_is_no_url),
		cmocka_unit_test(test_mirror_has_what_the_store_has),
		cmocka_unit_test(test_statements_of_the_store),
		cmocka_unit_test(test_rows_as_copy_takes_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
