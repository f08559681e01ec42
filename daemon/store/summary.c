// SPDX-License-Identifier: GPL-2.0-or-later
/* From records to the samples of each VM. */
#include "store/summary.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "op/metric.h"

/* A VM has at most two runs at once; of those that have ended some may still be asked for. The source of the operation
 * in progress is never forgotten: it may see any number of destinations come and go. */
#define RUNS_KEPT 4

/* One metric of a VM, on one build or from one to another. */
struct series {
	char *kind, *name;
	int64_t build_id, dst_build_id; /* dst: 0 where it is the same */
	bool warm_up;
	int64_t part;
	double *samples; /* SUMMARY_SAMPLES_MAX */
	size_t count;
};

struct collected {
	int64_t campaign_id, slot, vm;
	int64_t began_unix_ns, ended_unix_ns; /* of its operations that ended ok; 0: none yet */
	struct {
		int64_t id, build_id;
	} runs[RUNS_KEPT];
	size_t next_run;
	/* the operation in progress */
	int64_t operation_id, src_run_id, loop, operation_began_unix_ns;
	bool warm_up;
	char kind[32];
	struct series *series;
	size_t series_count;
};

struct summaries {
	struct collected *vms;
	size_t count;
	int64_t campaign_id, warm_up; /* of the comparison that was told of last */
};

struct summaries *summaries_new(void)
{
	return mem_new(struct summaries);
}

static void collected_finish(struct collected *vm)
{
	for (size_t i = 0; i < vm->series_count; i++) {
		free(vm->series[i].kind);
		free(vm->series[i].name);
		free(vm->series[i].samples);
	}
	free(vm->series);
}

void summaries_free(struct summaries *summaries)
{
	if (!summaries)
		return;
	for (size_t i = 0; i < summaries->count; i++)
		collected_finish(&summaries->vms[i]);
	free(summaries->vms);
	free(summaries);
}

static void flush_series(const struct collected *vm, struct series *series, struct rows *rows)
{
	struct row_summary row = {
		.campaign_id = vm->campaign_id,
		.kind = series->kind,
		.name = series->name,
		.slot = vm->slot,
		.vm = vm->vm,
		.part = series->part,
		.build_id = series->build_id,
		.dst_build_id = series->dst_build_id,
		.warm_up = series->warm_up,
		.began_unix_ns = vm->began_unix_ns,
		.ended_unix_ns = vm->ended_unix_ns,
		.samples = series->samples,
		.count = series->count,
	};

	if (!series->count)
		return;
	rows_add_summary(rows, &row);
	series->part++;
	series->count = 0;
}

static void end_vm(struct summaries *summaries, size_t at, struct rows *rows)
{
	struct collected *vm = &summaries->vms[at];

	for (size_t i = 0; i < vm->series_count; i++)
		flush_series(vm, &vm->series[i], rows);
	collected_finish(vm);
	*vm = summaries->vms[--summaries->count];
}

/* Of the VM in that slot; one that came before it there has ended, whether that was told or not. */
static struct collected *collected_of(struct summaries *summaries, int64_t campaign_id,
				      int64_t slot, int64_t number, struct rows *rows)
{
	for (size_t i = 0; i < summaries->count; i++) {
		struct collected *vm = &summaries->vms[i];

		if (vm->campaign_id != campaign_id || vm->slot != slot)
			continue;
		if (vm->vm == number)
			return vm;
		end_vm(summaries, i, rows);
		break;
	}
	summaries->vms = mem_realloc(summaries->vms, summaries->count + 1, sizeof(*summaries->vms));
	summaries->vms[summaries->count] =
		(struct collected){ .campaign_id = campaign_id, .slot = slot, .vm = number };
	return &summaries->vms[summaries->count++];
}

static int64_t build_of(const struct collected *vm, int64_t run_id)
{
	for (size_t i = 0; run_id && i < RUNS_KEPT; i++)
		if (vm->runs[i].id == run_id)
			return vm->runs[i].build_id;
	return 0;
}

static struct series *series_of(struct collected *vm, const char *name, int64_t build_id,
				int64_t dst_build_id)
{
	struct series *series;

	for (size_t i = 0; i < vm->series_count; i++) {
		series = &vm->series[i];
		if (series->build_id == build_id && series->dst_build_id == dst_build_id &&
		    series->warm_up == vm->warm_up && !strcmp(series->name, name) &&
		    !strcmp(series->kind, vm->kind))
			return series;
	}
	vm->series = mem_realloc(vm->series, vm->series_count + 1, sizeof(*vm->series));
	series = &vm->series[vm->series_count++];
	*series = (struct series){
		.kind = mem_strdup(vm->kind),
		.name = mem_strdup(name),
		.build_id = build_id,
		.dst_build_id = dst_build_id,
		.warm_up = vm->warm_up,
		.samples = mem_zalloc(SUMMARY_SAMPLES_MAX * sizeof(double)),
	};
	return series;
}

static void add_sample(struct collected *vm, const char *name, int64_t build_id,
		       int64_t dst_build_id, double value, struct rows *rows)
{
	struct series *series;

	if (!isfinite(value))
		return;
	series = series_of(vm, name, build_id, dst_build_id);
	if (series->count == SUMMARY_SAMPLES_MAX)
		flush_series(vm, series, rows);
	series->samples[series->count++] = value;
}

static void operation_begins(struct summaries *summaries, const struct record_operation_begin *r,
			     struct rows *rows)
{
	struct collected *vm = collected_of(summaries, r->campaign_id, r->slot, r->vm, rows);

	vm->operation_id = r->id;
	vm->src_run_id = r->src_run_id;
	vm->loop = r->loop;
	vm->operation_began_unix_ns = r->began_unix_ns;
	snprintf(vm->kind, sizeof(vm->kind), "%s", r->kind);
}

static bool is_warm_up(const struct summaries *summaries, const struct collected *vm)
{
	return summaries->campaign_id == vm->campaign_id && vm->loop >= 0 &&
	       vm->loop < summaries->warm_up;
}

static void operation_ends(struct summaries *summaries, const struct record_operation_end *r,
			   struct rows *rows)
{
	struct collected *vm = NULL;
	int64_t src, dst;

	for (size_t i = 0; i < summaries->count && !vm; i++)
		if (summaries->vms[i].operation_id == r->id)
			vm = &summaries->vms[i];
	if (!vm || strcmp(r->outcome, "ok"))
		return;
	if (!vm->began_unix_ns)
		vm->began_unix_ns = vm->operation_began_unix_ns;
	vm->ended_unix_ns = vm->operation_began_unix_ns + r->duration_ns;
	vm->warm_up = is_warm_up(summaries, vm);
	src = build_of(vm, r->src_run_id ? r->src_run_id : vm->src_run_id);
	dst = build_of(vm, r->dst_run_id);
	dst = dst == src ? 0 : dst;
	if (!src)
		return;
	add_sample(vm, METRIC_DURATION, src, dst, (double)r->duration_ns, rows);
	if (r->stall_ns >= 0)
		add_sample(vm, METRIC_STALL, src, dst, (double)r->stall_ns, rows);
	for (size_t i = 0; i < r->measure_count; i++)
		add_sample(vm, r->measures[i].name, src, dst, r->measures[i].value, rows);
}

static void run_begins(struct summaries *summaries, const struct record_run_begin *r,
		       struct rows *rows)
{
	struct collected *vm = collected_of(summaries, r->campaign_id, r->slot, r->vm, rows);

	if (vm->src_run_id && vm->runs[vm->next_run].id == vm->src_run_id)
		vm->next_run = (vm->next_run + 1) % RUNS_KEPT;
	vm->runs[vm->next_run].id = r->id;
	vm->runs[vm->next_run].build_id = r->build_id;
	vm->next_run = (vm->next_run + 1) % RUNS_KEPT;
}

/* slot: -1 for all. */
static void end_vms(struct summaries *summaries, int64_t campaign_id, int64_t slot,
		    struct rows *rows)
{
	for (size_t i = summaries->count; i-- > 0;)
		if (summaries->vms[i].campaign_id == campaign_id &&
		    (slot < 0 || summaries->vms[i].slot == slot))
			end_vm(summaries, i, rows);
}

void summaries_add_record(struct summaries *summaries, const struct record *record,
			  struct rows *rows)
{
	switch (record->type) {
	case RECORD_COMPARISON:
		summaries->campaign_id = record->comparison.campaign_id;
		summaries->warm_up = record->comparison.warm_up_loops;
		break;
	case RECORD_RUN_BEGIN:
		run_begins(summaries, &record->run_begin, rows);
		break;
	case RECORD_OPERATION_BEGIN:
		operation_begins(summaries, &record->operation_begin, rows);
		break;
	case RECORD_OPERATION_END:
		operation_ends(summaries, &record->operation_end, rows);
		break;
	case RECORD_VM_END:
		end_vms(summaries, record->vm_end.campaign_id, record->vm_end.slot, rows);
		break;
	case RECORD_CAMPAIGN_END:
		end_vms(summaries, record->campaign_end.id, -1, rows);
		break;
	default:
		break;
	}
}
