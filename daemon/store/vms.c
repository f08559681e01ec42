// SPDX-License-Identifier: GPL-2.0-or-later
/* VMs out of a results store: how many loops each has lasted, and what ended it. */
#include <stdlib.h>

#include "base/mem.h"
#include "op/metric.h"
#include "store/query-sql.h"
#include "store/query.h"
#include "store/sql.h"

static int read_builds(struct query *query, int64_t campaign, struct query_vms *vms,
		       struct err *err)
{
	static const char sql[] =
		"SELECT name, version FROM build WHERE campaign_id = ?1 ORDER BY id";
	auto_stmt sqlite3_stmt *stmt = NULL;
	int r = query_prepare(query, sql, campaign, &stmt, err);

	while (r == 0 && (r = query_next_row(query, stmt, err)) > 0) {
		vms->builds = mem_realloc(vms->builds, vms->build_count + 1, sizeof(*vms->builds));
		vms->versions =
			mem_realloc(vms->versions, vms->build_count + 1, sizeof(*vms->versions));
		vms->versions[vms->build_count] = sql_column_strdup(stmt, 1);
		vms->builds[vms->build_count++] = sql_column_strdup(stmt, 0);
		r = 0;
	}
	return r;
}

/* A VM has its row once it has finished a loop, its first run from the beginning. */
static int read_vms(struct query *query, int64_t campaign, struct query_vms *vms, struct err *err)
{
	static const char sql[] =
		/* Made once: else they would be looked for once for each VM. */
		"WITH failed AS MATERIALIZED (SELECT slot, vm, signature_id, kind FROM failure "
		" WHERE campaign_id = ?1) "
		"SELECT (SELECT count(*) FROM build AS o WHERE o.campaign_id = ?1 "
		" AND o.id < r.build_id), coalesce(v.loops, 0), s.class, s.title, "
		/* By the key: a join would look through all of them for each VM. */
		"EXISTS (SELECT 1 FROM summary WHERE campaign_id = ?1 AND kind = 'shutdown' "
		" AND name = '" METRIC_DURATION "' AND slot = r.slot AND vm = r.vm), "
		"f.kind IS 'shutdown' "
		"FROM (SELECT min(id) AS id FROM run WHERE campaign_id = ?1 GROUP BY slot, vm) AS "
		"first JOIN run AS r ON r.id = first.id "
		"LEFT JOIN vm AS v ON v.campaign_id = ?1 AND v.slot = r.slot AND v.vm = r.vm "
		"LEFT JOIN failed AS f ON f.slot = r.slot AND f.vm = r.vm "
		"LEFT JOIN signature AS s ON s.id = f.signature_id";
	auto_stmt sqlite3_stmt *stmt = NULL;
	int r = query_prepare(query, sql, campaign, &stmt, err);

	while (r == 0 && (r = query_next_row(query, stmt, err)) > 0) {
		vms->vms = mem_realloc(vms->vms, vms->count + 1, sizeof(*vms->vms));
		vms->vms[vms->count++] = (struct query_vm){
			.build = (size_t)sqlite3_column_int64(stmt, 0),
			.loops = sqlite3_column_int64(stmt, 1),
			.class = sql_column_strdup(stmt, 2),
			.signature = sql_column_strdup(stmt, 3),
			.shut_down = sqlite3_column_int(stmt, 4),
			.in_shutdown = sqlite3_column_int(stmt, 5),
		};
		r = 0;
	}
	return r;
}

static int read_loops_per_build(struct query *query, int64_t campaign, int64_t *ret_loops,
				struct err *err)
{
	static const char sql[] = "SELECT coalesce(loops_per_build, 0) FROM campaign WHERE id = ?1";
	auto_stmt sqlite3_stmt *stmt = NULL;
	int r = query_prepare(query, sql, campaign, &stmt, err);

	if (r == 0)
		r = query_next_row(query, stmt, err);
	if (r > 0)
		*ret_loops = sqlite3_column_int64(stmt, 0);
	return r < 0 ? r : 0;
}

int query_vms(struct query *query, int64_t campaign, struct query_vms *ret_vms, struct err *err)
{
	struct query_vms vms = { 0 };
	int r = read_loops_per_build(query, campaign, &vms.loops_per_build, err);

	if (r == 0)
		r = read_builds(query, campaign, &vms, err);
	if (r == 0)
		r = read_vms(query, campaign, &vms, err);
	if (r < 0)
		query_vms_finish(&vms);
	else
		*ret_vms = vms;
	return r;
}

void query_vms_finish(struct query_vms *vms)
{
	for (size_t i = 0; i < vms->build_count; i++) {
		free(vms->builds[i]);
		free(vms->versions[i]);
	}
	for (size_t i = 0; i < vms->count; i++) {
		free(vms->vms[i].class);
		free(vms->vms[i].signature);
	}
	free(vms->builds);
	free(vms->versions);
	free(vms->vms);
	*vms = (struct query_vms){ 0 };
}
