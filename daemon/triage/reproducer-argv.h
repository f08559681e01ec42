/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QEMU's command line as it works elsewhere: without inherited descriptors and absolute names.
 */
#ifndef QSOAK_TRIAGE_REPRODUCER_ARGV_H
#define QSOAK_TRIAGE_REPRODUCER_ARGV_H

#include <jansson.h>

#include "base/err.h"

/* In the folder of a VM: the guest's image. */
#define ARGV_FIRMWARE "firmware.bin"

/* run is one of the manifest's. The list of options is the caller's, each a list of words; what is left
 * out or stays although it may not work elsewhere is told in remarks. QMP and -incoming are
 * missing: who starts it adds them. */
int argv_translate(json_t *run, const char *firmware, json_t *remarks, json_t **ret_options,
		   struct err *err);

#endif
