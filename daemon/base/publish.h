/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files that appear whole: written beside their place, and moved there at the end. */
#ifndef QSOAK_BASE_PUBLISH_H
#define QSOAK_BASE_PUBLISH_H

#include <stdio.h>

#include "base/err.h"

/* Zeroed: nothing is open. */
struct publish {
	FILE *out;	 /* to write to */
	char *path;	 /* the place; of a link where it leads */
	char *temporary; /* NULL: it is no regular file, but a terminal or a pipe */
};

/* what is for error texts: "the report". -EINVAL: there can be no such file. */
int publish_begin(const char *path, const char *what, struct publish *ret_publish, struct err *err);

/* Gives it its name, or leaves what was there before as it was: a negative errno. */
int publish_end(struct publish *publish, struct err *err);

/* Drops what was written; takes a zeroed one, or one that has ended. */
void publish_cancel(struct publish *publish);

#endif
