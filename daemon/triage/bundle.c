// SPDX-License-Identifier: GPL-2.0-or-later
/* Writing the folder of an incident. */
#include "triage/bundle.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include <zstd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/folder.h"
#include "base/mem.h"

/* Some hundred MiB a second: what is packed here is small. */
#define PACK_LEVEL 1

#define MANIFEST_NEW BUNDLE_MANIFEST ".new"

struct bundle {
	char *folder, *temporary;
	json_t *missing;
	FILE *open; /* of text, which becomes the file of that name */
	char *text;
	size_t text_size;
	const char *open_role, *open_name;
	bool absent; /* there is no folder to write in */
	bool finished;
};

struct bundle *bundle_new(const char *folder)
{
	struct bundle *bundle = mem_new(struct bundle);
	struct err err = { 0 };

	bundle->folder = mem_strdup(folder);
	bundle->temporary = mem_printf("%s" BUNDLE_INCOMPLETE, folder);
	bundle->missing = json_array();
	if (folder_make(bundle->temporary, 0700, &err) < 0) {
		bundle->absent = true;
		bundle_miss(bundle, NULL, "folder", "%s", err.text);
	}
	return bundle;
}

void bundle_free(struct bundle *bundle)
{
	if (!bundle)
		return;
	if (!bundle->finished && !bundle->absent)
		folder_remove(bundle->temporary);
	json_decref(bundle->missing);
	free(bundle->folder);
	free(bundle->temporary);
	free(bundle);
}

static char *file_name(const char *role, const char *name)
{
	return role ? mem_printf("%s.%s", role, name) : mem_strdup(name);
}

char *bundle_path(const struct bundle *bundle, const char *role, const char *name)
{
	auto_free char *file = file_name(role, name);

	return mem_printf("%s/%s", bundle->temporary, file);
}

bool bundle_is_file(const char *file, const char *name)
{
	size_t length = strlen(name);

	return !strncmp(file, name, length) &&
	       (!file[length] || !strcmp(file + length, BUNDLE_PACKED));
}

void bundle_miss(struct bundle *bundle, const char *role, const char *name, const char *why, ...)
{
	auto_free char *file = file_name(role, name);
	char reason[ERR_TEXT_MAX];
	va_list ap;

	va_start(ap, why);
	vsnprintf(reason, sizeof(reason), why, ap);
	va_end(ap);
	json_array_append_new(bundle->missing,
			      json_pack("{s:s, s:s}", "file", file, "reason", reason));
}

json_t *bundle_missing(const struct bundle *bundle)
{
	return bundle->missing;
}

bool bundle_has_room(struct bundle *bundle, const char *role, const char *name)
{
	struct statvfs fs;

	if (bundle->absent)
		return false;
	if (statvfs(bundle->temporary, &fs) < 0 ||
	    (int64_t)fs.f_bavail * (int64_t)fs.f_frsize >= BUNDLE_RESERVE_BYTES)
		return true;
	bundle_miss(bundle, role, name, "less than %lld MiB of the disk are free",
		    BUNDLE_RESERVE_BYTES >> 20);
	return false;
}

/* Returns 0, or the errno of what was not written. */
static int close_file(FILE *f)
{
	bool bad = ferror(f);

	return fclose(f) != 0 ? errno : bad ? EIO : 0;
}

static void write_file(struct bundle *bundle, const char *role, const char *name, const void *bytes,
		       size_t size)
{
	auto_free char *path = bundle_path(bundle, role, name);
	FILE *f = fopen(path, "wxe");
	int code;

	if (!f) {
		bundle_miss(bundle, role, name, "cannot be made: %s", strerror(errno));
		return;
	}
	fwrite(bytes, 1, size, f);
	code = close_file(f);
	if (code)
		bundle_miss(bundle, role, name, "is cut: %s", strerror(code));
}

void bundle_write(struct bundle *bundle, const char *role, const char *name, const void *bytes,
		  size_t size)
{
	auto_free void *packed = NULL;
	auto_free char *packed_name = NULL;
	size_t bound = ZSTD_compressBound(size), packed_size;

	if (!bundle_has_room(bundle, role, name))
		return;
	if (size < BUNDLE_PACK_MIN_BYTES) {
		write_file(bundle, role, name, bytes, size);
		return;
	}
	packed = mem_zalloc(bound);
	packed_size = ZSTD_compress(packed, bound, bytes, size, PACK_LEVEL);
	packed_name = mem_printf("%s" BUNDLE_PACKED, name);
	if (ZSTD_isError(packed_size))
		bundle_miss(bundle, role, name, "zstd: %s", ZSTD_getErrorName(packed_size));
	else
		write_file(bundle, role, packed_name, packed, packed_size);
}

FILE *bundle_open(struct bundle *bundle, const char *role, const char *name)
{
	bundle->open = open_memstream(&bundle->text, &bundle->text_size);
	if (!bundle->open)
		abort();
	bundle->open_role = role;
	bundle->open_name = name;
	return bundle->open;
}

void bundle_close(struct bundle *bundle)
{
	fclose(bundle->open);
	bundle_write(bundle, bundle->open_role, bundle->open_name, bundle->text, bundle->text_size);
	free(bundle->text);
	bundle->text = NULL;
}

void bundle_copy(struct bundle *bundle, const char *from, const char *role, const char *name)
{
	auto_free char *bytes = NULL;
	struct err err = { 0 };
	size_t size;

	if (file_read_bytes(from, BUNDLE_COPY_MAX_BYTES, &bytes, &size, &err) < 0)
		bundle_miss(bundle, role, name, "%s", err.text);
	else
		bundle_write(bundle, role, name, bytes, size);
}

void bundle_write_manifest(struct bundle *bundle, json_t *manifest)
{
	auto_free char *path = bundle_path(bundle, NULL, BUNDLE_MANIFEST);
	auto_free char *new = bundle_path(bundle, NULL, MANIFEST_NEW);
	FILE *f;
	int code;

	if (bundle->absent)
		return;
	f = fopen(new, "we");
	code = f ? 0 : errno;
	if (f) {
		if (json_dumpf(manifest, f, JSON_INDENT(2)) < 0)
			code = EIO;
		fputc('\n', f);
		code = close_file(f) ?: code;
	}
	if (!code && rename(new, path) < 0)
		code = errno;
	if (code) {
		unlink(new);
		bundle_miss(bundle, NULL, BUNDLE_MANIFEST, "cannot be written: %s", strerror(code));
	}
}

bool bundle_finish(struct bundle *bundle)
{
	if (bundle->absent)
		return false;
	if (rename(bundle->temporary, bundle->folder) < 0) {
		bundle_miss(bundle, NULL, "folder", "cannot get its name: %s", strerror(errno));
		return false;
	}
	return bundle->finished = true;
}

char *bundle_complaint(const struct bundle *bundle)
{
	json_t *first = json_array_get(bundle->missing, 0);
	size_t count = json_array_size(bundle->missing);

	if (!first)
		return NULL;
	if (count == 1)
		return mem_printf("%s: %s", json_string_value(json_object_get(first, "file")),
				  json_string_value(json_object_get(first, "reason")));
	return mem_printf("%s: %s, and %zu more", json_string_value(json_object_get(first, "file")),
			  json_string_value(json_object_get(first, "reason")), count - 1);
}
