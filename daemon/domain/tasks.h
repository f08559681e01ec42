/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Queues of tasks between the loop, which never blocks, and threads, which call libvirt. */
#ifndef QSOAK_DOMAIN_TASKS_H
#define QSOAK_DOMAIN_TASKS_H

#include <ev.h>

struct tasks;

/* Done in their order by a thread of its own, or by the loop. Both live as long as the process. */
struct tasks *tasks_of_thread(void);
struct tasks *tasks_of_loop(struct ev_loop *loop);

/* From any thread; fn owns what ctx points to. */
void tasks_add(struct tasks *tasks, void (*fn)(void *ctx), void *ctx);

#endif
