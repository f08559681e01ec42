// SPDX-License-Identifier: GPL-2.0-or-later
/* From what was stored of a campaign to its counts. */
#include "campaign/resume.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "campaign/blocks.h"
#include "campaign/plan.h"

static int match_build(const struct resume_build *was, struct build *build, struct err *err)
{
	if (strcmp(was->name, build->spec.name))
		return err_set(err, -EINVAL, "build %s was called %s", build->spec.name, was->name);
	if (strcmp(was->sha256, build->identity.sha256))
		return err_set(
			err, -EINVAL,
			"build %s is another one by now: %s has the SHA-256 %.12s..., it was "
			"%.12s... (%s)",
			was->name, build->spec.binary, build->identity.sha256, was->sha256,
			was->version);
	build->id = was->id;
	return 0;
}

int resume_match(const struct resume *resume, const struct profile *profile, struct build *builds,
		 struct err *err)
{
	int r = 0;

	if (resume->build_count != profile->build_count)
		return err_set(err, -EINVAL, "it has %zu builds, and had %zu", profile->build_count,
			       resume->build_count);
	for (size_t i = 0; i < resume->vm_count; i++)
		if (resume->vms[i].slot < 0 || resume->vms[i].slot >= (int)profile->vms ||
		    resume->vms[i].vm < 0)
			return err_set(err, -EINVAL, "it has no VM %d in slot %d",
				       resume->vms[i].vm, resume->vms[i].slot);
	for (size_t i = 0; r == 0 && i < profile->build_count; i++)
		r = match_build(&resume->builds[i], &builds[i], err);
	return r;
}

static void count_failure(const struct resume_failure *failure, struct tally *tally)
{
	for (int64_t i = 0; i < failure->count; i++) {
		tally_failure(tally, failure->host, failure->expected);
		if (failure->expected && failure->build)
			tally_expects(tally, failure->build, failure->signature,
				      failure->alternative);
	}
}

void resume_count(const struct resume *resume, const struct profile *profile, uint64_t seed,
		  struct tally *tally, struct blocks *blocks)
{
	for (size_t i = 0; i < resume->vm_count; i++) {
		const struct resume_vm *vm = &resume->vms[i];

		tally_vm(tally);
		tally_loops(tally, plan_build(profile, seed, vm->slot, vm->vm), vm->loops);
		if (blocks)
			blocks_vm_before(blocks, (unsigned)vm->slot, vm->loops);
	}
	tally_operations(tally, resume->operations);
	for (size_t i = 0; i < resume->failure_count; i++)
		count_failure(&resume->failures[i], tally);
}

void resume_slot(const struct resume *resume, int slot, int *ret_vm, uint64_t *ret_loops_begun)
{
	uint64_t begun = 0;
	int next = 0;

	for (size_t i = 0; i < resume->vm_count; i++) {
		const struct resume_vm *vm = &resume->vms[i];

		if (vm->slot != slot)
			continue;
		begun += (uint64_t)vm->begun;
		if (vm->vm >= next)
			next = vm->vm + 1;
	}
	*ret_vm = next;
	*ret_loops_begun = begun;
}

void resume_finish(struct resume *resume)
{
	for (size_t i = 0; i < resume->build_count; i++) {
		free(resume->builds[i].name);
		free(resume->builds[i].version);
		free(resume->builds[i].sha256);
	}
	for (size_t i = 0; i < resume->failure_count; i++) {
		free(resume->failures[i].build);
		free(resume->failures[i].signature);
		free(resume->failures[i].alternative);
	}
	free(resume->builds);
	free(resume->vms);
	free(resume->failures);
	free(resume->name);
	free(resume->profile_text);
	free(resume->seed);
	free(resume->request);
	free(resume->accel);
	free(resume->accel_reason);
	free(resume->gap_reason);
	*resume = (struct resume){ 0 };
}
