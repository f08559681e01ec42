// SPDX-License-Identifier: GPL-2.0-or-later
/* A file whose blocks are allocated. */
#include "store/ballast.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/mem.h"

int ballast_take(const char *path, struct err *err)
{
	auto_close int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	int64_t bytes = BALLAST_BYTES, part;
	struct statvfs disk;
	int r;

	if (fd < 0 || fstatvfs(fd, &disk) < 0)
		return err_set_errno(err, errno, "%s: cannot keep space for the store", path);
	part = (int64_t)(disk.f_blocks / BALLAST_PART) * (int64_t)disk.f_frsize;
	r = posix_fallocate(fd, 0, bytes < part ? bytes : part);
	if (!r)
		return 0;
	if (ftruncate(fd, 0) < 0)
		r = errno;
	return err_set_errno(err, r, "%s: cannot keep space for the store", path);
}

void ballast_drop(const char *path)
{
	/* Truncated first: an unlinked file may be open somewhere. */
	if (truncate(path, 0) == 0)
		unlink(path);
}
