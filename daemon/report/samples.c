// SPDX-License-Identifier: GPL-2.0-or-later
/* Samples of VMs, grouped by build. */
#include "report/samples.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"

static const struct query_build *find_build(const struct query_builds *builds, int64_t id)
{
	for (size_t i = 0; i < builds->count; i++)
		if (builds->builds[i].id == id)
			return &builds->builds[i];
	return NULL;
}

static char *group_name(const struct query_builds *builds, const struct query_series *series)
{
	const struct query_build *src = find_build(builds, series->build_id);
	const struct query_build *dst = find_build(builds, series->dst_build_id);
	const char *name = src ? src->name : "-";

	return dst ? mem_printf("%s -> %s", name, dst->name) : mem_strdup(name);
}

/* name is taken over. */
static struct samples_group *add_group(struct samples *samples, char *name,
				       const struct query_build *first)
{
	samples->groups =
		mem_realloc(samples->groups, samples->count + 1, sizeof(*samples->groups));
	samples->names = mem_realloc(samples->names, samples->count + 1, sizeof(*samples->names));
	samples->names[samples->count] = name;
	samples->groups[samples->count] = (struct samples_group){ .build = name, .first = first };
	return &samples->groups[samples->count++];
}

static struct samples_group *group_of(struct samples *samples, const struct query_series *series)
{
	char *name = group_name(&samples->builds, series);

	for (size_t i = 0; i < samples->count; i++)
		if (!strcmp(samples->names[i], name)) {
			free(name);
			return &samples->groups[i];
		}
	return add_group(samples, name, find_build(&samples->builds, series->build_id));
}

/* When a sample was taken is told by its place among its VM's. */
static void add_series(struct samples_group *group, const struct query_series *series,
		       const struct metric *metric, int64_t began_unix_ns, bool with_times)
{
	/* In doubles from the beginning: a file may say any time. */
	double began = (double)series->began_unix_ns / CLOCK_NS_PER_S;
	double begin = began - (double)began_unix_ns / CLOCK_NS_PER_S;
	double length = (double)series->ended_unix_ns / CLOCK_NS_PER_S - began;

	if (!series->count)
		return;
	group->values =
		mem_realloc(group->values, group->count + series->count, sizeof(*group->values));
	if (with_times)
		group->times = mem_realloc(group->times, group->count + series->count,
					   sizeof(*group->times));
	for (size_t i = 0; i < series->count; i++) {
		if (with_times)
			group->times[group->count] =
				begin + length * ((double)i + 0.5) / (double)series->count;
		group->values[group->count++] = series->values[i] * metric->scale;
	}
}

int samples_read(struct query *query, int64_t campaign, int64_t began_unix_ns,
		 const struct metric *metric, bool with_times, struct samples *ret_samples,
		 struct err *err)
{
	struct samples samples = { 0 };
	struct query_samples rows = { 0 };
	int r = query_builds(query, campaign, &samples.builds, err);

	if (r == 0)
		r = query_samples(query, campaign, op_kind_name(metric->kind), metric->measure,
				  &rows, err);
	for (size_t i = 0; i < samples.builds.count; i++)
		add_group(&samples, mem_strdup(samples.builds.builds[i].name),
			  &samples.builds.builds[i]);
	for (size_t i = 0; i < rows.count; i++) {
		add_series(group_of(&samples, &rows.series[i]), &rows.series[i], metric,
			   began_unix_ns, with_times);
		/* Both in memory would be too much of many. */
		free(rows.series[i].values);
		rows.series[i].values = NULL;
	}
	query_samples_finish(&rows);
	if (r < 0)
		samples_finish(&samples);
	else
		*ret_samples = samples;
	return r;
}

void samples_finish(struct samples *samples)
{
	for (size_t i = 0; i < samples->count; i++) {
		free(samples->groups[i].values);
		free(samples->groups[i].times);
		free(samples->names[i]);
	}
	free(samples->groups);
	free(samples->names);
	query_builds_finish(&samples->builds);
	*samples = (struct samples){ 0 };
}
