// SPDX-License-Identifier: GPL-2.0-or-later
/* Writing files that appear whole. */
#include "base/publish.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

static int open_new(const char *path)
{
	int flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC;
	int fd = open(path, flags, 0666);

	/* A process of our number died over it. */
	if (fd < 0 && errno == EEXIST && unlink(path) == 0)
		fd = open(path, flags, 0666);
	return fd;
}

/* /dev/stdout and its like may be a regular file, which is another's: nothing of it may be lost. /dev/shm is
 * a folder as any other. */
static bool is_special(const char *path)
{
	return (!strncmp(path, "/dev/", 5) && strncmp(path, "/dev/shm/", 9)) ||
	       !strncmp(path, "/proc/", 6);
}

int publish_begin(const char *path, const char *what, struct publish *ret_publish, struct err *err)
{
	struct publish publish = { 0 };
	struct stat st;
	bool there = stat(path, &st) == 0,
	     regular = there && S_ISREG(st.st_mode) && !is_special(path);
	auto_close int fd = -1;

	if (there && S_ISDIR(st.st_mode))
		return err_set(err, -EINVAL, "cannot write %s %s: it is a folder", what, path);
	publish.path = regular ? realpath(path, NULL) : mem_strdup(path);
	if (publish.path && (regular || !there)) {
		publish.temporary = mem_printf("%s.%ld.new", publish.path, (long)getpid());
		fd = open_new(publish.temporary);
		if (fd >= 0 && regular && fchmod(fd, st.st_mode & 0777) < 0)
			fd_close(&fd);
	} else if (publish.path) {
		fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
	}
	publish.out = fd < 0 ? NULL : fdopen(fd_steal(&fd), "w");
	if (!publish.out) {
		err_set_errno(err, errno, "cannot write %s %s", what, path);
		free(publish.path);
		free(publish.temporary);
		return err->code = -EINVAL;
	}
	*ret_publish = publish;
	return 0;
}

int publish_end(struct publish *publish, struct err *err)
{
	int code = 0;

	errno = 0;
	if (fflush(publish->out) || ferror(publish->out) ||
	    (publish->temporary && fsync(fileno(publish->out)) < 0))
		code = errno ? errno : EIO;
	if (fclose(mem_steal(publish->out)) && !code)
		code = errno;
	if (!code && publish->temporary && rename(publish->temporary, publish->path) < 0)
		code = errno;
	if (!code) {
		free(publish->temporary);
		publish->temporary = NULL;
	} else {
		err_set_errno(err, code, "cannot write %s", publish->path);
	}
	publish_cancel(publish);
	return code ? err->code : 0;
}

void publish_cancel(struct publish *publish)
{
	if (publish->out)
		fclose(publish->out);
	if (publish->temporary)
		unlink(publish->temporary);
	free(publish->temporary);
	free(publish->path);
	*publish = (struct publish){ 0 };
}
