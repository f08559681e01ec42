/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory and descriptors that clean up with their scope.
 *
 * Allocation never returns NULL: a daemon that watches others has nothing sensible to do without a
 * few bytes, so it aborts and leaves a core. Sizes that come from a peer are bounded before.
 */
#ifndef QSOAK_BASE_MEM_H
#define QSOAK_BASE_MEM_H

#include <jansson.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Zeroed; aborts when memory runs out. */
void *mem_zalloc(size_t size) __attribute__((malloc, returns_nonnull));
void *mem_realloc(void *p, size_t count, size_t size) __attribute__((returns_nonnull));
char *mem_strdup(const char *s) __attribute__((malloc, returns_nonnull));
char *mem_strndup(const char *s, size_t n) __attribute__((malloc, returns_nonnull));
char *mem_printf(const char *fmt, ...)
	__attribute__((malloc, returns_nonnull, format(printf, 1, 2)));

char *mem_vprintf(const char *fmt, va_list args)
	__attribute__((malloc, returns_nonnull, format(printf, 1, 0)));

/* Appends to a list in words, which is NULL while it is empty, with separator between the words. */
void mem_append(char **list, const char *separator, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Lower-case hex digits, two a byte. */
char *mem_hex(const void *bytes, size_t count) __attribute__((malloc, returns_nonnull));

#define mem_new(type) ((type *)mem_zalloc(sizeof(type)))
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* Hands the value over and leaves NULL (or -1) behind, so that the scope's cleanup does nothing. */
#define mem_steal(p)                         \
	__extension__({                      \
		__typeof__(p) stolen_ = (p); \
		(p) = NULL;                  \
		stolen_;                     \
	})

static inline int fd_steal(int *fd)
{
	int stolen = *fd;

	*fd = -1;
	return stolen;
}

/* Closes and sets to -1; takes -1. */
static inline void fd_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static inline void mem_free_p(void *p)
{
	free(*(void **)p);
}

static inline void mem_fclose_p(FILE **f)
{
	if (*f)
		fclose(*f);
}

static inline void mem_json_decref_p(json_t **json)
{
	json_decref(*json);
}

#define auto_free __attribute__((cleanup(mem_free_p)))
#define auto_close __attribute__((cleanup(fd_close)))
#define auto_fclose __attribute__((cleanup(mem_fclose_p)))
#define auto_json __attribute__((cleanup(mem_json_decref_p)))

#endif
