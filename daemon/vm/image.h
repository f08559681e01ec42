/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The images of a VM, compared with what its guest knows of its flash.
 *
 * The guest keeps in RAM what it has written to pflash unit 1. Where the VM stands, or has ended,
 * the flash image must hold the same, and so must the internal snapshot that was made or loaded
 * just now. What a vCPU was in the middle of is left out. qemu-img reads and checks the images.
 */
#ifndef QSOAK_VM_IMAGE_H
#define QSOAK_VM_IMAGE_H

#include <ev.h>
#include <stdbool.h>

#include "base/err.h"
#include "vm/telemetry.h"

enum image_verdict {
	IMAGE_SAME,
	IMAGE_DIFFERS, /* the error says what and where, or what qemu-img check said */
	IMAGE_UNKNOWN, /* we could not look; the error says why */
};

struct image_check_spec {
	const char *folder;    /* of the VM */
	const char *tag;       /* of an internal snapshot that must hold the same; NULL: none */
	const struct ram *ram; /* of the guest */
	bool in_use;	       /* a QEMU has the images open */
	/* Called once, from the loop; image_check_free() may be called in it. */
	void (*done)(void *ctx, enum image_verdict verdict, const struct err *err);
	void *ctx;
};

struct image_check;

/* Whether the guest has told what its flash holds. */
bool image_check_possible(const struct ram *ram);

/* Takes the guest's side at once; spec and its strings are copied. Has no limit of its own: the
 * caller frees it when it has waited enough. */
int image_check_start(struct ev_loop *loop, const struct image_check_spec *spec,
		      struct image_check **ret_check, struct err *err);

/* NULL is fine. Ends what is running. */
void image_check_free(struct image_check *check);

#endif
