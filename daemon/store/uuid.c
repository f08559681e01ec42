// SPDX-License-Identifier: GPL-2.0-or-later
/* Random UUIDs (RFC 9562, version 4). */
#include "store/uuid.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

void uuid_make(char ret_text[UUID_TEXT_SIZE])
{
	uint8_t b[16];
	char *p = ret_text;

	/* So few bytes come whole or, on a kernel without the call, never. */
	if (getrandom(b, sizeof(b), 0) != (ssize_t)sizeof(b))
		abort();
	b[6] = (uint8_t)(0x40 | (b[6] & 0x0f)); /* version */
	b[8] = (uint8_t)(0x80 | (b[8] & 0x3f)); /* variant */
	for (size_t i = 0; i < sizeof(b); i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*p++ = '-';
		p += sprintf(p, "%02x", b[i]);
	}
}
