/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The folder of an incident while it is written: under a temporary name, until it appears whole.
 *
 * Whatever cannot be written is noted and left out; nothing here fails as a whole.
 */
#ifndef QSOAK_TRIAGE_BUNDLE_H
#define QSOAK_TRIAGE_BUNDLE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* Evidence leaves so much of the disk free: the results store lies on it, too. The manifest, which
 * says what was left out, is written all the same. */
#define BUNDLE_RESERVE_BYTES (32ll << 20)

/* Ends the name of a folder that is being written. */
#define BUNDLE_INCOMPLETE ".incomplete"

#define BUNDLE_MANIFEST "manifest.json"

/* Smaller files stay readable as they are; larger ones are packed by zstd and their names end so. */
#define BUNDLE_PACK_MIN_BYTES (16 * 1024)
#define BUNDLE_PACKED ".zst"

/* A longer file is not copied. */
#define BUNDLE_COPY_MAX_BYTES (64 << 20)

struct bundle;

/* folder: absolute, does not exist yet. */
struct bundle *bundle_new(const char *folder);

/* A folder that was not finished is removed. Takes NULL. */
void bundle_free(struct bundle *bundle);

/* The path of ROLE.NAME in it (role NULL: of NAME); the caller frees. */
char *bundle_path(const struct bundle *bundle, const char *role, const char *name);

/* Whether there is room for more; else noted. */
bool bundle_has_room(struct bundle *bundle, const char *role, const char *name);

/* Where the content of a new file of it is printed to until bundle_close(), one at a time. */
FILE *bundle_open(struct bundle *bundle, const char *role, const char *name);
void bundle_close(struct bundle *bundle);

/* As bundle_open(), print, bundle_close(). */
void bundle_write(struct bundle *bundle, const char *role, const char *name, const void *bytes,
		  size_t size);

/* A copy of a regular file. */
void bundle_copy(struct bundle *bundle, const char *from, const char *role, const char *name);

/* Notes what is not there, and why. */
__attribute__((format(printf, 4, 5))) void bundle_miss(struct bundle *bundle, const char *role,
						       const char *name, const char *why, ...);

/* What was noted: a list of {"file", "reason"}; borrowed. */
json_t *bundle_missing(const struct bundle *bundle);

/* Puts the manifest in the place of the one before, if there is one, which stays if this fails. */
void bundle_write_manifest(struct bundle *bundle, json_t *manifest);

/* Gives the folder its name; false, and noted, where there is none. */
bool bundle_finish(struct bundle *bundle);

/* One line on what is missing; NULL: nothing. The caller frees. */
char *bundle_complaint(const struct bundle *bundle);

/* Whether a file of a bundle is the one of that name, packed or not. */
bool bundle_is_file(const char *file, const char *name);

#endif
