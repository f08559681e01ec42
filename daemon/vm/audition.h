/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An audition: a QEMU is started for nothing but to see which program really runs. */
#ifndef QSOAK_VM_AUDITION_H
#define QSOAK_VM_AUDITION_H

#include <stdbool.h>

#include "base/err.h"
#include "vm/build.h"

/* A QEMU below valgrind is slow to greet. */
#define AUDITION_LIMIT_NS 60000000000ll

/* Starts spec's wrapper and binary without a machine, waits for QMP's greeting, looks at the process,
 * and ends it. Blocks up to AUDITION_LIMIT_NS. */
int audition_identify(const struct build_spec *spec, bool sandbox, struct identity *ret_identity,
		      struct err *err);

#endif
