// SPDX-License-Identifier: GPL-2.0-or-later
/* mkdir -p and rm -r, and the folders of a unit. */
#include "base/folder.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/log.h"
#include "base/mem.h"

#define FOLDER_FDS_MAX 16

int folder_make(const char *path, mode_t mode, struct err *err)
{
	auto_free char *part = mem_strdup(path);
	struct stat st;

	if (!*path)
		return err_set(err, -EINVAL, "a folder has no name");
	for (char *slash = part + 1;; slash++) {
		char end = *slash;

		if (end != '/' && end != '\0')
			continue;
		*slash = '\0';
		/* The umask is for others: a mode that was asked for is what it gets. */
		if (mkdir(part, mode) == 0 ? chmod(part, mode) < 0 : errno != EEXIST)
			return err_set_errno(err, errno, "cannot make %s", part);
		if (stat(part, &st) < 0 || !S_ISDIR(st.st_mode))
			return err_set_errno(err, ENOTDIR, "cannot make %s", part);
		*slash = end;
		if (end == '\0')
			return 0;
	}
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *where)
{
	(void)st;
	(void)type;
	(void)where;
	if (remove(path) < 0 && errno != ENOENT)
		log_warning("cannot remove %s: %s", path, strerrordesc_np(errno));
	return 0;
}

void folder_remove(const char *path)
{
	nftw(path, remove_entry, FOLDER_FDS_MAX, FTW_DEPTH | FTW_MOUNT | FTW_PHYS);
}

char *folder_of_unit(const char *variable)
{
	const char *folders = getenv(variable);

	return folders && *folders == '/' ? mem_strndup(folders, strcspn(folders, ":")) : NULL;
}
