/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What identifies a program file, and which file it is that a process really runs. */
#ifndef QSOAK_VM_IDENTITY_H
#define QSOAK_VM_IDENTITY_H

#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>

#include "base/err.h"

struct build_spec;

struct identity {
	/* as stat(2) says it, to see cheaply that nothing has changed */
	dev_t dev;
	ino_t ino;
	off_t size;
	struct timespec mtime;

	char *build_id;	 /* GNU build-id in hex; NULL where there is none */
	char *sha256;	 /* in hex */
	char *libraries; /* that it is linked with, sorted, by spaces; NULL: none, or not known */
};

/* Reads all of the file behind fd; path is for error texts. */
int identity_read(int fd, const char *path, struct identity *ret_identity, struct err *err);
void identity_finish(struct identity *identity);

/* Whether the process is a QEMU that was started for spec with ram_fd as its RAM, and not a program
 * that started one as its own child; err says what it is. */
int identity_check_exec(pid_t pid, int ram_fd, const struct build_spec *spec, struct err *err);

/* Opens the file that the process runs as binary: what stands at that path for the process (it may
 * live in a chroot), if it has that mapped; otherwise its executable. So of a QEMU below valgrind it is
 * QEMU, and of one that a script has become, too. */
int identity_open_running(pid_t pid, const char *binary, int *ret_fd, struct err *err);

/* Whether that file is the one that was identified, or has the same content; err says what it was and
 * what it is. Reads it only if stat(2) says that it is another one. */
int identity_compare(const struct identity *identity, int fd, struct err *err);

#endif
