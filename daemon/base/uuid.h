/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names for rows that are to be told apart in the stores of many hosts. */
#ifndef QSOAK_BASE_UUID_H
#define QSOAK_BASE_UUID_H

#include <stdint.h>

#define UUID_TEXT_SIZE 37
#define UUID_RANDOM_BYTES 10

/* Writes a new UUID (version 7) as text: those of later milliseconds come later, also as text. */
void uuid_make(char ret_text[UUID_TEXT_SIZE]);

/* The one of that time, in milliseconds since the epoch from 0 to 2^48-1, and of these bits, of which it takes 74. */
void uuid_of(int64_t unix_ms, const uint8_t random[UUID_RANDOM_BYTES],
	     char ret_text[UUID_TEXT_SIZE]);

#endif
