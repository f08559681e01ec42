/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Signatures: the normalised titles under which equal failures meet. */
#ifndef QSOAK_TRIAGE_SIGNATURE_H
#define QSOAK_TRIAGE_SIGNATURE_H

#include "watch/failure.h"

#define SIGNATURE_MAX 256

/* Without paths, addresses, numbers that vary, and line numbers; printable ASCII. */
void signature_make(const struct failure *failure, char *ret_text, size_t size);

#endif
