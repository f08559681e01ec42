/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text of a peer, made fit for JSON, columns and terminals alike. */
#ifndef QSOAK_BASE_ASCII_H
#define QSOAK_BASE_ASCII_H

#include <ctype.h>

/* Replaces each byte that is no printable ASCII, in place. */
static inline void ascii_only(char *text, char instead)
{
	for (; *text; text++)
		if (!isascii((unsigned char)*text) || !isprint((unsigned char)*text))
			*text = instead;
}

#endif
