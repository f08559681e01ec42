/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The manifest of an incident, as JSON. */
#ifndef QSOAK_TRIAGE_MANIFEST_H
#define QSOAK_TRIAGE_MANIFEST_H

#include <jansson.h>

#include "triage/incident.h"

/* What a run of the VM is in it: "source", "destination", or "qemu" where there is one. */
const char *manifest_role(const struct vm *vm, const struct run *run);

/* Never NULL; the caller owns it. */
json_t *manifest_make(const struct incident_spec *spec);

#endif
