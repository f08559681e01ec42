/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Small files, read whole, and the folders they lie in. */
#ifndef QSOAK_BASE_FILE_H
#define QSOAK_BASE_FILE_H

#include <stddef.h>

#include "base/err.h"

/* Reads the file whole; what is for error texts: "the profile". Longer than max bytes, or not readable:
 * -EINVAL. The caller frees the text, which ends in a NUL that does not count. */
int file_read(const char *path, const char *what, size_t max, char **ret_text, size_t *ret_size,
	      struct err *err);

/* The same of any bytes. */
int file_read_bytes(const char *path, size_t max, char **ret_bytes, size_t *ret_size,
		    struct err *err);

/* The names, without the suffix and in order, of the files in folder that have it and do not begin with
 * a dot; free with file_names_free(). what is for error texts: "the profiles". A negative errno where the
 * folder cannot be read. */
int file_names(const char *folder, const char *what, const char *suffix, char ***ret_names,
	       size_t *ret_count, struct err *err);
void file_names_free(char **names, size_t count);

#endif
