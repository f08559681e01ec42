/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading the reports that a QEMU built with ASan, UBSan, TSan, MSan or LSan prints. */
#ifndef QSOAK_WATCH_SANITIZER_H
#define QSOAK_WATCH_SANITIZER_H

#include <stdbool.h>
#include <stddef.h>

/* Whether output has a report. The first one becomes detail (of size bytes): "TOOL: KIND in FUNCTION",
 * where FUNCTION is the first frame in QEMU's own code; or, where none is named, "... in FILE" if that
 * is known. Without addresses and lines. */
bool sanitizer_find(const char *output, char *detail, size_t size);

#endif
