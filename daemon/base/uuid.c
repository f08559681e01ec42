// SPDX-License-Identifier: GPL-2.0-or-later
/* UUIDs of a time (RFC 9562, version 7). */
#include "base/uuid.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/clock.h"

#define TIME_BYTES 6

void uuid_of(int64_t unix_ms, const uint8_t random[UUID_RANDOM_BYTES],
	     char ret_text[UUID_TEXT_SIZE])
{
	uint8_t b[TIME_BYTES + UUID_RANDOM_BYTES];
	char *p = ret_text;

	for (int i = 0; i < TIME_BYTES; i++)
		b[i] = (uint8_t)(unix_ms >> 8 * (TIME_BYTES - 1 - i));
	memcpy(b + TIME_BYTES, random, UUID_RANDOM_BYTES);
	b[6] = (uint8_t)(0x70 | (b[6] & 0x0f)); /* version */
	b[8] = (uint8_t)(0x80 | (b[8] & 0x3f)); /* variant */
	for (size_t i = 0; i < sizeof(b); i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*p++ = '-';
		p += sprintf(p, "%02x", b[i]);
	}
}

void uuid_make(char ret_text[UUID_TEXT_SIZE])
{
	uint8_t random[UUID_RANDOM_BYTES];

	/* So few bytes come whole or, on a kernel without the call, never. */
	if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
		abort();
	uuid_of(clock_unix_ns() / CLOCK_NS_PER_MS, random, ret_text);
}
