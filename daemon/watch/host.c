// SPDX-License-Identifier: GPL-2.0-or-later
/* Samples of the host, and what they say about a time span. */
#include "watch/host.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>

#include "base/clock.h"
#include "base/deadline.h"
#include "base/mem.h"

#define SAMPLE_NS CLOCK_NS_PER_S

/* What qcow2 takes at once, and then some. */
#define FULL_BYTES (1 << 20)

struct host {
	struct ev_loop *loop;
	struct deadline next;
	struct host_history history;
};

/* "cpu  user nice system idle iowait irq softirq steal guest guest_nice"; guest is part of user. */
void host_parse_stat(const char *text, struct host_sample *sample)
{
	unsigned long long t[8] = { 0 };

	if (sscanf(text, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &t[0], &t[1], &t[2], &t[3],
		   &t[4], &t[5], &t[6], &t[7]) != 8)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(t); i++)
		sample->total += t[i];
	sample->stolen = t[7];
}

void host_parse_vmstat(const char *text, struct host_sample *sample)
{
	const char *line = strstr(text, "\noom_kill ");
	unsigned long long kills;

	if (line && sscanf(line, "\noom_kill %llu", &kills) == 1)
		sample->oom_kills = kills;
}

void host_remember(struct host_history *history, const struct host_sample *sample)
{
	history->samples[history->count++ % HOST_SAMPLES] = *sample;
}

/* The last sample that is not after since_ns, else the oldest; NULL if there is none. */
static const struct host_sample *sample_at(const struct host_history *history, int64_t since_ns)
{
	uint64_t oldest = history->count > HOST_SAMPLES ? history->count - HOST_SAMPLES : 0;

	for (uint64_t i = history->count; i > oldest; i--) {
		const struct host_sample *sample = &history->samples[(i - 1) % HOST_SAMPLES];

		if (sample->at_ns <= since_ns || i - 1 == oldest)
			return sample;
	}
	return NULL;
}

unsigned host_stolen(const struct host_history *history, int64_t since_ns,
		     const struct host_sample *now)
{
	const struct host_sample *then = sample_at(history, since_ns);

	if (!then || now->total <= then->total || now->stolen < then->stolen)
		return 0;
	return (unsigned)((now->stolen - then->stolen) * 100 / (now->total - then->total));
}

uint64_t host_oom_kills(const struct host_history *history, int64_t since_ns,
			const struct host_sample *now)
{
	const struct host_sample *then = sample_at(history, since_ns);

	return then && now->oom_kills > then->oom_kills ? now->oom_kills - then->oom_kills : 0;
}

/* At most size - 1 bytes; "" if it cannot be read. */
static void read_file(const char *path, char *text, size_t size)
{
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t used = 0;
	ssize_t n = 0;

	while (fd >= 0 && used < size - 1 && (n = read(fd, text + used, size - 1 - used)) > 0)
		used += (size_t)n;
	text[used] = '\0';
}

static struct host_sample sample_now(void)
{
	struct host_sample sample = { .at_ns = clock_now_ns() };
	char text[16384];

	/* The sum of all CPUs is the first line. */
	read_file("/proc/stat", text, 512);
	host_parse_stat(text, &sample);
	read_file("/proc/vmstat", text, sizeof(text));
	host_parse_vmstat(text, &sample);
	return sample;
}

static void take_sample(void *ctx)
{
	struct host *host = ctx;
	struct host_sample sample = sample_now();

	host_remember(&host->history, &sample);
	deadline_start(host->loop, &host->next, SAMPLE_NS);
}

struct host *host_new(struct ev_loop *loop)
{
	struct host *host = mem_new(struct host);

	host->loop = loop;
	deadline_init(&host->next, take_sample, host);
	take_sample(host);
	return host;
}

void host_free(struct host *host)
{
	if (!host)
		return;
	deadline_stop(host->loop, &host->next);
	free(host);
}

unsigned host_stolen_since(const struct host *host, int64_t since_ns)
{
	struct host_sample now;

	if (!host)
		return 0;
	now = sample_now();
	return host_stolen(&host->history, since_ns, &now);
}

bool host_oom_killed_since(const struct host *host, int64_t since_ns)
{
	struct host_sample now;

	if (!host)
		return false;
	now = sample_now();
	return host_oom_kills(&host->history, since_ns, &now) > 0;
}

bool host_words_of_full_disk(const char *text)
{
	/* As QEMU prints them, whose locale is C. */
	return strstr(text, "No space left on device") || strstr(text, "Disk quota exceeded");
}

bool host_disk_full(const char *path)
{
	struct statvfs fs;

	/* Some file systems count nothing. */
	return statvfs(path, &fs) == 0 && fs.f_blocks &&
	       (uint64_t)fs.f_bavail * fs.f_frsize < FULL_BYTES;
}
