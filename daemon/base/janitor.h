/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The janitor: a process that removes a folder when its parent has gone, however it went.
 *
 * Processes and shared memory vanish with qsoakd by themselves; images and sockets in the file
 * system do not, and a qsoakd that is killed cannot remove them.
 */
#ifndef QSOAK_BASE_JANITOR_H
#define QSOAK_BASE_JANITOR_H

#include "base/err.h"

/* For so long the janitor tries to empty a folder in which dying QEMUs may still write. */
#define JANITOR_LIMIT_NS (2 * CLOCK_NS_PER_S)

struct janitor;

/* Forks; call it before any thread exists. folder is an absolute path. keep_fd, if it is not -1, stays
 * open in the janitor until its work is done: a lock that keeps others out of the folder. kill_fd, likewise, is a
 * cgroup.kill: before all else what still runs in that control group is killed. */
int janitor_start(const char *folder, int keep_fd, int kill_fd, struct janitor **ret_janitor,
		  struct err *err);

/* Lets the folder be removed, waits for that (at most JANITOR_LIMIT_NS and a bit), reaps; NULL is
 * fine. */
void janitor_finish(struct janitor *janitor);

#endif
