// SPDX-License-Identifier: GPL-2.0-or-later
/* What the results store does not open, and leaves as it is. */
#include "tests/unit/store-fixture.h"

#include <errno.h>
#include <sys/stat.h>
#include <sys/wait.h>

static char *read_bytes(const char *path, size_t *ret_size)
{
	auto_fclose FILE *file = fopen(path, "re");
	char *bytes;

	assert_non_null(file);
	fseek(file, 0, SEEK_END);
	*ret_size = (size_t)ftell(file);
	rewind(file);
	bytes = mem_zalloc(*ret_size + 1);
	assert_int_equal(fread(bytes, 1, *ret_size, file), *ret_size);
	return bytes;
}

static int count_files(struct fixture *fx)
{
	DIR *dir = opendir(fx->directory);
	int count = 0;

	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}

static void assert_refused(struct fixture *fx, const char *why, int new_files)
{
	size_t before_size, after_size;
	auto_free char *before = read_bytes(fx->path, &before_size);
	auto_free char *after = NULL;
	int files = count_files(fx);
	struct query *query = NULL;
	struct err err = { 0 };

	assert_true(query_open(fx->path, &query, &err) < 0);
	assert_true(err.code == -EINVAL || err.code == -EUCLEAN);
	assert_non_null(strstr(err.text, why));
	err = (struct err){ 0 };
	assert_int_equal(try_open(fx, &err), -EINVAL);
	assert_int_equal(err.code, -EINVAL);
	assert_non_null(strstr(err.text, fx->path));
	assert_non_null(strstr(err.text, why));

	after = read_bytes(fx->path, &after_size);
	assert_int_equal(before_size, after_size);
	assert_memory_equal(before, after, before_size);
	assert_int_equal(count_files(fx), files + new_files);
}

static void write_file(struct fixture *fx, const char *text)
{
	auto_fclose FILE *file = fopen(fx->path, "we");

	assert_non_null(file);
	fputs(text, file);
}

/* The right application id, in what is no database. */
static void write_header(struct fixture *fx)
{
	auto_fclose FILE *file = fopen(fx->path, "we");
	char bytes[200] = "not SQLite";

	assert_non_null(file);
	memcpy(bytes + 68, "qsok", 4);
	assert_int_equal(fwrite(bytes, sizeof(bytes), 1, file), 1);
}

static void make_foreign(struct fixture *fx, const char *sql)
{
	sqlite3 *db;

	unlink(fx->path);
	write_file(fx, "");
	db = open_outside(fx);
	run_outside(db, sql);
	sqlite3_close(db);
}

static void test_refuses_what_is_no_store(void **state)
{
	static const char why[] = "not a results store";
	struct fixture *fx = *state;

	write_file(fx, "short");
	assert_refused(fx, why, 0);
	write_file(fx, "This is a letter to somebody, longer than the header of a database, which "
		       "has one hundred bytes: not less.");
	assert_refused(fx, why, 0);
	write_header(fx);
	assert_refused(fx, why, 0);
	make_foreign(fx, "CREATE TABLE t(a); PRAGMA user_version = 1");
	assert_refused(fx, why, 0);
	make_foreign(fx, "CREATE TABLE t(a); PRAGMA application_id = 99; PRAGMA journal_mode=WAL");
	assert_refused(fx, why, 0);
}

/* As a newer qsoakd would leave it when killed: only the write-ahead log knows. */
static void make_newer_and_die(struct fixture *fx)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		run_outside(open_outside(fx),
			    "PRAGMA wal_autocheckpoint=0; PRAGMA user_version=99");
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void test_refuses_a_newer_version(void **state)
{
	static const char why[] = "version 99";
	struct fixture *fx = *state;
	auto_free char *wal = mem_printf("%s-wal", fx->path);
	auto_free char *before = NULL, *after = NULL;
	size_t before_size, after_size;
	sqlite3 *db;

	open_store(fx);
	close_store_well(fx);
	make_newer_and_die(fx);
	before = read_bytes(wal, &before_size);
	assert_true(before_size > 0);
	assert_refused(fx, why, 0);
	after = read_bytes(wal, &after_size);
	assert_int_equal(before_size, after_size);
	assert_memory_equal(before, after, before_size);
	/* And once the file itself does. */
	db = open_outside(fx);
	run_outside(db, "PRAGMA wal_checkpoint(TRUNCATE)");
	sqlite3_close(db);
	assert_int_equal(access(wal, F_OK), -1);
	assert_refused(fx, why, 0);
}

/* What an earlier qsoakd left is brought up to date, loses nothing, and takes what is new. */
static void test_takes_an_older_version(void **state)
{
	/* [n]: from version n + 1 back to n */
	static const char *const back[] = {
		[5] = "DROP TABLE gap; ALTER TABLE campaign DROP COLUMN request;"
		      "ALTER TABLE campaign DROP COLUMN qsoak;"
		      "ALTER TABLE campaign DROP COLUMN boot; ALTER TABLE campaign DROP COLUMN "
		      "stopping; ALTER TABLE run DROP COLUMN uri; "
		      "ALTER TABLE run DROP COLUMN unseen; PRAGMA user_version = 5",
		[4] = "DROP TABLE comparison; DROP TABLE primary_metric; DROP TABLE look;"
		      "DROP TABLE environment; DROP TABLE summary; DROP INDEX operation_unwell; "
		      "DROP INDEX run_vm;"
		      "ALTER TABLE campaign DROP COLUMN operations; PRAGMA user_version = 4",
		[3] = "ALTER TABLE failure DROP COLUMN alternative_id;"
		      "DROP TABLE alternative; DROP INDEX failure_signature;"
		      "PRAGMA user_version = 3",
		[2] = "ALTER TABLE build DROP COLUMN origin;"
		      "ALTER TABLE campaign DROP COLUMN loops_per_build;"
		      "DROP TABLE left_out; PRAGMA user_version = 2",
		[1] = "ALTER TABLE failure DROP COLUMN expected;"
		      "ALTER TABLE build DROP COLUMN sandbox;"
		      "ALTER TABLE campaign DROP COLUMN accel_reason; PRAGMA user_version = 1",
	};
	struct fixture *fx = *state;

	open_store(fx);
	emit_begin(fx);
	emit(fx, failure(13, 5000));
	close_store_well(fx);
	for (size_t version = ARRAY_SIZE(back) - 1; version; version--) {
		auto_free char *title = mem_printf("since version %zu", version);
		auto_free char *row = mem_printf("%s\n", title);
		struct record more = failure(30 - (int64_t)version, 6000);
		sqlite3 *db = open_outside(fx);

		for (size_t i = ARRAY_SIZE(back) - 1; i >= version; i--)
			run_outside(db, back[i]);
		sqlite3_close(db);
		open_store(fx);
		more.failure.alternative = title;
		emit(fx, more);
		close_store_well(fx);
		assert_rows(fx, "PRAGMA user_version", "6\n");
		assert_rows(fx, "SELECT id, expected FROM failure WHERE id = 13", "13|0\n");
		assert_rows(fx,
			    "SELECT title FROM alternative AS a "
			    "JOIN failure AS f ON f.alternative_id = a.id "
			    "ORDER BY f.id DESC LIMIT 1",
			    row);
	}
	assert_rows(fx, "SELECT count(*), count(DISTINCT signature_id) FROM failure", "6|1\n");
}

static void test_opens_an_empty_file(void **state)
{
	struct fixture *fx = *state;

	write_file(fx, "");
	open_store(fx);
	emit(fx, campaign_begin());
	close_store_well(fx);
	assert_rows(fx, "SELECT id FROM campaign", "1\n");
}

static void test_one_writer(void **state)
{
	struct fixture *fx = *state;
	struct fixture other = { .path = fx->path };
	struct err err = { 0 };

	open_store(fx);
	assert_int_equal(try_open(&other, &err), -EBUSY);
	assert_non_null(strstr(err.text, fx->path));
	close_store_well(fx);
	open_store(fx);
	close_store_well(fx);
}

static void test_paths_that_cannot_be(void **state)
{
	struct fixture *fx = *state;
	struct fixture other = { .path = mem_printf("%s/no/results.db", fx->directory) };
	struct query *query = NULL;
	struct err err = { 0 };

	assert_int_equal(try_open(&other, &err), -ENOENT);
	assert_non_null(strstr(err.text, other.path));
	err = (struct err){ 0 };
	assert_int_equal(query_open(other.path, &query, &err), -ENOENT);
	assert_null(query);
	free(other.path);
	/* What is there, but is no file. */
	other.path = fx->directory;
	err = (struct err){ 0 };
	assert_true(try_open(&other, &err) < 0);
	assert_non_null(strstr(err.text, other.path));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(test_refuses_what_is_no_store),
		STORE_TEST(test_refuses_a_newer_version),
		STORE_TEST(test_takes_an_older_version),
		STORE_TEST(test_opens_an_empty_file),
		STORE_TEST(test_one_writer),
		STORE_TEST(test_paths_that_cannot_be),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
