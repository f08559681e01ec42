/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text of XML and HTML. */
#ifndef QSOAK_BASE_XML_H
#define QSOAK_BASE_XML_H

#include <stdio.h>

/* A byte of UTF-8, as it stands in text and in an attribute in double quotes. Which characters may be there at all is
 * the caller's to know. */
void xml_print(char c, FILE *out);

#endif
