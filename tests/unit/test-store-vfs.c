// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A file system below SQLite that says no at any one moment: whatever it refuses, in the end each row is
 * stored exactly once.
 */
#include <stdatomic.h>

#include "tests/unit/store-fixture.h"

#include <errno.h>

#define RECORDS 6

/* Of the file system: how many calls that change files go well before one fails, and with what. */
static atomic_int calls_left;
static atomic_int failures_left;
static int failure_code;

struct shim_file {
	sqlite3_file base;
	sqlite3_file *real;
};

static sqlite3_vfs *real_vfs;

static bool fails(void)
{
	if (atomic_load(&failures_left) <= 0 || atomic_fetch_sub(&calls_left, 1) > 0)
		return false;
	atomic_fetch_sub(&failures_left, 1);
	return true;
}

#define REAL(file) ((struct shim_file *)(file))->real
#define PASS(file, method, ...) REAL(file)->pMethods->method(REAL(file), ##__VA_ARGS__)

static int shim_close(sqlite3_file *f)
{
	return PASS(f, xClose);
}
static int shim_read(sqlite3_file *f, void *p, int n, sqlite3_int64 at)
{
	return PASS(f, xRead, p, n, at);
}
static int shim_write(sqlite3_file *f, const void *p, int n, sqlite3_int64 at)
{
	return fails() ? failure_code : PASS(f, xWrite, p, n, at);
}
static int shim_truncate(sqlite3_file *f, sqlite3_int64 size)
{
	return fails() ? failure_code : PASS(f, xTruncate, size);
}
/* What was written may be on the disk all the same. */
static int shim_sync(sqlite3_file *f, int flags)
{
	int rc = PASS(f, xSync, flags);

	return fails() ? failure_code : rc;
}
static int shim_size(sqlite3_file *f, sqlite3_int64 *size)
{
	return PASS(f, xFileSize, size);
}
static int shim_lock(sqlite3_file *f, int lock)
{
	return PASS(f, xLock, lock);
}
static int shim_unlock(sqlite3_file *f, int lock)
{
	return PASS(f, xUnlock, lock);
}
static int shim_reserved(sqlite3_file *f, int *out)
{
	return PASS(f, xCheckReservedLock, out);
}
static int shim_control(sqlite3_file *f, int op, void *arg)
{
	return PASS(f, xFileControl, op, arg);
}
static int shim_sector(sqlite3_file *f)
{
	return PASS(f, xSectorSize);
}
static int shim_device(sqlite3_file *f)
{
	return PASS(f, xDeviceCharacteristics);
}
static int shim_shm_map(sqlite3_file *f, int page, int size, int extend, void volatile **out)
{
	return PASS(f, xShmMap, page, size, extend, out);
}
static int shim_shm_lock(sqlite3_file *f, int offset, int n, int flags)
{
	return PASS(f, xShmLock, offset, n, flags);
}
static void shim_shm_barrier(sqlite3_file *f)
{
	PASS(f, xShmBarrier);
}
static int shim_shm_unmap(sqlite3_file *f, int delete)
{
	return PASS(f, xShmUnmap, delete);
}

static const sqlite3_io_methods methods = {
	.iVersion = 2,
	.xClose = shim_close,
	.xRead = shim_read,
	.xWrite = shim_write,
	.xTruncate = shim_truncate,
	.xSync = shim_sync,
	.xFileSize = shim_size,
	.xLock = shim_lock,
	.xUnlock = shim_unlock,
	.xCheckReservedLock = shim_reserved,
	.xFileControl = shim_control,
	.xSectorSize = shim_sector,
	.xDeviceCharacteristics = shim_device,
	.xShmMap = shim_shm_map,
	.xShmLock = shim_shm_lock,
	.xShmBarrier = shim_shm_barrier,
	.xShmUnmap = shim_shm_unmap,
};

static int shim_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out)
{
	struct shim_file *shim = (struct shim_file *)file;
	int rc;

	(void)vfs;
	shim->real = (sqlite3_file *)(shim + 1);
	rc = real_vfs->xOpen(real_vfs, name, shim->real, flags, out);
	shim->base.pMethods = shim->real->pMethods ? &methods : NULL;
	return rc;
}

static void register_shim(void)
{
	static sqlite3_vfs shim;

	real_vfs = sqlite3_vfs_find(NULL);
	shim = *real_vfs;
	shim.zName = "shim";
	shim.szOsFile = (int)sizeof(struct shim_file) + real_vfs->szOsFile;
	shim.xOpen = shim_open;
	shim.pNext = NULL;
	sqlite3_vfs_register(&shim, 1);
}

static bool all_told(struct fixture *fx)
{
	int told = 0;

	for (const char *c = fx->log; *c; c++)
		told += *c == 'a';
	return told == RECORDS;
}

/* Whether the failure at call n came at all. */
static bool store_with_failure(struct fixture *fx, int n, int count, int code)
{
	struct letter a = { fx, 'a' };
	bool came;

	fx->log[0] = '\0';
	open_store(fx);
	emit_begin(fx);
	failure_code = code;
	atomic_store(&calls_left, n);
	atomic_store(&failures_left, count);
	for (int i = 0; i < RECORDS; i++)
		emit_durable(fx, failure(100 + i, i), &a);
	assert_true(run_until(fx, all_told));
	came = atomic_load(&failures_left) < count;
	atomic_store(&failures_left, 0);
	close_store_well(fx);
	/* Trouble has an end, and nothing failed for good. */
	assert_null(strchr(fx->log, 'F'));
	assert_int_equal(strchr(fx->log, 'T') != NULL, strchr(fx->log, 't') != NULL);
	assert_rows(fx, "SELECT count(*), count(DISTINCT id), max(id) FROM failure", "6|6|105\n");
	assert_rows(fx, "SELECT count(*) FROM run", "1\n");
	assert_rows(fx, "PRAGMA integrity_check", "ok\n");
	return came;
}

static void start_again(struct fixture *fx)
{
	static const char *const names[] = { "results.db", "results.db-wal", "results.db-shm" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		auto_free char *path = mem_printf("%s/%s", fx->directory, names[i]);

		unlink(path);
	}
}

static void sweep(struct fixture *fx, int step, int count, int code)
{
	int n = 0;

	for (; store_with_failure(fx, n, count, code); n += step)
		start_again(fx);
	/* Pages, a log and its header, syncs: else nothing was swept. */
	assert_true(n > 5);
}

static void test_no_space_once(void **state)
{
	sweep(*state, 1, 1, SQLITE_FULL);
}

static void test_an_error_of_the_disk_once(void **state)
{
	sweep(*state, 1, 1, SQLITE_IOERR_WRITE);
}

static void test_a_sync_that_fails_twice(void **state)
{
	/* Each takes a second, until it is tried for the second time. */
	sweep(*state, 7, 2, SQLITE_IOERR_FSYNC);
}

/* No retry mends that: whoever opens it next is to look at it. */
static void test_damage_fails_for_good(void **state)
{
	struct fixture *fx = *state;
	struct letter a = { fx, 'a' };
	struct err err = { 0 };

	open_store(fx);
	emit_begin(fx);
	failure_code = SQLITE_CORRUPT;
	atomic_store(&calls_left, 0);
	atomic_store(&failures_left, 1);
	emit_durable(fx, failure(100, 0), &a);
	assert_true(run_until(fx, logged_any));
	assert_int_equal(fx->log[0], 'F');
	assert_int_equal(fx->failure.code, -EUCLEAN);
	assert_int_equal(close_store(fx, &err), -EUCLEAN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(test_no_space_once),
		STORE_TEST(test_an_error_of_the_disk_once),
		STORE_TEST(test_a_sync_that_fails_twice),
		STORE_TEST(test_damage_fails_for_good),
	};

	register_shim();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
