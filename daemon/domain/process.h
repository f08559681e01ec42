/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What this host knows of a domain's QEMU and libvirt's API does not tell: its process, and what it says on
 * stderr, which libvirt keeps in a log. Nothing of it is there where QEMU runs on another host or belongs to a user
 * into whose processes we may not look.
 */
#ifndef QSOAK_DOMAIN_PROCESS_H
#define QSOAK_DOMAIN_PROCESS_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

#include "base/child.h"

/* The process of our user that was started with this -uuid, of several the newest: a migration's destination has its
 * source's. 0: there is none here. */
pid_t process_find(const char *uuid);

/* A pidfd of the process that process_find() has found, so that its end can be asked for. -1: it has gone, whoever has its
 * number now. */
int process_open(pid_t pid, const char *uuid);

/* How it has ended, which the kernel tells anybody: of a zombie by proc(5), of one that was reaped by its pidfd (Linux
 * 6.15). False: it has not, or nobody knows. */
bool process_ended(int pidfd, pid_t pid, struct child_exit *ret_how);

struct process_log;

/* From now on, what is appended to the log of the domain called name, of the process and of this URI. NULL: it
 * cannot be read. */
struct process_log *process_log_open(pid_t pid, const char *uri, const char *name);

/* Whether QEMU says that somebody has ended it by a signal that it can tell of. */
bool process_log_terminated(struct process_log *log);

/* Prints what QEMU itself has said, at most PROCESS_LOG_MAX bytes from the end. NULL is fine. */
#define PROCESS_LOG_MAX (64 * 1024)
void process_log_print(struct process_log *log, FILE *out);

#endif
