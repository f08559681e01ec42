/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host's own faults: what goes wrong on it says nothing about a build.
 *
 * One sampler for all VMs reads /proc/stat and /proc/vmstat once a second.
 */
#ifndef QSOAK_WATCH_HOST_H
#define QSOAK_WATCH_HOST_H

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>

/* How far back it remembers. */
#define HOST_SAMPLES 600

/* CPU time that hypervisors may take from us, in percent, while a hang is one of QEMU's own. */
#define HOST_STOLEN_MAX_DEFAULT 50

struct host_sample {
	int64_t at_ns;		/* CLOCK_MONOTONIC */
	uint64_t total, stolen; /* CPU time of all CPUs, in ticks */
	uint64_t oom_kills;
};

/* Counters that the text does not have stay 0. */
void host_parse_stat(const char *text, struct host_sample *sample);
void host_parse_vmstat(const char *text, struct host_sample *sample);

struct host_history {
	struct host_sample samples[HOST_SAMPLES];
	uint64_t count; /* ever */
};

void host_remember(struct host_history *history, const struct host_sample *sample);

/* What has happened from since_ns (or as far back as is known) to now: percent of the CPU time that
 * was stolen, and processes that the kernel killed for want of memory. */
unsigned host_stolen(const struct host_history *history, int64_t since_ns,
		     const struct host_sample *now);
uint64_t host_oom_kills(const struct host_history *history, int64_t since_ns,
			const struct host_sample *now);

struct host;

struct host *host_new(struct ev_loop *loop);
void host_free(struct host *host);

/* The same, of this host, until now. host NULL: nothing is known, so nothing has happened. */
unsigned host_stolen_since(const struct host *host, int64_t since_ns);
bool host_oom_killed_since(const struct host *host, int64_t since_ns);

/* Whether a message says that a disk or a quota is full. */
bool host_words_of_full_disk(const char *text);

/* Whether the file system of path has no room for an image to grow. */
bool host_disk_full(const char *path);

#endif
