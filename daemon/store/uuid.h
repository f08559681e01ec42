/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names for rows that are to be told apart in the stores of many hosts. */
#ifndef QSOAK_STORE_UUID_H
#define QSOAK_STORE_UUID_H

#define UUID_TEXT_SIZE 37

/* Writes a random UUID (version 4) as text. */
void uuid_make(char ret_text[UUID_TEXT_SIZE]);

#endif
