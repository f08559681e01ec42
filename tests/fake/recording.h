/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What real QEMUs answered to query-qmp-schema (tests/data/README.md), as part of this program. */
#ifndef QSOAK_TESTS_FAKE_RECORDING_H
#define QSOAK_TESTS_FAKE_RECORDING_H

struct recording {
	const char *version; /* "MAJOR.MINOR"; NULL ends the table */
	int major, minor;
	const char *text; /* JSON */
};

/* The first is the one of a fake that was not told otherwise. */
extern const struct recording recordings[];

#endif
