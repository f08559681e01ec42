// SPDX-License-Identifier: GPL-2.0-or-later
/* The tables upstream, and the statements about them, made of what SQLite says of its own. */
#include "upstream/mirror.h"

#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "base/names.h"
#include "store/schema.h"
#include "store/sql.h"

static const struct {
	const char *name;
	const char *key;    /* besides campaign_id */
	const char *number; /* by which rows are looked at in buckets, and for so many at a time */
	int64_t bucket_size;
	const char *changes;  /* an aggregate that is another one when a row is */
	const char *finished; /* of a store's row: it is worth to be pushed */
} tables[] = {
	[MIRROR_OPERATION] = { "operation", "id", "id", 256, NULL, "outcome <> 'running'" },
	[MIRROR_STEP] = { "step", "operation_id, position", "operation_id", 256, NULL, NULL },
	[MIRROR_MEASURE] = { "measure", "operation_id, name", "operation_id", 256, NULL, NULL },
	[MIRROR_FAILURE] = { "failure", "id", "id", 256, NULL, NULL },
	[MIRROR_INCIDENT] = { "incident", "id", "id", 256, NULL, NULL },
	[MIRROR_VM] = { "vm", "slot, vm", "vm", 256, "sum(loops)", NULL },
	[MIRROR_SUMMARY] = { "summary",
			     "kind, name, slot, vm, build_id, dst_build_id, warm_up, part", "vm",
			     16, "sum(count)", NULL },
	[MIRROR_GAP] = { "gap", "began_unix_ns", "0", 1, "count(ended_unix_ns)", NULL },
	[MIRROR_LOOK] = { "look", "blocks", "0", 1, NULL, NULL },
	[MIRROR_RUN] = { "run", "id", "id", 256, "count(\"end\")", NULL },
	[MIRROR_LEFT_OUT] = { "left_out", "id", "0", 1, NULL, NULL },
	[MIRROR_ENVIRONMENT] = { "environment", "build_id, key", "0", 1, NULL, NULL },
	[MIRROR_COMPARISON] = { "comparison", NULL, "0", 1, NULL, NULL },
	[MIRROR_PRIMARY_METRIC] = { "primary_metric", "position", "0", 1, NULL, NULL },
	[MIRROR_BUILD] = { "build", "id", "0", 1, NULL, NULL },
	[MIRROR_CAMPAIGN] = { "campaign", NULL, "0", 1, NULL, NULL },
	[MIRROR_HOST] = { "host", NULL, "0", 1, NULL, NULL },
};
NAMES_COMPLETE(tables, MIRROR_TABLE_COUNT);

/* What is said in another way than by the store's own column. */
static const struct {
	enum mirror_table_id table;
	const char *column, *name;
	enum mirror_type type;
	const char *source, *made; /* made NULL: with the one before */
} replaced[] = {
	{ MIRROR_CAMPAIGN, "id", "local_id", MIRROR_INTEGER, "t.id", "?" },
	{ MIRROR_CAMPAIGN, "host_id", "host_uuid", MIRROR_UUID,
	  "(SELECT uuid FROM host WHERE id = t.host_id)", "(SELECT id FROM host WHERE uuid = ?)" },
	{ MIRROR_FAILURE, "signature_id", "signature_class", MIRROR_TEXT,
	  "(SELECT class FROM signature WHERE id = t.signature_id)",
	  "(SELECT id FROM signature WHERE class = ? AND title = ?)" },
	{ MIRROR_FAILURE, "signature_id", "signature_title", MIRROR_TEXT,
	  "(SELECT title FROM signature WHERE id = t.signature_id)", NULL },
	{ MIRROR_FAILURE, "alternative_id", "alternative_title", MIRROR_TEXT,
	  "(SELECT title FROM alternative WHERE id = t.alternative_id)",
	  "(SELECT id FROM alternative WHERE title = ?)" },
};

static const char *const type_names[] = {
	[MIRROR_INTEGER] = "bigint", [MIRROR_REAL] = "double precision",
	[MIRROR_TEXT] = "text",	     [MIRROR_BLOB] = "bytea",
	[MIRROR_UUID] = "uuid",
};
NAMES_COMPLETE(type_names, MIRROR_TYPE_COUNT);

const char *mirror_table_name(enum mirror_table_id table)
{
	return tables[table].name;
}

int64_t mirror_bucket_size(enum mirror_table_id table)
{
	return tables[table].bucket_size;
}

bool mirror_goes_with_operation(enum mirror_table_id table)
{
	return table == MIRROR_STEP || table == MIRROR_MEASURE;
}

static enum mirror_type type_of(const char *column, const char *declared)
{
	if (!strcmp(column, "uuid"))
		return MIRROR_UUID;
	if (!strcmp(declared, "INTEGER"))
		return MIRROR_INTEGER;
	if (!strcmp(declared, "REAL"))
		return MIRROR_REAL;
	return strcmp(declared, "BLOB") ? MIRROR_TEXT : MIRROR_BLOB;
}

static struct mirror_column *add_column(struct mirror_table *table)
{
	table->columns = mem_realloc(table->columns, table->count + 1, sizeof(*table->columns));
	table->columns[table->count] = (struct mirror_column){ 0 };
	return &table->columns[table->count++];
}

static bool add_replaced(enum mirror_table_id id, struct mirror_table *table, const char *name,
			 bool not_null)
{
	bool found = false;

	for (size_t i = 0; i < ARRAY_SIZE(replaced); i++) {
		struct mirror_column *column;

		if (replaced[i].table != id || strcmp(replaced[i].column, name))
			continue;
		found = true;
		column = add_column(table);
		column->name = mem_strdup(replaced[i].name);
		column->type = replaced[i].type;
		column->not_null = not_null;
		column->source = mem_strdup(replaced[i].source);
		column->back = replaced[i].made ? mem_strdup(name) : NULL;
		column->made = replaced[i].made;
	}
	return found;
}

static int read_table(sqlite3 *db, enum mirror_table_id id, struct mirror_table *table,
		      struct err *err)
{
	/* A primary key is NOT NULL, whether it says so or not. */
	static const char sql[] = "SELECT name, type, \"notnull\" OR pk, dflt_value "
				  "FROM pragma_table_info(?1) ORDER BY cid";
	auto_stmt sqlite3_stmt *stmt = NULL;
	int r = sql_prepare(db, sql, &stmt, err);

	if (r == 0)
		sqlite3_bind_text(stmt, 1, tables[id].name, -1, SQLITE_STATIC);
	while (r == 0 && (r = sql_step(db, stmt, err)) > 0) {
		const char *name = (const char *)sqlite3_column_text(stmt, 0);
		bool not_null = sqlite3_column_int(stmt, 2);
		struct mirror_column *column;

		r = 0;
		/* Upstream it is the campaign's id there; a host has its uuid. */
		if (!strcmp(name, "campaign_id") || (id == MIRROR_HOST && !strcmp(name, "id")) ||
		    add_replaced(id, table, name, not_null))
			continue;
		column = add_column(table);
		column->name = mem_strdup(name);
		column->type = type_of(name, (const char *)sqlite3_column_text(stmt, 1));
		column->not_null = not_null;
		column->preset = sql_column_strdup(stmt, 3);
		column->source = mem_printf("t.\"%s\"", name);
		column->back = mem_strdup(name);
	}
	return r;
}

int mirror_new(struct mirror **ret_mirror, struct err *err)
{
	struct mirror *mirror = mem_new(struct mirror);
	auto_db sqlite3 *db = NULL;
	int r = sql_open(":memory:", SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, &db, err);

	if (r == 0)
		r = schema_migrate(db, err);
	if (r == 0)
		r = sql_integer(db, "PRAGMA user_version", &mirror->version, err);
	for (int id = 0; id < MIRROR_TABLE_COUNT && r == 0; id++)
		r = read_table(db, (enum mirror_table_id)id, &mirror->tables[id], err);
	if (r < 0)
		mirror_free(mirror);
	else
		*ret_mirror = mirror;
	return r;
}

void mirror_free(struct mirror *mirror)
{
	if (!mirror)
		return;
	for (int id = 0; id < MIRROR_TABLE_COUNT; id++) {
		struct mirror_table *table = &mirror->tables[id];

		for (size_t i = 0; i < table->count; i++) {
			free(table->columns[i].name);
			free(table->columns[i].preset);
			free(table->columns[i].source);
			free(table->columns[i].back);
		}
		free(table->columns);
	}
	free(mirror);
}

/* What the rows of a table are found by upstream; the caller frees. */
static char *primary_key(enum mirror_table_id id)
{
	if (id == MIRROR_HOST)
		return mem_strdup("uuid");
	if (id == MIRROR_CAMPAIGN)
		return mem_strdup("id");
	return tables[id].key ? mem_printf("campaign_id, %s", tables[id].key)
			      : mem_strdup("campaign_id");
}

/* The columns that no store has. */
static const char *own_columns(enum mirror_table_id id)
{
	switch (id) {
	case MIRROR_HOST:
		return "";
	case MIRROR_CAMPAIGN:
		/* complete: its end when the last of its rows came. pushed_below: operations with a lower id are there. */
		return "id bigint GENERATED ALWAYS AS IDENTITY, complete_unix_ns bigint, "
		       "pushed_below bigint NOT NULL DEFAULT 0, UNIQUE (uuid), ";
	default:
		return "campaign_id bigint NOT NULL REFERENCES qsoak.campaign(id) ON DELETE "
		       "CASCADE, ";
	}
}

static void add_table(const struct mirror *mirror, enum mirror_table_id id, char **sql)
{
	const struct mirror_table *table = &mirror->tables[id];
	auto_free char *key = primary_key(id);

	/* Nothing is in a new table, and its primary key cannot be without its columns. */
	mem_append(sql, "", "CREATE TABLE IF NOT EXISTS qsoak.%s (%s", tables[id].name,
		   own_columns(id));
	for (int pass = 0; pass < 2; pass++) {
		for (size_t i = 0; i < table->count; i++) {
			const struct mirror_column *column = &table->columns[i];
			bool presets = column->preset != NULL;

			if (pass)
				mem_append(sql, "",
					   "ALTER TABLE qsoak.%s ADD COLUMN IF NOT EXISTS ",
					   tables[id].name);
			mem_append(sql, "", "\"%s\" %s%s%s%s%s", column->name,
				   type_names[column->type], column->not_null ? " NOT NULL" : "",
				   presets ? " DEFAULT " : "", presets ? column->preset : "",
				   pass ? ";\n" : ", ");
		}
		if (!pass)
			mem_append(sql, "", "PRIMARY KEY (%s));\n", key);
	}
}

char *mirror_layout_sql(const struct mirror *mirror)
{
	char *sql = mem_strdup(
		"CREATE SCHEMA IF NOT EXISTS qsoak;\n"
		"CREATE TABLE IF NOT EXISTS qsoak.version (version bigint NOT NULL);\n"
		"CREATE TABLE IF NOT EXISTS qsoak.signature (class text NOT NULL, title text NOT "
		"NULL, first_seen_unix_ns bigint NOT NULL, last_seen_unix_ns bigint NOT NULL, "
		"PRIMARY KEY (title, class));\n");

	/* Those that others refer to come first. */
	for (int id = MIRROR_TABLE_COUNT - 1; id >= 0; id--)
		add_table(mirror, (enum mirror_table_id)id, &sql);
	mem_append(&sql, "",
		   "CREATE INDEX IF NOT EXISTS failure_signature ON qsoak.failure "
		   "(signature_title, signature_class);\n"
		   "DELETE FROM qsoak.version;\nINSERT INTO qsoak.version VALUES (%lld);\n",
		   (long long)mirror->version);
	return sql;
}

char *mirror_digest_sql(enum mirror_table_id table, bool upstream)
{
	const char *changes = tables[table].changes, *finished = tables[table].finished;
	char mark = upstream ? '$' : '?';

	return mem_printf("SELECT %s / %lld, count(*), %s FROM %s%s AS t "
			  "WHERE campaign_id = %c1 AND %s >= %c2%s%s GROUP BY 1 ORDER BY 1",
			  tables[table].number, (long long)tables[table].bucket_size,
			  changes ? changes : "0", upstream ? "qsoak." : "", tables[table].name,
			  mark, tables[table].number, mark, !upstream && finished ? " AND " : "",
			  !upstream && finished ? finished : "");
}

char *mirror_read_sql(const struct mirror *mirror, enum mirror_table_id id)
{
	const struct mirror_table *table = &mirror->tables[id];
	const char *name = tables[id].name, *finished = tables[id].finished;
	auto_free char *columns = NULL;

	for (size_t i = 0; i < table->count; i++)
		mem_append(&columns, ", ", "%s", table->columns[i].source);
	if (id == MIRROR_HOST)
		return mem_printf("SELECT %s FROM campaign AS c JOIN host AS t ON t.id = c.host_id "
				  "WHERE c.id = ?1",
				  columns);
	if (id == MIRROR_CAMPAIGN)
		return mem_printf("SELECT %s FROM campaign AS t WHERE t.id = ?1", columns);
	if (mirror_goes_with_operation(id))
		return mem_printf("SELECT %s FROM operation AS o JOIN %s AS t ON t.operation_id = "
				  "o.id WHERE o.campaign_id = ?1 AND o.id BETWEEN ?2 AND ?3 AND "
				  "o.%s",
				  columns, name, tables[MIRROR_OPERATION].finished);
	return mem_printf("SELECT %s FROM %s AS t WHERE campaign_id = ?1 AND %s BETWEEN ?2 AND ?3"
			  "%s%s",
			  columns, name, tables[id].number, finished ? " AND " : "",
			  finished ? finished : "");
}

char *mirror_stage_sql(enum mirror_table_id table)
{
	return mem_printf("CREATE TEMP TABLE stage_%s (LIKE qsoak.%s) ON COMMIT DELETE ROWS",
			  tables[table].name, tables[table].name);
}

/* campaign_id and all columns, each with a prefix and a separator; the caller frees. */
static char *all_columns(const struct mirror_table *table)
{
	char *list = mem_strdup("campaign_id");

	for (size_t i = 0; i < table->count; i++)
		mem_append(&list, ", ", "\"%s\"", table->columns[i].name);
	return list;
}

char *mirror_copy_sql(const struct mirror *mirror, enum mirror_table_id id)
{
	auto_free char *columns = all_columns(&mirror->tables[id]);

	return mem_printf("COPY pg_temp.stage_%s (%s) FROM STDIN", tables[id].name, columns);
}

/* A row that is there and the same is left alone: it would be written anew. */
char *mirror_merge_sql(const struct mirror *mirror, enum mirror_table_id id)
{
	const struct mirror_table *table = &mirror->tables[id];
	auto_free char *columns = all_columns(table), *key = primary_key(id);
	auto_free char *set = NULL, *old = NULL, *new = NULL;

	for (size_t i = 0; i < table->count; i++) {
		const char *name = table->columns[i].name;

		mem_append(&set, ", ", "\"%s\" = excluded.\"%s\"", name, name);
		mem_append(&old, ", ", "t.\"%s\"", name);
		mem_append(&new, ", ", "excluded.\"%s\"", name);
	}
	/* In one order, lest two pushes wait for each other. */
	return mem_printf("INSERT INTO qsoak.%s AS t (%s) SELECT %s FROM pg_temp.stage_%s "
			  "ORDER BY %s ON CONFLICT (%s) DO UPDATE SET %s "
			  "WHERE (%s) IS DISTINCT FROM (%s)",
			  tables[id].name, columns, columns, tables[id].name, key, key, set, old,
			  new);
}

const char mirror_merge_signatures[] =
	"INSERT INTO qsoak.signature AS t (class, title, first_seen_unix_ns, last_seen_unix_ns) "
	"SELECT signature_class, signature_title, min(at_unix_ns), max(at_unix_ns) "
	"FROM pg_temp.stage_failure GROUP BY 1, 2 ORDER BY 2, 1 "
	"ON CONFLICT (title, class) DO UPDATE SET "
	"first_seen_unix_ns = least(t.first_seen_unix_ns, excluded.first_seen_unix_ns), "
	"last_seen_unix_ns = greatest(t.last_seen_unix_ns, excluded.last_seen_unix_ns) "
	"WHERE excluded.first_seen_unix_ns < t.first_seen_unix_ns "
	"OR excluded.last_seen_unix_ns > t.last_seen_unix_ns";

/* The number of the column uuid among the values, from 1. */
static int uuid_number(const struct mirror_table *table)
{
	int number = 1;

	while (strcmp(table->columns[number - 1].name, "uuid"))
		number++;
	return number;
}

char *mirror_insert_sql(const struct mirror *mirror, enum mirror_table_id id)
{
	const struct mirror_table *table = &mirror->tables[id];
	auto_free char *columns = NULL, *values = NULL;

	for (size_t i = 0; i < table->count; i++) {
		mem_append(&columns, ", ", "\"%s\"", table->columns[i].name);
		mem_append(&values, ", ", "$%zu::%s", i + 1, type_names[table->columns[i].type]);
	}
	/* No conflict where it can be helped: each would take an id. */
	return mem_printf("INSERT INTO qsoak.%s (%s) SELECT %s WHERE NOT EXISTS (SELECT 1 FROM "
			  "qsoak.%s WHERE uuid = $%d::uuid) ON CONFLICT DO NOTHING",
			  tables[id].name, columns, values, tables[id].name, uuid_number(table));
}

char *mirror_update_campaign_sql(const struct mirror *mirror)
{
	const struct mirror_table *table = &mirror->tables[MIRROR_CAMPAIGN];
	auto_free char *set = NULL, *old = NULL, *new = NULL;

	for (size_t i = 0; i < table->count; i++) {
		const char *type = type_names[table->columns[i].type];

		mem_append(&set, ", ", "\"%s\" = $%zu::%s", table->columns[i].name, i + 1, type);
		mem_append(&old, ", ", "t.\"%s\"", table->columns[i].name);
		mem_append(&new, ", ", "$%zu::%s", i + 1, type);
	}
	return mem_printf("UPDATE qsoak.campaign AS t SET %s WHERE uuid = $%d::uuid "
			  "AND (%s) IS DISTINCT FROM (%s)",
			  set, uuid_number(table), old, new);
}
