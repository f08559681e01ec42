/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Folders: made with their parents, removed with their content. */
#ifndef QSOAK_BASE_FOLDER_H
#define QSOAK_BASE_FOLDER_H

#include <sys/types.h>

#include "base/err.h"

/* Makes path and what is missing above it with mode, whatever the umask; fine if it is there. */
int folder_make(const char *path, mode_t mode, struct err *err);

/* Removes path and all below it, following no link and crossing into no other file system. What
 * cannot be removed stays; the log says so. */
void folder_remove(const char *path);

/* The first of the folders that an environment variable names as the service manager does (systemd.exec(5)), separated
 * by colons, or NULL. The caller frees. */
char *folder_of_unit(const char *variable);

#endif
