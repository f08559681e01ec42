// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: a table of qemu-img's to run, one after the other: each image is checked, then
 * the flash is copied out as plain bytes and compared, and the snapshot's likewise. The first that
 * finds something ends it.
 */
#include "vm/image.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/child.h"
#include "base/mem.h"
#include "vm/direct.h"

/* In the folder of the VM. */
#define COPY "flash.raw"

/* An exit status of `qemu-img check`, of its manual: clusters are lost, and no data. */
#define CHECK_LEAKS 3

struct image_check {
	struct ev_loop *loop;
	char *folder, *tag;
	bool in_use;
	uint8_t shadow[DIRECT_FLASH_BYTES];
	bool in_flight[DIRECT_FLASH_BYTES];
	size_t size; /* bytes of the flash that the guest knows */
	size_t at;   /* in jobs */
	struct child *child;
	void (*done)(void *ctx, enum image_verdict verdict, const struct err *err);
	void *ctx;
};

static const struct job {
	const char *name; /* for people */
	const char *image;
	bool compares, of_snapshot;
} jobs[] = {
	{ "the flash image", DIRECT_NODE_FLASH ".qcow2", false, false },
	{ "the image of VM states", DIRECT_NODE_VMSTATE ".qcow2", false, false },
	{ "the flash image", DIRECT_NODE_FLASH ".qcow2", true, false },
	{ "the flash in the snapshot", DIRECT_NODE_FLASH ".qcow2", true, true },
};

static bool shadow_of(const struct ram *ram, struct telemetry *ret_telemetry)
{
	return ram_sample(ram, ret_telemetry) && ret_telemetry->shadow_size > 0 &&
	       ret_telemetry->shadow_size <= DIRECT_FLASH_BYTES;
}

bool image_check_possible(const struct ram *ram)
{
	struct telemetry telemetry;

	return shadow_of(ram, &telemetry);
}

static void leave_out(struct image_check *check, const struct telemetry_vcpu *vcpu)
{
	for (uint64_t i = 0; i < vcpu->intent_length && vcpu->intent_offset + i < check->size; i++)
		check->in_flight[vcpu->intent_offset + i] = true;
}

static int take_shadow(struct image_check *check, const struct ram *ram, struct err *err)
{
	struct telemetry telemetry;

	if (!shadow_of(ram, &telemetry) ||
	    !ram_read(ram, telemetry.shadow_gpa, check->shadow, telemetry.shadow_size))
		return err_set(err, -EIO,
			       "the guest does not say where in its RAM it keeps what "
			       "its flash holds");
	check->size = telemetry.shadow_size;
	for (uint32_t i = 0; i < telemetry.vcpus; i++)
		leave_out(check, &telemetry.vcpu[i]);
	return 0;
}

static enum image_verdict compare(const struct image_check *check, const struct job *job,
				  struct err *err)
{
	auto_free char *path = mem_printf("%s/" COPY, check->folder);
	auto_fclose FILE *f = fopen(path, "re");
	uint8_t found[DIRECT_FLASH_BYTES];
	size_t first = 0, count = 0;

	if (!f || fread(found, 1, check->size, f) != check->size) {
		err_set_errno(err, f ? EIO : errno, "cannot read %s", path);
		return IMAGE_UNKNOWN;
	}
	for (size_t i = check->size; i-- > 0;) {
		if (found[i] == check->shadow[i] || check->in_flight[i])
			continue;
		first = i;
		count++;
	}
	if (!count)
		return IMAGE_SAME;
	err_set(err, -EILSEQ,
		"%s differs from what the guest wrote: at offset 0x%zx expected 0x%02x, found "
		"0x%02x; %zu bytes differ",
		job->name, first, check->shadow[first], found[first], count);
	return IMAGE_DIFFERS;
}

/* Of a qemu-img that has ended. */
static enum image_verdict judge(const struct image_check *check, const struct job *job,
				const struct child_exit *how, struct err *err)
{
	auto_free char *output = child_output(check->child, NULL);
	int words = (int)strcspn(output, "\n");

	if (job->compares && how->signal == 0 && how->status == 0)
		return compare(check, job, err);
	if (!job->compares && how->signal == 0 && (how->status == 0 || how->status == CHECK_LEAKS))
		return IMAGE_SAME;
	/* Corruptions found, or what is there is no image any more. */
	if (!job->compares && how->signal == 0) {
		err_set(err, -EILSEQ, "qemu-img check says of %s: %.*s", job->name, words, output);
		return IMAGE_DIFFERS;
	}
	err_set(err, -EIO, "qemu-img could not read %s (status %d, signal %d): %.*s", job->name,
		how->status, how->signal, words, output);
	return IMAGE_UNKNOWN;
}

static int start_job(struct image_check *check, struct err *err);

static void job_exited(void *ctx, const struct child_exit *how)
{
	struct image_check *check = ctx;
	const struct job *job = &jobs[check->at];
	struct err err = { 0 };
	enum image_verdict verdict = judge(check, job, how, &err);

	child_free(check->child);
	check->child = NULL;
	check->at++;
	if (verdict == IMAGE_SAME && check->at < ARRAY_SIZE(jobs) &&
	    (!jobs[check->at].of_snapshot || check->tag)) {
		if (start_job(check, &err) == 0)
			return;
		verdict = IMAGE_UNKNOWN;
	}
	check->done(check->ctx, verdict, &err);
}

static int start_job(struct image_check *check, struct err *err)
{
	const struct job *job = &jobs[check->at];
	auto_free char *snapshot =
		job->of_snapshot ? mem_printf("snapshot.name=%s", check->tag) : NULL;
	const char *argv[16];
	size_t n = 0;
	struct child_spec spec = {
		.argv = argv,
		.cwd = check->folder,
		.exited = job_exited,
		.ctx = check,
	};

	argv[n++] = DIRECT_QEMU_IMG;
	argv[n++] = job->compares ? "convert" : "check";
	argv[n++] = "-q";
	if (check->in_use)
		argv[n++] = "-U";
	argv[n++] = "-f";
	argv[n++] = "qcow2";
	if (job->compares) {
		argv[n++] = "-O";
		argv[n++] = "raw";
	}
	if (snapshot) {
		argv[n++] = "-l";
		argv[n++] = snapshot;
	}
	argv[n++] = job->image;
	if (job->compares)
		argv[n++] = COPY;
	argv[n] = NULL;
	return child_spawn(check->loop, &spec, &check->child, err);
}

int image_check_start(struct ev_loop *loop, const struct image_check_spec *spec,
		      struct image_check **ret_check, struct err *err)
{
	struct image_check *check = mem_new(struct image_check);
	int r;

	check->loop = loop;
	check->folder = mem_strdup(spec->folder);
	check->tag = spec->tag ? mem_strdup(spec->tag) : NULL;
	check->in_use = spec->in_use;
	check->done = spec->done;
	check->ctx = spec->ctx;
	r = take_shadow(check, spec->ram, err);
	if (r == 0)
		r = start_job(check, err);
	if (r < 0) {
		image_check_free(check);
		return r;
	}
	*ret_check = check;
	return 0;
}

void image_check_free(struct image_check *check)
{
	if (!check)
		return;
	child_free(check->child);
	free(check->folder);
	free(check->tag);
	free(check);
}
