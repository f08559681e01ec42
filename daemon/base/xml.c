// SPDX-License-Identifier: GPL-2.0-or-later
/* What is markup stands as an entity. */
#include "base/xml.h"

void xml_print(char c, FILE *out)
{
	switch (c) {
	case '<':
		fputs("&lt;", out);
		break;
	case '>':
		fputs("&gt;", out);
		break;
	case '&':
		fputs("&amp;", out);
		break;
	case '"':
		fputs("&quot;", out);
		break;
	default:
		fputc(c, out);
	}
}
