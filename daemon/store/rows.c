// SPDX-License-Identifier: GPL-2.0-or-later
/* From records to rows: the statements, and beside them the values that they take. */
#include "store/rows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/names.h"
#include "base/uuid.h"
#include "store/sql.h"

static const struct row_sql statements[] = {
	[ROW_HOST] = { "cannot store the host",
		       "INSERT INTO host(uuid, name, kernel, cpu, cpus) VALUES (?1, ?2, ?3, ?4, "
		       "?5) "
		       "ON CONFLICT (name, kernel, cpu, cpus) DO NOTHING",
		       false },
	[ROW_CAMPAIGN_BEGIN] = { "cannot store the begin of a campaign",
				 "INSERT INTO campaign(id, uuid, name, profile_text, seed, accel, "
				 "machine, "
				 "ram_bytes, vms, began_unix_ns, host_id, accel_reason, "
				 "loops_per_build, request, qsoak, boot) "
				 "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, (SELECT id FROM "
				 "host "
				 "WHERE name = ?11 AND kernel = ?12 AND cpu = ?13 AND cpus = ?14), "
				 "?15, ?16, ?17, ?18, ?19)",
				 true },
	[ROW_CAMPAIGN_RESUME] = { "cannot store that a campaign goes on",
				  "UPDATE campaign SET ended_unix_ns = NULL, end = NULL, "
				  "exit_code = NULL, operations = NULL, accel = ?2, "
				  "accel_reason = ?3, qsoak = ?4, boot = ?5, stopping = 0 "
				  "WHERE id = ?1",
				  true },
	[ROW_CAMPAIGN_STOP] = { "cannot store that a campaign is to end",
				"UPDATE campaign SET stopping = 1 WHERE id = ?1", false },
	[ROW_CAMPAIGN_END] = { "cannot store the end of a campaign",
			       "UPDATE campaign SET ended_unix_ns = ?2, end = ?3, exit_code = ?4, "
			       "operations = ?5 WHERE id = ?1",
			       true },
	[ROW_BUILD] = { "cannot store a build",
			"INSERT INTO build(id, campaign_id, name, binary, version, build_id, "
			"sha256, sandbox, origin) "
			"VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
			true },
	/* Each slot of the build says so. */
	[ROW_LEFT_OUT] = { "cannot store what a build lacks",
			   "INSERT INTO left_out(campaign_id, build_id, position, kind, reason) "
			   "VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING",
			   false },
	[ROW_RUN_BEGIN] = { "cannot store the begin of a run",
			    "INSERT INTO run(id, campaign_id, build_id, slot, vm, pid, "
			    "began_unix_ns, argv, uri) "
			    "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
			    true },
	[ROW_RUN_END] = { "cannot store the end of a run",
			  "UPDATE run SET ended_unix_ns = ?2, exit_status = ?3, signal = ?4, "
			  "expected = ?5, unseen = ?6, "
			  "end = iif(?4 IS NULL, 'exit', 'signal') WHERE id = ?1",
			  true },
	[ROW_OPERATION_BEGIN] = { "cannot store the begin of an operation",
				  "INSERT INTO operation(id, campaign_id, src_run_id, slot, vm, "
				  "loop, kind, "
				  "began_unix_ns, outcome) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, "
				  "'running')",
				  true },
	[ROW_OPERATION_END] = { "cannot store the end of an operation",
				"UPDATE operation SET src_run_id = coalesce(?2, src_run_id), "
				"dst_run_id = ?3, outcome = ?4, duration_ns = ?5, stall_ns = ?6 "
				"WHERE id = ?1",
				true },
	[ROW_STEP] = { "cannot store a step",
		       "INSERT INTO step(operation_id, position, name, duration_ns) "
		       "VALUES (?1, ?2, ?3, ?4)",
		       true },
	[ROW_MEASURE] = { "cannot store a measure",
			  "INSERT INTO measure(operation_id, name, value) VALUES (?1, ?2, ?3)",
			  true },
	/* By the loop's number and not by one more: a loop is counted once, however often told. */
	[ROW_LOOP_END] = { "cannot store the end of a loop",
			   "INSERT INTO vm(campaign_id, slot, vm, loops) VALUES (?1, ?2, ?3, ?4 + "
			   "1) "
			   "ON CONFLICT (campaign_id, slot, vm) "
			   "DO UPDATE SET loops = max(loops, excluded.loops)",
			   true },
	[ROW_SIGNATURE] = { "cannot store a signature",
			    "INSERT INTO signature(class, title, first_seen_unix_ns, "
			    "last_seen_unix_ns) "
			    "VALUES (?1, ?2, ?3, ?3) ON CONFLICT (title, class) DO UPDATE SET "
			    "first_seen_unix_ns = min(first_seen_unix_ns, "
			    "excluded.first_seen_unix_ns), "
			    "last_seen_unix_ns = max(last_seen_unix_ns, "
			    "excluded.last_seen_unix_ns)",
			    true },
	[ROW_ALTERNATIVE] = { "cannot store an alternative title",
			      "INSERT INTO alternative(title) VALUES (?1) "
			      "ON CONFLICT (title) DO NOTHING",
			      false },
	[ROW_INCIDENT] = { "cannot store an incident",
			   "INSERT INTO incident(campaign_id, directory) VALUES (?1, ?2) "
			   "ON CONFLICT (directory) DO NOTHING",
			   false },
	[ROW_FAILURE] = { "cannot store a failure",
			  "INSERT INTO failure(id, campaign_id, operation_id, src_run_id, "
			  "dst_run_id, slot, "
			  "vm, loops, at_unix_ns, place, kind, step, detail, signature_id, "
			  "incident_id, expected, alternative_id) "
			  "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, "
			  "(SELECT id FROM signature WHERE class = ?14 AND title = ?15), "
			  "(SELECT id FROM incident WHERE directory = ?16), ?17, "
			  "(SELECT id FROM alternative WHERE title = ?18))",
			  true },
	[ROW_COMPARISON] = { "cannot store what is compared",
			     "INSERT INTO comparison(campaign_id, a_build_id, b_build_id, "
			     "loops_per_vm, warm_up_loops, looks) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
			     true },
	[ROW_PRIMARY_METRIC] = { "cannot store a metric to compare",
				 "INSERT INTO primary_metric(campaign_id, position, metric, "
				 "margin) "
				 "VALUES (?1, ?2, ?3, ?4)",
				 true },
	[ROW_ENVIRONMENT] = { "cannot store the environment",
			      "INSERT INTO environment(campaign_id, build_id, key, value) "
			      "VALUES (?1, ?2, ?3, ?4)",
			      true },
	[ROW_LOOK] = { "cannot store a look",
		       "INSERT INTO look(campaign_id, blocks, at_unix_ns) VALUES (?1, ?2, ?3)",
		       true },
	[ROW_GAP] = { "cannot store a gap",
		      "INSERT INTO gap(campaign_id, began_unix_ns, ended_unix_ns, reason) "
		      "VALUES (?1, ?2, ?3, ?4) ON CONFLICT (campaign_id, began_unix_ns) "
		      "DO UPDATE SET ended_unix_ns = excluded.ended_unix_ns",
		      true },
	[ROW_GAP_END] = { "cannot store the end of a gap",
			  "UPDATE gap SET ended_unix_ns = ?2 "
			  "WHERE campaign_id = ?1 AND ended_unix_ns IS NULL",
			  false },
	[ROW_SUMMARY] = { "cannot store a summary",
			  "INSERT INTO summary(campaign_id, kind, name, slot, vm, part, build_id, "
			  "dst_build_id, warm_up, began_unix_ns, ended_unix_ns, count, samples) "
			  "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
			  true },
};
NAMES_COMPLETE(statements, ROW_STATEMENT_COUNT);

const struct row_sql *row_sql(enum row_statement statement)
{
	return &statements[statement];
}

static struct row_value integer(int64_t value)
{
	return (struct row_value){ .type = ROW_INTEGER, .integer = value };
}

/* none: the value that stands for NULL. */
static struct row_value integer_or_null(int64_t value, int64_t none)
{
	return value == none ? (struct row_value){ .type = ROW_NULL } : integer(value);
}

/* An id, 0 for none. */
static struct row_value reference(int64_t id)
{
	return integer_or_null(id, 0);
}

/* Nanoseconds or a number, -1 for not measured. */
static struct row_value measured(int64_t value)
{
	return integer_or_null(value, -1);
}

static struct row_value text(const char *value)
{
	if (!value)
		return (struct row_value){ .type = ROW_NULL };
	return (struct row_value){ .type = ROW_TEXT, .text = value };
}

static struct row_value real(double value)
{
	return (struct row_value){ .type = ROW_REAL, .real = value };
}

static size_t size_of(const struct row_value *value)
{
	switch (value->type) {
	case ROW_TEXT:
		return strlen(value->text) + 1;
	case ROW_SAMPLES:
		return value->sample_count * sizeof(double);
	default:
		return 0;
	}
}

static struct row *row_new(enum row_statement statement, const struct row_value *values,
			   size_t count)
{
	size_t size = sizeof(struct row) + count * sizeof(*values);
	struct row *row;
	char *p;

	for (size_t i = 0; i < count; i++)
		size += size_of(&values[i]);
	row = mem_zalloc(size);
	row->statement = statement;
	row->count = count;
	p = (char *)&row->values[count];
	for (size_t i = 0; i < count; i++) {
		row->values[i] = values[i];
		if (values[i].type == ROW_TEXT)
			row->values[i].text = memcpy(p, values[i].text, size_of(&values[i]));
		else if (values[i].type == ROW_SAMPLES)
			row->values[i].samples = memcpy(p, values[i].samples, size_of(&values[i]));
		p += size_of(&values[i]);
	}
	return row;
}

static void rows_add(struct rows *rows, enum row_statement statement,
		     const struct row_value *values, size_t count)
{
	struct row *row = row_new(statement, values, count);
	struct rows one = { row, row, 1 };

	rows_move(rows, &one);
}

#define VALUES(...)                                \
	(const struct row_value[]){ __VA_ARGS__ }, \
		sizeof((struct row_value[]){ __VA_ARGS__ }) / sizeof(struct row_value)

static void add_campaign_begin(struct rows *rows, const struct record_campaign_begin *r)
{
	char uuid[UUID_TEXT_SIZE];

	uuid_make(uuid);
	rows_add(rows, ROW_HOST,
		 VALUES(text(uuid), text(r->host_name), text(r->host_kernel), text(r->host_cpu),
			integer(r->host_cpus)));
	uuid_make(uuid);
	rows_add(rows, ROW_CAMPAIGN_BEGIN,
		 VALUES(integer(r->id), text(uuid), text(r->name), text(r->profile_text),
			text(r->seed), text(r->accel), text(r->machine), integer(r->ram_bytes),
			integer(r->vms), integer(r->began_unix_ns), text(r->host_name),
			text(r->host_kernel), text(r->host_cpu), integer(r->host_cpus),
			text(r->accel_reason), reference(r->loops_per_build), text(r->request),
			text(r->qsoak), text(r->boot)));
}

static void add_campaign_resume(struct rows *rows, const struct record_campaign_resume *r)
{
	rows_add(rows, ROW_CAMPAIGN_RESUME,
		 VALUES(integer(r->id), text(r->accel), text(r->accel_reason), text(r->qsoak),
			text(r->boot)));
}

static void add_campaign_end(struct rows *rows, const struct record_campaign_end *r)
{
	rows_add(rows, ROW_CAMPAIGN_END,
		 VALUES(integer(r->id), integer(r->ended_unix_ns), text(r->end),
			integer(r->exit_code), measured(r->operations)));
}

static void add_build(struct rows *rows, const struct record_build *r)
{
	rows_add(rows, ROW_BUILD,
		 VALUES(integer(r->id), integer(r->campaign_id), text(r->name), text(r->binary),
			text(r->version), text(r->build_id), text(r->sha256), integer(r->sandbox),
			text(r->origin)));
}

static void add_left_out(struct rows *rows, const struct record_left_out *r)
{
	rows_add(rows, ROW_LEFT_OUT,
		 VALUES(integer(r->campaign_id), integer(r->build_id), integer(r->position),
			text(r->kind), text(r->reason)));
}

static void add_run_begin(struct rows *rows, const struct record_run_begin *r)
{
	rows_add(rows, ROW_RUN_BEGIN,
		 VALUES(integer(r->id), integer(r->campaign_id), integer(r->build_id),
			integer(r->slot), integer(r->vm), integer(r->pid),
			integer(r->began_unix_ns), text(r->argv), text(r->uri)));
}

static void add_run_end(struct rows *rows, const struct record_run_end *r)
{
	rows_add(rows, ROW_RUN_END,
		 VALUES(integer(r->id), integer(r->ended_unix_ns), measured(r->exit_status),
			integer_or_null(r->signal, 0), integer(r->expected), integer(r->unseen)));
}

static void add_operation_begin(struct rows *rows, const struct record_operation_begin *r)
{
	rows_add(rows, ROW_OPERATION_BEGIN,
		 VALUES(integer(r->id), integer(r->campaign_id), reference(r->src_run_id),
			integer(r->slot), integer(r->vm), measured(r->loop), text(r->kind),
			integer(r->began_unix_ns)));
}

static void add_operation_end(struct rows *rows, const struct record_operation_end *r)
{
	rows_add(rows, ROW_OPERATION_END,
		 VALUES(integer(r->id), reference(r->src_run_id), reference(r->dst_run_id),
			text(r->outcome), measured(r->duration_ns), measured(r->stall_ns)));
	for (size_t i = 0; i < r->step_count; i++)
		rows_add(rows, ROW_STEP,
			 VALUES(integer(r->id), integer((int64_t)i), text(r->steps[i].name),
				measured(r->steps[i].duration_ns)));
	for (size_t i = 0; i < r->measure_count; i++) {
		struct row_value value = real(r->measures[i].value);

		/* What is no number was not measured. */
		if (__builtin_isfinite(value.real))
			rows_add(rows, ROW_MEASURE,
				 VALUES(integer(r->id), text(r->measures[i].name), value));
	}
}

static void add_loop_end(struct rows *rows, const struct record_loop_end *r)
{
	rows_add(rows, ROW_LOOP_END,
		 VALUES(integer(r->campaign_id), integer(r->slot), integer(r->vm),
			integer(r->loop)));
}

static void add_failure(struct rows *rows, const struct record_failure *r)
{
	rows_add(rows, ROW_SIGNATURE,
		 VALUES(text(r->class), text(r->signature), integer(r->at_unix_ns)));
	if (r->alternative)
		rows_add(rows, ROW_ALTERNATIVE, VALUES(text(r->alternative)));
	if (r->incident)
		rows_add(rows, ROW_INCIDENT, VALUES(integer(r->campaign_id), text(r->incident)));
	rows_add(rows, ROW_FAILURE,
		 VALUES(integer(r->id), integer(r->campaign_id), reference(r->operation_id),
			reference(r->src_run_id), reference(r->dst_run_id), integer(r->slot),
			integer(r->vm), integer(r->loops), integer(r->at_unix_ns), text(r->place),
			text(r->kind), text(r->step), text(r->detail), text(r->class),
			text(r->signature), text(r->incident), integer(r->expected),
			text(r->alternative)));
}

/* JSON, as other lists are. */
static char *looks_text(const struct record_comparison *r)
{
	auto_free char *list = NULL;

	for (size_t i = 0; i < r->look_count; i++)
		mem_append(&list, ", ", "%u", r->looks[i]);
	return mem_printf("[%s]", list ? list : "");
}

static void add_comparison(struct rows *rows, const struct record_comparison *r)
{
	auto_free char *looks = looks_text(r);

	rows_add(rows, ROW_COMPARISON,
		 VALUES(integer(r->campaign_id), integer(r->a_build_id), integer(r->b_build_id),
			integer(r->loops_per_vm), integer(r->warm_up_loops), text(looks)));
	for (size_t i = 0; i < r->metric_count; i++)
		rows_add(rows, ROW_PRIMARY_METRIC,
			 VALUES(integer(r->campaign_id), integer((int64_t)i),
				text(r->metrics[i].name), real(r->metrics[i].margin)));
}

static void add_environment(struct rows *rows, const struct record_environment *r)
{
	rows_add(rows, ROW_ENVIRONMENT,
		 VALUES(integer(r->campaign_id), integer(r->build_id), text(r->key),
			text(r->value)));
}

static void add_look(struct rows *rows, const struct record_look *r)
{
	rows_add(rows, ROW_LOOK,
		 VALUES(integer(r->campaign_id), integer(r->blocks), integer(r->at_unix_ns)));
}

static void add_gap(struct rows *rows, const struct record_gap *r)
{
	rows_add(rows, ROW_GAP,
		 VALUES(integer(r->campaign_id), integer(r->began_unix_ns),
			integer_or_null(r->ended_unix_ns, 0), text(r->reason)));
}

static void add_gap_end(struct rows *rows, const struct record_gap_end *r)
{
	rows_add(rows, ROW_GAP_END, VALUES(integer(r->campaign_id), integer(r->ended_unix_ns)));
}

void rows_add_summary(struct rows *rows, const struct row_summary *s)
{
	struct row_value samples = { .type = ROW_SAMPLES,
				     .samples = s->samples,
				     .sample_count = s->count };

	rows_add(rows, ROW_SUMMARY,
		 VALUES(integer(s->campaign_id), text(s->kind), text(s->name), integer(s->slot),
			integer(s->vm), integer(s->part), integer(s->build_id),
			integer(s->dst_build_id), integer(s->warm_up), integer(s->began_unix_ns),
			integer(s->ended_unix_ns), integer((int64_t)s->count), samples));
}

void rows_add_record(struct rows *rows, const struct record *record)
{
	switch (record->type) {
	case RECORD_CAMPAIGN_BEGIN:
		return add_campaign_begin(rows, &record->campaign_begin);
	case RECORD_CAMPAIGN_RESUME:
		return add_campaign_resume(rows, &record->campaign_resume);
	case RECORD_CAMPAIGN_STOP:
		rows_add(rows, ROW_CAMPAIGN_STOP, VALUES(integer(record->campaign_stop.id)));
		return;
	case RECORD_CAMPAIGN_END:
		return add_campaign_end(rows, &record->campaign_end);
	case RECORD_BUILD:
		return add_build(rows, &record->build);
	case RECORD_LEFT_OUT:
		return add_left_out(rows, &record->left_out);
	case RECORD_RUN_BEGIN:
		return add_run_begin(rows, &record->run_begin);
	case RECORD_RUN_END:
		return add_run_end(rows, &record->run_end);
	case RECORD_OPERATION_BEGIN:
		return add_operation_begin(rows, &record->operation_begin);
	case RECORD_OPERATION_END:
		return add_operation_end(rows, &record->operation_end);
	case RECORD_LOOP_END:
		return add_loop_end(rows, &record->loop_end);
	case RECORD_FAILURE:
		return add_failure(rows, &record->failure);
	case RECORD_COMPARISON:
		return add_comparison(rows, &record->comparison);
	case RECORD_ENVIRONMENT:
		return add_environment(rows, &record->environment);
	case RECORD_LOOK:
		return add_look(rows, &record->look);
	case RECORD_GAP:
		return add_gap(rows, &record->gap);
	case RECORD_GAP_END:
		return add_gap_end(rows, &record->gap_end);
	case RECORD_VM_END:
		return; /* the summaries' */
	}
}

static void bind(sqlite3_stmt *stmt, int i, const struct row_value *value)
{
	/* Whatever cannot be bound (memory, size) makes the step fail. */
	switch (value->type) {
	case ROW_NULL:
		sqlite3_bind_null(stmt, i);
		break;
	case ROW_INTEGER:
		sqlite3_bind_int64(stmt, i, value->integer);
		break;
	case ROW_REAL:
		sqlite3_bind_double(stmt, i, value->real);
		break;
	case ROW_TEXT:
		sqlite3_bind_text(stmt, i, value->text, -1, SQLITE_STATIC);
		break;
	case ROW_SAMPLES:
		sqlite3_bind_blob64(stmt, i, value->samples, value->sample_count * sizeof(double),
				    SQLITE_STATIC);
		break;
	}
}

int row_write(sqlite3 *db, sqlite3_stmt *stmt, const struct row *row, struct err *err)
{
	const struct row_sql *sql = row_sql(row->statement);
	int r = 0;

	for (size_t i = 0; i < row->count; i++)
		bind(stmt, (int)i + 1, &row->values[i]);
	if (sqlite3_step(stmt) != SQLITE_DONE)
		r = sql_error(db, sql->what, err);
	else if (sql->must_change && sqlite3_changes(db) != 1)
		r = err_set(err, -ENOENT, "%s: %s: the row to change is not there",
			    sqlite3_db_filename(db, "main"), sql->what);
	sqlite3_reset(stmt);
	sqlite3_clear_bindings(stmt);
	return r;
}

void rows_move(struct rows *rows, struct rows *from)
{
	if (!from->first)
		return;
	if (rows->last)
		rows->last->next = from->first;
	else
		rows->first = from->first;
	rows->last = from->last;
	rows->count += from->count;
	*from = (struct rows){ 0 };
}

void rows_free(struct rows *rows)
{
	for (struct row *row = rows->first, *next; row; row = next) {
		next = row->next;
		free(row);
	}
	*rows = (struct rows){ 0 };
}
