// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Commands that read incidents.
 *
 * A peer names a failure and a file in its folder, never a path: names have no slash, links are not
 * followed, and only regular files are opened.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <nettle/base64.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "control/limits.h"
#include "control/read.h"
#include "report/json.h"
#include "store/query-rows.h"
#include "store/store.h"
#include "triage/bundle.h"

static int find_folder(const char *state, int64_t failure, char **ret_directory, struct err *err)
{
	auto_free char *path = store_path(state);
	struct query *query = NULL;
	int r = query_open(path, &query, err);

	if (r == 0)
		r = query_incident(query, failure, ret_directory, err);
	query_close(query);
	return r;
}

/* The folder of the incident that the argument names. */
static int open_folder(const char *state, json_t *arguments, char **ret_directory, int *ret_fd,
		       struct err *err)
{
	int64_t failure = json_integer_value(json_object_get(arguments, "incident"));
	auto_free char *directory = NULL, *path = NULL;
	int fd, r = find_folder(state, failure, &directory, err);

	if (r < 0)
		return r == -ENOENT ? (err->code = -EINVAL) : r;
	/* The store may be anybody's. */
	if (*directory == '/' || strstr(directory, ".."))
		return err_set(err, -EIO,
			       "the store has a folder of failure %lld that is none of its own: %s",
			       (long long)failure, directory);
	path = mem_printf("%s/%s", state, directory);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return err_set(err, -ENOENT,
			       "%s is gone: the limits of evidence were reached, or somebody "
			       "removed it",
			       path);
	if (fd < 0)
		return err_set_errno(err, errno, "cannot open %s", path);
	*ret_directory = mem_steal(directory);
	*ret_fd = fd;
	return 0;
}

static int open_file(int folder, const char *name, int *ret_fd, int64_t *ret_size, struct err *err)
{
	auto_close int fd = -1;
	struct stat st;

	if (!*name || *name == '.' || strchr(name, '/'))
		return err_set(err, -EINVAL, "file: expected the name of a file of the incident");
	/* A FIFO would block the reader. */
	fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return err_set(err, -EINVAL, "file: %.60s: %s", name, strerror(errno));
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return err_set(err, -EINVAL, "file: %.60s is no regular file", name);
	*ret_fd = fd_steal(&fd);
	*ret_size = st.st_size;
	return 0;
}

/* Up to size bytes from offset; returns how many. */
static ssize_t read_at(int fd, char *buffer, size_t size, int64_t offset)
{
	size_t got = 0;

	while (got < size) {
		ssize_t n = pread(fd, buffer + got, size - got, offset + (int64_t)got);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		got += (size_t)n;
	}
	return (ssize_t)got;
}

static json_t *base64(const char *bytes, size_t size)
{
	auto_free char *text = mem_zalloc(BASE64_ENCODE_RAW_LENGTH(size) + 1);

	base64_encode_raw(text, size, (const uint8_t *)bytes);
	return json_string(text);
}

/* As text where it is some, else as base64. A NUL is legal in JSON, but most peers' readers refuse
 * it. */
static json_t *content(const char *bytes, size_t size, const char **ret_key)
{
	json_t *text = memchr(bytes, '\0', size) ? NULL : json_stringn(bytes, size);

	*ret_key = text ? "text" : "base64";
	return text ? text : base64(bytes, size);
}

int read_incident_file(const char *state, json_t *arguments, json_t **ret_value, struct err *err)
{
	const char *name = json_string_value(json_object_get(arguments, "file")), *key;
	int64_t offset = json_integer_value(json_object_get(arguments, "offset"));
	auto_free char *directory = NULL, *bytes = NULL;
	auto_close int folder = -1, fd = -1;
	int64_t size, end;
	json_t *value;
	ssize_t n;
	int r = open_folder(state, arguments, &directory, &folder, err);

	if (r == 0)
		r = open_file(folder, name, &fd, &size, err);
	if (r < 0)
		return r;
	if (offset < 0 || offset > size)
		return err_set(err, -EINVAL, "offset: expected 0 to %lld, the size of the file",
			       (long long)size);
	bytes = mem_zalloc(CONTROL_FILE_CHUNK);
	n = read_at(fd, bytes, CONTROL_FILE_CHUNK, offset);
	if (n < 0)
		return err_set_errno(err, errno, "cannot read %s/%s", directory, name);
	end = offset + n;
	value = content(bytes, (size_t)n, &key);
	*ret_value = json_pack("{s:s, s:I, s:I, s:o, s:o}", "file", name, "size", (json_int_t)size,
			       "offset", (json_int_t)offset, key, value, "next",
			       n && end < size ? json_integer(end) : json_null());
	return 0;
}

static int compare_entries(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* The regular files of the folder by name. */
static json_t *list_files(int folder)
{
	struct dirent **entries = NULL;
	json_t *files = json_array();
	int count = scandirat(folder, ".", &entries, is_visible, compare_entries);

	for (int i = 0; i < count; i++) {
		struct stat st;

		if (json_array_size(files) < CONTROL_FILES_MAX &&
		    fstatat(folder, entries[i]->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    S_ISREG(st.st_mode)) {
			json_t *file = json_pack("{s:s, s:I}", "file", entries[i]->d_name, "size",
						 (json_int_t)st.st_size);

			if (file) /* the name is UTF-8 */
				json_array_append_new(files, file);
		}
		free(entries[i]);
	}
	free(entries);
	return files;
}

static int read_manifest(int folder, json_t **ret_manifest, struct err *err)
{
	auto_close int fd = -1;
	auto_free char *text = NULL;
	json_error_t json_err;
	int64_t size;
	ssize_t n;
	int r = open_file(folder, BUNDLE_MANIFEST, &fd, &size, err);

	if (r < 0)
		return r;
	if (size > CONTROL_MANIFEST_MAX)
		return err_set(err, -EFBIG, BUNDLE_MANIFEST " is longer than %d bytes",
			       CONTROL_MANIFEST_MAX);
	text = mem_zalloc((size_t)size + 1);
	n = read_at(fd, text, (size_t)size, 0);
	*ret_manifest = n < 0 ? NULL : json_loadb(text, (size_t)n, 0, &json_err);
	if (!*ret_manifest)
		return err_set(err, -EIO, BUNDLE_MANIFEST ": %s",
			       n < 0 ? strerror(errno) : json_err.text);
	return 0;
}

int read_incident(const char *state, json_t *arguments, json_t **ret_value, struct err *err)
{
	auto_free char *directory = NULL, *path = NULL;
	auto_close int folder = -1;
	struct err no_manifest = { 0 };
	json_t *manifest = NULL;
	int r = open_folder(state, arguments, &directory, &folder, err);

	if (r < 0)
		return r;
	/* Evidence without a manifest is evidence all the same. */
	if (read_manifest(folder, &manifest, &no_manifest) < 0)
		manifest = json_null();
	path = mem_printf("%s/%s", state, directory);
	*ret_value = json_pack("{s:O, s:s, s:o, s:o, s:o}", "incident",
			       json_object_get(arguments, "incident"), "directory", directory,
			       "path", report_json_string(path), "manifest", manifest, "files",
			       list_files(folder));
	return 0;
}
