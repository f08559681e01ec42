// SPDX-License-Identifier: GPL-2.0-or-later
/* Reading small files, and finding them by their suffix. */
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

/* Whatever keeps it from being read, the user has named it. */
static int cannot(const char *verb, const char *path, const char *what, struct err *err)
{
	err_set_errno(err, errno, "cannot %s %s %s", verb, what, path);
	return err->code = -EINVAL;
}

static int read_bytes(const char *path, const char *what, size_t max, char **ret_bytes,
		      size_t *ret_size, struct err *err)
{
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	auto_free char *bytes = NULL;
	struct stat st;
	size_t size = 0, room;
	ssize_t n = 1;

	if (fd < 0 || fstat(fd, &st) < 0)
		return cannot("open", path, what, err);
	/* A pipe has no end that one could wait for. */
	if (!S_ISREG(st.st_mode))
		return err_set(err, -EINVAL, "cannot read %s %s: not a regular file", what, path);
	if (st.st_size > (off_t)max)
		return err_set(err, -EINVAL, "%s: longer than %zu bytes: not %s", path, max, what);
	/* What /proc has says it is empty. */
	room = st.st_size ? (size_t)st.st_size : max;
	bytes = mem_zalloc(room + 2);
	while (n > 0 && size <= room) {
		n = read(fd, bytes + size, room + 1 - size);
		if (n < 0)
			return cannot("read", path, what, err);
		size += (size_t)n;
	}
	if (size > room)
		return err_set(err, -EINVAL, "%s: longer than %zu bytes: not %s", path, room, what);
	*ret_bytes = mem_steal(bytes);
	*ret_size = size;
	return 0;
}

int file_read(const char *path, const char *what, size_t max, char **ret_text, size_t *ret_size,
	      struct err *err)
{
	auto_free char *text = NULL;
	size_t size;
	int r = read_bytes(path, what, max, &text, &size, err);

	if (r < 0)
		return r;
	if (memchr(text, '\0', size))
		return err_set(err, -EINVAL, "%s: has a NUL byte: not text", path);
	*ret_text = mem_steal(text);
	*ret_size = size;
	return 0;
}

int file_read_bytes(const char *path, size_t max, char **ret_bytes, size_t *ret_size,
		    struct err *err)
{
	return read_bytes(path, "the file", max, ret_bytes, ret_size, err);
}

/* Where in name the suffix begins, or NULL. */
static const char *find_suffix(const char *name, const char *suffix)
{
	size_t length = strlen(name), behind = strlen(suffix);
	const char *at = name + length - behind;

	return length > behind && name[0] != '.' && !strcmp(at, suffix) ? at : NULL;
}

int file_names(const char *folder, const char *what, const char *suffix, char ***ret_names,
	       size_t *ret_count, struct err *err)
{
	struct dirent **entries = NULL;
	int count = scandir(folder, &entries, NULL, alphasort);
	char **names;
	size_t found = 0;

	if (count < 0)
		return err_set_errno(err, errno, "cannot list %s in %s", what, folder);
	names = mem_zalloc(((size_t)count + 1) * sizeof(*names));
	for (int i = 0; i < count; i++) {
		const char *name = entries[i]->d_name, *end = find_suffix(name, suffix);

		if (end)
			names[found++] = mem_strndup(name, (size_t)(end - name));
		free(entries[i]);
	}
	free(entries);
	*ret_names = names;
	*ret_count = found;
	return 0;
}

void file_names_free(char **names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(names[i]);
	free(names);
}
