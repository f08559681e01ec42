// SPDX-License-Identifier: GPL-2.0-or-later
/* The text of the schema, version by version. */
#include "store/schema.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "base/mem.h"
#include "store/sql.h"

/* Where the header of an SQLite file has what we want; all are big endian. */
#define HEADER_SIZE 100
#define HEADER_MAGIC "SQLite format 3" /* with its NUL */
#define HEADER_USER_VERSION 60
#define HEADER_APPLICATION_ID 68

static const char version_1[] =
	"CREATE TABLE host (\n"
	"	id INTEGER PRIMARY KEY,\n"
	"	uuid TEXT NOT NULL UNIQUE,\n"
	"	name TEXT NOT NULL,\n"
	"	kernel TEXT NOT NULL,\n"
	"	cpu TEXT NOT NULL,\n"
	"	cpus INTEGER NOT NULL,\n"
	"	UNIQUE (name, kernel, cpu, cpus)\n"
	") STRICT;\n"

	/* campaign, build, run, operation and failure share one sequence of ids. */
	"CREATE TABLE campaign (\n"
	"	id INTEGER PRIMARY KEY,\n"
	"	uuid TEXT NOT NULL UNIQUE,\n"
	"	host_id INTEGER NOT NULL REFERENCES host(id),\n"
	"	name TEXT NOT NULL, -- of the profile\n"
	"	profile_text TEXT NOT NULL, -- as the user wrote it\n"
	"	seed TEXT NOT NULL, -- decimal, unsigned 64 bits\n"
	"	accel TEXT NOT NULL, -- tcg or kvm; unknown: interrupted before one was found\n"
	"	machine TEXT NOT NULL,\n"
	"	ram_bytes INTEGER NOT NULL,\n"
	"	vms INTEGER NOT NULL,\n"
	"	began_unix_ns INTEGER NOT NULL,\n"
	"	ended_unix_ns INTEGER, -- if qsoakd was killed: the last time in any row of it\n"
	"	end TEXT CHECK (end IN ('complete', 'interrupted', 'host')), -- NULL: not ended\n"
	"	exit_code INTEGER -- NULL: not ended, or qsoakd was killed\n"
	") STRICT;\n"

	"CREATE TABLE build (\n"
	"	id INTEGER PRIMARY KEY,\n"
	"	campaign_id INTEGER NOT NULL REFERENCES campaign(id),\n"
	"	name TEXT NOT NULL,\n"
	"	binary TEXT NOT NULL,\n"
	"	version TEXT NOT NULL,\n"
	"	build_id TEXT, -- GNU build-id, hex\n"
	"	sha256 TEXT NOT NULL, -- of the binary, hex\n"
	"	UNIQUE (campaign_id, name)\n"
	") STRICT;\n"

	"CREATE TABLE vm (\n"
	"	campaign_id INTEGER NOT NULL REFERENCES campaign(id),\n"
	"	slot INTEGER NOT NULL,\n"
	"	vm INTEGER NOT NULL, -- number in its slot, from 0\n"
	"	loops INTEGER NOT NULL, -- finished\n"
	"	PRIMARY KEY (campaign_id, slot, vm)\n"
	") STRICT, WITHOUT ROWID;\n"

	"CREATE TABLE run (\n"
	"	id INTEGER PRIMARY KEY,\n"
	"	campaign_id INTEGER NOT NULL REFERENCES campaign(id),\n"
	"	build_id INTEGER NOT NULL REFERENCES build(id),\n"
	"	slot INTEGER NOT NULL,\n"
	"	vm INTEGER NOT NULL,\n"
	"	pid INTEGER NOT NULL,\n"
	"	argv TEXT NOT NULL, -- JSON array\n"
	"	began_unix_ns INTEGER NOT NULL,\n"
	"	ended_unix_ns INTEGER, -- NULL with an end: not known when\n"
	"	end TEXT CHECK (end IN ('exit', 'signal', 'interrupted')), -- NULL: not ended;\n"
	"		-- interrupted: qsoakd was killed, and the run with it\n"
	"	exit_status INTEGER,\n"
	"	signal INTEGER,\n"
	"	expected INTEGER CHECK (expected IN (0, 1)) -- it ended because qsoak asked for "
	"it\n"
	") STRICT;\n"
	"CREATE INDEX run_open ON run(id) WHERE end IS NULL;\n"

	"CREATE TABLE operation (\n"
	"	id INTEGER PRIMARY KEY,\n"
	"	campaign_id INTEGER NOT NULL REFERENCES campaign(id),\n"
	"	src_run_id INTEGER REFERENCES run(id),\n"
	"	dst_run_id INTEGER REFERENCES run(id), -- of a migrate\n"
	"	slot INTEGER NOT NULL,\n"
	"	vm INTEGER NOT NULL,\n"
	"	loop INTEGER, -- of the VM, from 0; NULL: in no loop (boot, shutdown)\n"
	"	kind TEXT NOT NULL,\n"
	"	outcome TEXT NOT NULL\n"
	"		CHECK (outcome IN ('running', 'ok', 'failed', 'interrupted')),\n"
	"	began_unix_ns INTEGER NOT NULL,\n"
	"	duration_ns INTEGER,\n"
	"	stall_ns INTEGER, -- STOP to RESUME, by QEMU's own stamps\n"
	"	CHECK (outcome <> 'ok' OR duration_ns IS NOT NULL)\n"
	") STRICT;\n"
	"CREATE INDEX operation_campaign ON operation(campaign_id);\n"
	"CREATE INDEX operation_running ON operation(id) WHERE outcome = 'running';\n"

	"CREATE TABLE step (\n"
	"	operation_id INTEGER NOT NULL REFERENCES operation(id),\n"
	"	position INTEGER NOT NULL, -- in the operation, from 0\n"
	"	name TEXT NOT NULL,\n"
	"	duration_ns INTEGER,\n"
	"	PRIMARY KEY (operation_id, position)\n"
	") STRICT, WITHOUT ROWID;\n"

	"CREATE TABLE measure (\n"
	"	operation_id INTEGER NOT NULL REFERENCES operation(id),\n"
	"	name TEXT NOT NULL, -- with its unit\n"
	"	value REAL NOT NULL,\n"
	"	PRIMARY KEY (operation_id, name)\n"
	") STRICT, WITHOUT ROWID;\n"

	"CREATE TABLE signature (\n"
	"	id INTEGER PRIMARY KEY,\n"
	"	class TEXT NOT NULL CHECK (class IN ('assertion', 'crash', 'sanitizer', 'exit',\n"
	"		'hang', 'corruption', 'protocol', 'error', 'leak', 'host')),\n"
	"	title TEXT NOT NULL,\n"
	"	first_seen_unix_ns INTEGER NOT NULL,\n"
	"	last_seen_unix_ns INTEGER NOT NULL,\n"
	"	UNIQUE (title, class)\n"
	") STRICT;\n"

	"CREATE TABLE incident (\n"
	"	id INTEGER PRIMARY KEY,\n"
	"	campaign_id INTEGER NOT NULL REFERENCES campaign(id),\n"
	"	directory TEXT NOT NULL UNIQUE -- relative to the state directory\n"
	") STRICT;\n"

	"CREATE TABLE failure (\n"
	"	id INTEGER PRIMARY KEY,\n"
	"	campaign_id INTEGER NOT NULL REFERENCES campaign(id),\n"
	"	operation_id INTEGER REFERENCES operation(id), -- NULL: between operations\n"
	"	src_run_id INTEGER REFERENCES run(id),\n"
	"	dst_run_id INTEGER REFERENCES run(id),\n"
	"	signature_id INTEGER NOT NULL REFERENCES signature(id),\n"
	"	incident_id INTEGER REFERENCES incident(id),\n"
	"	slot INTEGER NOT NULL,\n"
	"	vm INTEGER NOT NULL,\n"
	"	loops INTEGER NOT NULL, -- loops to failure, since the VM's cold boot\n"
	"	at_unix_ns INTEGER NOT NULL,\n"
	"	place TEXT, -- of a hang or a corruption\n"
	"	kind TEXT, -- of the operation\n"
	"	step TEXT,\n"
	"	detail TEXT NOT NULL\n"
	") STRICT;\n"
	"CREATE INDEX failure_campaign ON failure(campaign_id);\n";

static const char version_2[] =
	"ALTER TABLE failure ADD COLUMN expected INTEGER NOT NULL DEFAULT 0\n"
	"	CHECK (expected IN (0, 1)); -- by the profile\n"
	"ALTER TABLE build ADD COLUMN sandbox INTEGER\n"
	"	CHECK (sandbox IN (0, 1)); -- runs with -sandbox on; NULL: not known\n"
	"ALTER TABLE campaign ADD COLUMN accel_reason TEXT;\n"
	"	-- why not kvm, where the profile says auto\n";

static const char version_3[] =
	"ALTER TABLE build ADD COLUMN origin TEXT; -- where it came from; NULL: not known\n"
	"ALTER TABLE campaign ADD COLUMN loops_per_build INTEGER;\n"
	"	-- that each build was to do; NULL: as many as came\n"
	"CREATE TABLE left_out (\n"
	"	id INTEGER PRIMARY KEY,\n"
	"	campaign_id INTEGER NOT NULL REFERENCES campaign(id),\n"
	"	build_id INTEGER NOT NULL REFERENCES build(id),\n"
	"	position INTEGER NOT NULL, -- in the operations of the profile, from 0\n"
	"	kind TEXT NOT NULL,\n"
	"	reason TEXT NOT NULL,\n"
	"	UNIQUE (campaign_id, build_id, position)\n"
	") STRICT;\n";

static const char version_4[] =
	"CREATE TABLE alternative (\n"
	"	id INTEGER PRIMARY KEY,\n"
	"	title TEXT NOT NULL UNIQUE\n"
	") STRICT;\n"
	"ALTER TABLE failure ADD COLUMN alternative_id INTEGER REFERENCES alternative(id);\n"
	"	-- its other title; NULL: it has none\n"
	"CREATE INDEX failure_signature ON failure(signature_id);\n";

static const char version_5[] =
	"CREATE TABLE comparison (\n"
	"	campaign_id INTEGER PRIMARY KEY REFERENCES campaign(id),\n"
	"	a_build_id INTEGER NOT NULL REFERENCES build(id),\n"
	"	b_build_id INTEGER NOT NULL REFERENCES build(id),\n"
	"	loops_per_vm INTEGER NOT NULL,\n"
	"	warm_up_loops INTEGER NOT NULL, -- the first ones of a VM, which do not count\n"
	"	looks TEXT NOT NULL -- JSON array: numbers of blocks, ascending\n"
	") STRICT;\n"
	"CREATE TABLE primary_metric (\n"
	"	campaign_id INTEGER NOT NULL REFERENCES campaign(id),\n"
	"	position INTEGER NOT NULL,\n"
	"	metric TEXT NOT NULL,\n"
	"	margin REAL NOT NULL, -- a share\n"
	"	PRIMARY KEY (campaign_id, position)\n"
	") STRICT, WITHOUT ROWID;\n"
	"CREATE TABLE look (\n"
	"	campaign_id INTEGER NOT NULL REFERENCES campaign(id),\n"
	"	blocks INTEGER NOT NULL,\n"
	"	at_unix_ns INTEGER NOT NULL,\n"
	"	PRIMARY KEY (campaign_id, blocks)\n"
	") STRICT, WITHOUT ROWID;\n"
	"CREATE TABLE environment (\n"
	"	campaign_id INTEGER NOT NULL REFERENCES campaign(id),\n"
	"	build_id INTEGER NOT NULL, -- 0: of the host\n"
	"	key TEXT NOT NULL,\n"
	"	value TEXT NOT NULL,\n"
	"	PRIMARY KEY (campaign_id, build_id, key)\n"
	") STRICT, WITHOUT ROWID;\n"
	/* Derived from operation and measure; what is read together lies together. */
	"CREATE TABLE summary (\n"
	"	campaign_id INTEGER NOT NULL REFERENCES campaign(id),\n"
	"	kind TEXT NOT NULL,\n"
	"	name TEXT NOT NULL, -- duration_ns, stall_ns, or a measure\n"
	"	slot INTEGER NOT NULL,\n"
	"	vm INTEGER NOT NULL,\n"
	"	part INTEGER NOT NULL, -- from 0: a VM with many samples has several rows\n"
	"	build_id INTEGER NOT NULL REFERENCES build(id),\n"
	"	dst_build_id INTEGER NOT NULL, -- of a migrate to another build; 0: the same\n"
	"	warm_up INTEGER NOT NULL CHECK (warm_up IN (0, 1)), -- of a comparison\n"
	"	began_unix_ns INTEGER NOT NULL, -- the VM's first operation that ended ok\n"
	"	ended_unix_ns INTEGER NOT NULL, -- its last one so far\n"
	"	count INTEGER NOT NULL,\n"
	"	samples BLOB NOT NULL, -- count doubles in the host's byte order, as they came\n"
	"	PRIMARY KEY (campaign_id, kind, name, slot, vm, build_id, dst_build_id, warm_up,\n"
	"		part)\n"
	") STRICT, WITHOUT ROWID;\n"
	"ALTER TABLE campaign ADD COLUMN operations INTEGER;\n"
	"	-- that ended ok or failed; NULL: not ended\n"
	/* Of all that VMs are found by, so that no command line is read. */
	"CREATE INDEX run_vm ON run(campaign_id, slot, vm, build_id, ended_unix_ns);\n"
	"CREATE INDEX operation_unwell ON operation(campaign_id)\n"
	"	WHERE outcome IN ('failed', 'interrupted');\n";

static const char version_6[] =
	/* What a campaign that goes on later, maybe under a later qsoakd, needs to know. */
	"ALTER TABLE campaign ADD COLUMN request TEXT;\n"
	"	-- JSON: what `run` said besides the profile; NULL: it cannot go on\n"
	"ALTER TABLE campaign ADD COLUMN qsoak TEXT; -- version that ran it last; NULL: not known\n"
	"ALTER TABLE campaign ADD COLUMN boot TEXT; -- of the host then: its boot_id\n"
	"ALTER TABLE campaign ADD COLUMN stopping INTEGER NOT NULL DEFAULT 0;\n"
	"	-- 1: a user has asked for its end\n"
	"ALTER TABLE run ADD COLUMN uri TEXT; -- of the libvirt that ran it; NULL: qsoakd itself\n"
	"ALTER TABLE run ADD COLUMN unseen INTEGER;\n"
	"	-- 1: nobody could look at its guest's memory; NULL: it has not ended\n"
	"CREATE TABLE gap (\n"
	"	campaign_id INTEGER NOT NULL REFERENCES campaign(id),\n"
	"	began_unix_ns INTEGER NOT NULL,\n"
	"	ended_unix_ns INTEGER, -- NULL: it goes on\n"
	"	reason TEXT NOT NULL,\n"
	"	PRIMARY KEY (campaign_id, began_unix_ns)\n"
	") STRICT, WITHOUT ROWID;\n";

/* steps[n] takes a file from version n to n + 1. Never change one that was released: append. */
static const char *const steps[] = { version_1, version_2, version_3,
				     version_4, version_5, version_6 };

#define SCHEMA_VERSION ((int64_t)ARRAY_SIZE(steps))

static uint32_t big_endian_32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static int refuse(sqlite3 *db, int code, struct err *err)
{
	return err_set(err, code, "%s is not a results store of qsoak; nothing was changed in it",
		       sqlite3_db_filename(db, "main"));
}

static int refuse_newer(sqlite3 *db, int64_t version, struct err *err)
{
	return err_set(err, -EINVAL,
		       "%s has version %lld of the results store, this qsoak knows versions up to "
		       "%lld; nothing was changed in it",
		       sqlite3_db_filename(db, "main"), (long long)version,
		       (long long)SCHEMA_VERSION);
}

int schema_check(sqlite3 *db, struct err *err)
{
	uint8_t header[HEADER_SIZE];
	sqlite3_file *file = NULL;
	sqlite3_int64 size = 0;

	/* Not by open() and read(): closing a second descriptor would drop the locks that other
	 * handles of this process have on the file. And not by SQL, which would replay or create
	 * journals of a file that may be somebody else's. */
	sqlite3_file_control(db, "main", SQLITE_FCNTL_FILE_POINTER, &file);
	if (!file || !file->pMethods || file->pMethods->xFileSize(file, &size) != SQLITE_OK)
		return err_set(err, -EIO, "%s: cannot read its size",
			       sqlite3_db_filename(db, "main"));
	if (!size)
		return 0;
	if (size < HEADER_SIZE)
		return refuse(db, -EUCLEAN, err);
	if (file->pMethods->xRead(file, header, sizeof(header), 0) != SQLITE_OK)
		return err_set(err, -EIO, "%s: cannot read its header",
			       sqlite3_db_filename(db, "main"));
	if (memcmp(header, HEADER_MAGIC, sizeof(HEADER_MAGIC)))
		return refuse(db, -EUCLEAN, err);
	if (big_endian_32(header + HEADER_APPLICATION_ID) != SCHEMA_APPLICATION_ID)
		return refuse(db, -EINVAL, err);
	if (big_endian_32(header + HEADER_USER_VERSION) > SCHEMA_VERSION)
		return refuse_newer(db, big_endian_32(header + HEADER_USER_VERSION), err);
	return 0;
}

static int migrate_to(sqlite3 *db, int64_t version, struct err *err)
{
	auto_free char *sql =
		mem_printf("BEGIN IMMEDIATE;\n%s\nPRAGMA application_id = %d;\nPRAGMA user_version "
			   "= %lld;\nCOMMIT;",
			   steps[version - 1], SCHEMA_APPLICATION_ID, (long long)version);
	int r = sql_exec(db, sql, "cannot create or update the tables", err);

	if (r < 0 && !sqlite3_get_autocommit(db))
		sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
	return r;
}

/* Never above ours: the header that was checked may be older than the journal beside the file. */
static int read_version(sqlite3 *db, int64_t *ret_version, struct err *err)
{
	int r = sql_integer(db, "PRAGMA user_version", ret_version, err);

	return r == 0 && *ret_version > SCHEMA_VERSION ? refuse_newer(db, *ret_version, err) : r;
}

int schema_migrate(sqlite3 *db, struct err *err)
{
	int64_t version;
	int r = read_version(db, &version, err);

	while (r == 0 && version < SCHEMA_VERSION)
		r = migrate_to(db, ++version, err);
	return r;
}

int schema_require_current(sqlite3 *db, struct err *err)
{
	int64_t version;
	int r = read_version(db, &version, err);

	if (r < 0)
		return r;
	if (version < SCHEMA_VERSION)
		return err_set(err, -EINVAL,
			       "%s has version %lld of the results store; start qsoakd on it once "
			       "to bring it to version %lld",
			       sqlite3_db_filename(db, "main"), (long long)version,
			       (long long)SCHEMA_VERSION);
	return 0;
}

int schema_last_id(sqlite3 *db, int64_t *ret_id, struct err *err)
{
	static const char *const tables[] = { "campaign", "build", "run", "operation", "failure" };
	int64_t last = 0;

	for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
		auto_free char *sql = mem_printf("SELECT coalesce(max(id), 0) FROM %s", tables[i]);
		int64_t id;

		if (sql_integer(db, sql, &id, err) == 0 && id > last)
			last = id;
	}
	*ret_id = last;
	return err->code;
}
