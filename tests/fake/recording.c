/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What real QEMUs answered to query-qmp-schema, as part of this program. */
#include "recording.h"

#include <stddef.h>

#define INCLUDE(symbol, file)                                                      \
	__asm__(".pushsection .rodata\n" #symbol ":\n.incbin \"" file "\"\n.byte " \
		"0\n.popsection\n")

INCLUDE(recorded_7_2, "tests/data/qmp-schema-7.2.json");
INCLUDE(recorded_10_0, "tests/data/qmp-schema-10.0.json");

extern const char recorded_7_2[], recorded_10_0[];

const struct recording recordings[] = {
	{ "7.2", 7, 2, recorded_7_2 },
	{ "10.0", 10, 0, recorded_10_0 },
	{ 0 },
};
