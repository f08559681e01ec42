// SPDX-License-Identifier: GPL-2.0-or-later
/* Looking through a store by SQLite's quick_check, and renaming it. */
#include "store/damage.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "store/schema.h"
#include "store/sql.h"

/* Corrupt stores of one second that get a name each. */
#define NAMES_MAX 100

static char *beside(const char *path, const char *suffix)
{
	return mem_printf("%s%s", path, suffix);
}

static bool exists(const char *path, const char *suffix)
{
	auto_free char *name = beside(path, suffix);

	return access(name, F_OK) == 0;
}

static bool needs_look(const char *path, off_t size)
{
	return size <= DAMAGE_CHECK_BYTES || exists(path, "-wal") || exists(path, "-suspect");
}

/* What the check says, unless that is "ok". */
static int check(sqlite3 *db, char **ret_what, struct err *err)
{
	auto_stmt sqlite3_stmt *stmt = NULL;
	int r = sql_prepare(db, "PRAGMA quick_check(1)", &stmt, err);
	const char *text;

	if (r == 0)
		r = sql_step(db, stmt, err);
	if (r <= 0)
		return r;
	text = (const char *)sqlite3_column_text(stmt, 0);
	if (text && strcmp(text, "ok"))
		*ret_what = mem_strdup(text);
	return 0;
}

/* The tables that it was opened for are there. */
static int look(sqlite3 *db, char **ret_what, struct err *err)
{
	int64_t version;
	int r = sql_integer(db, "PRAGMA user_version", &version, err);

	if (r == 0)
		r = sql_exec(db, "SELECT count(*) FROM sqlite_schema", "cannot read the tables",
			     err);
	return r == 0 ? check(db, ret_what, err) : r;
}

/* A file of any other kind was never written by a qsoakd, which always leaves a lock beside its store. */
static bool was_ours(const char *path)
{
	return exists(path, "-lock");
}

int damage_examine(const char *path, char **ret_what, struct err *err)
{
	auto_db sqlite3 *db = NULL;
	auto_free char *what = NULL;
	struct err one = { 0 };
	struct stat st;
	int r;

	*ret_what = NULL;
	if (stat(path, &st) < 0 || !S_ISREG(st.st_mode) || !st.st_size || !was_ours(path) ||
	    !needs_look(path, st.st_size))
		return 0;
	r = sql_open(path, SQLITE_OPEN_READWRITE, &db, &one);
	if (r == 0) {
		r = schema_check(db, &one);
		/* Of another program, or of a later qsoakd: who opens it says so. */
		if (r == -EINVAL)
			return 0;
	}
	/* Closed as it was: not even its log is moved into it. */
	sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	if (r == 0)
		r = look(db, &what, &one);
	if (r == -EUCLEAN)
		*ret_what = mem_strdup(one.text);
	else if (what)
		*ret_what = mem_printf("%s: %s", path, what);
	else if (r < 0)
		*err = one;
	else {
		auto_free char *suspect = beside(path, "-suspect");

		unlink(suspect);
	}
	return *ret_what ? 0 : r;
}

void damage_suspect(const char *path)
{
	auto_free char *name = beside(path, "-suspect");
	int fd = open(name, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd >= 0)
		close(fd);
}

static int64_t last_id(const char *path)
{
	auto_db sqlite3 *db = NULL;
	struct err ignored = { 0 };
	int64_t last = 0;

	if (sql_open(path, SQLITE_OPEN_READONLY, &db, &ignored) == 0)
		schema_last_id(db, &last, &ignored);
	return last;
}

/* One that is not there yet. */
static char *new_name(const char *path)
{
	time_t now = clock_unix_ns() / CLOCK_NS_PER_S;
	char stamp[32];
	struct tm tm;

	strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", gmtime_r(&now, &tm));
	for (int i = 0; i < NAMES_MAX; i++) {
		char *name = i ? mem_printf("%s.corrupt-%s-%d", path, stamp, i)
			       : mem_printf("%s.corrupt-%s", path, stamp);

		if (access(name, F_OK) < 0 && errno == ENOENT)
			return name;
		free(name);
	}
	return NULL;
}

static int move(const char *path, const char *to, const char *suffix, struct err *err)
{
	auto_free char *from_name = beside(path, suffix);
	auto_free char *to_name = beside(to, suffix);

	if (renameat2(AT_FDCWD, from_name, AT_FDCWD, to_name, RENAME_NOREPLACE) < 0 &&
	    errno != ENOENT)
		return err_set_errno(err, errno, "cannot rename %s to %s", from_name, to_name);
	return 0;
}

int damage_set_aside(const char *path, char **ret_path, int64_t *ret_last_id, struct err *err)
{
	static const char *const suffixes[] = { "", "-wal", "-shm" };
	auto_free char *suspect = beside(path, "-suspect");
	auto_free char *to = new_name(path);
	int r = to ? 0 : err_set(err, -EEXIST, "%s: too many were set aside", path);

	*ret_last_id = last_id(path);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(suffixes); i++)
		r = move(path, to, suffixes[i], err);
	if (r < 0)
		return r;
	unlink(suspect);
	*ret_path = to;
	to = NULL;
	return 0;
}
