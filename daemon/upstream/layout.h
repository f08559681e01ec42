/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tables upstream: made by the first push, brought up to date by a later qsoak, refused where they are newer. */
#ifndef QSOAK_UPSTREAM_LAYOUT_H
#define QSOAK_UPSTREAM_LAYOUT_H

#include "upstream/conn.h"
#include "upstream/mirror.h"

/* For a push. -EINVAL: they are of a newer qsoak. */
int layout_make(struct conn *conn, const struct mirror *mirror, struct err *err);

/* For a reader, who changes nothing. -EINVAL: there are none, or they are of another version. */
int layout_check(struct conn *conn, const struct mirror *mirror, struct err *err);

#endif
