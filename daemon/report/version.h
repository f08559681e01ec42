/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Versions of QEMU, to be compared: 7.2 < 7.2.3 < 7.2.22 < 9.0.0-rc1 < 9.0.0. */
#ifndef QSOAK_REPORT_VERSION_H
#define QSOAK_REPORT_VERSION_H

#include <stdbool.h>

#define VERSION_PARTS 4
#define VERSION_PART_MAX 9999
#define VERSION_TEXT_MAX 32

/* Parts that are not there are 0. */
struct version {
	int parts[VERSION_PARTS];
	int candidate; /* of a release: -rc1 is 1; VERSION_PART_MAX: it is released */
};

/* The whole text is one: two to four numbers with dots between them, and maybe -rcN. */
bool version_parse(const char *text, struct version *ret_version);

/* The one in what --version says: "QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg-7)". Whatever a
 * packager has put right behind it is left out, but for -rcN or ~rcN. */
bool version_find(const char *line, struct version *ret_version);

/* Negative, 0 or positive, as a is older, the same or newer. */
int version_compare(const struct version *a, const struct version *b);

#endif
