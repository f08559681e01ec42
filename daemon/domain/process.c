// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The log is opened through /proc/PID/root, since libvirtd and its QEMUs may have a file system of their own, and
 * while QEMU lives: later there is no such way. Where it lies: libvirt, src/qemu/qemu_conf.c and
 * docs/drvqemu.rst.
 */
#include "domain/process.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"

/* More than QEMU's longest command line here. */
#define COMMAND_LINE_MAX (256 * 1024)
#define STAT_MAX 4096

struct process_log {
	int fd;
	off_t begin;
};

/* Anybody may start something with any -uuid; QEMU runs as our user. */
static bool is_ours(const char *number)
{
	auto_free char *path = mem_printf("/proc/%s", number);
	struct stat st;

	return stat(path, &st) == 0 && st.st_uid == geteuid();
}

static bool is_started_with(const char *number, const char *uuid)
{
	auto_free char *path = mem_printf("/proc/%s/cmdline", number);
	auto_free char *text = NULL;
	struct err err = { 0 };
	size_t size;

	if (file_read_bytes(path, COMMAND_LINE_MAX, &text, &size, &err) < 0)
		return false;
	for (size_t at = 0; at < size; at += strlen(text + at) + 1) {
		size_t next = at + strlen(text + at) + 1;

		if (!strcmp(text + at, "-uuid") && next < size && !strcmp(text + next, uuid))
			return true;
	}
	return false;
}

/* In ticks since the host's boot: field 22 of proc(5)'s stat, the 20th behind the name. 0: it has gone. */
static unsigned long long start_of(const char *number)
{
	auto_free char *path = mem_printf("/proc/%s/stat", number);
	auto_free char *text = NULL;
	struct err err = { 0 };
	size_t size;
	char *at;

	if (file_read_bytes(path, STAT_MAX, &text, &size, &err) < 0)
		return 0;
	at = memrchr(text, ')', size);
	for (int field = 2; at && field < 22; field++)
		at = strchr(at + 1, ' ');
	return at ? strtoull(at, NULL, 10) : 0;
}

pid_t process_find(const char *uuid)
{
	unsigned long long newest = 0;
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	pid_t pid = 0;

	while (proc && (entry = readdir(proc))) {
		unsigned long long start;

		if (!isdigit((unsigned char)*entry->d_name) || !is_ours(entry->d_name) ||
		    !is_started_with(entry->d_name, uuid))
			continue;
		start = start_of(entry->d_name);
		if (start < newest || !start)
			continue;
		newest = start;
		pid = (pid_t)strtol(entry->d_name, NULL, 10);
	}
	if (proc)
		closedir(proc);
	return pid;
}

/* The folder, as its QEMU sees it; the caller frees. NULL: not known. */
static char *log_folder(const char *uri)
{
	const char *path = strstr(uri, "://"), *cache = getenv("XDG_CACHE_HOME");
	const char *root = strstr(uri, "root=");

	path = path ? strchr(path + 3, '/') : NULL;
	if (!path)
		return NULL;
	if (!strncmp(path, "/system", 7))
		return mem_strdup("/var/log/libvirt/qemu");
	if (!strncmp(path, "/embed", 6) && root)
		return mem_printf("%.*s/log/qemu", (int)strcspn(root + 5, "&"), root + 5);
	if (!strncmp(path, "/session", 8))
		return cache ? mem_printf("%s/libvirt/qemu/log", cache)
			     : mem_printf("%s/.cache/libvirt/qemu/log", getenv("HOME") ?: "");
	return NULL;
}

int process_open(pid_t pid, const char *uuid)
{
	auto_free char *number = mem_printf("%d", (int)pid);
	auto_close int fd = pid > 0 ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;

	/* The descriptor is of whoever has the number now, and so is what is read of it after that. */
	return fd >= 0 && is_ours(number) && is_started_with(number, uuid) ? fd_steal(&fd) : -1;
}

/* Linux, include/uapi/linux/pidfd.h; older headers do not have it. */
struct pidfd_exit_info {
	uint64_t mask, cgroupid;
	uint32_t ids[11];
	int32_t exit_code; /* as of wait(2) */
};
#define PIDFD_GET_EXIT_INFO _IOWR(0xff, 11, struct pidfd_exit_info)
#define PIDFD_EXIT_KNOWN (1u << 3)

static bool reaped_status(int pidfd, int *ret_status)
{
	struct pidfd_exit_info info = { .mask = PIDFD_EXIT_KNOWN };

	if (ioctl(pidfd, PIDFD_GET_EXIT_INFO, &info) < 0 || !(info.mask & PIDFD_EXIT_KNOWN))
		return false;
	*ret_status = info.exit_code;
	return true;
}

/* proc(5): the state is the first field behind the name, the status the last one of all. */
static bool zombie_status(int pidfd, pid_t pid, int *ret_status)
{
	auto_free char *path = mem_printf("/proc/%d/stat", (int)pid);
	auto_free char *text = NULL;
	struct err err = { 0 };
	const char *state, *last;
	size_t size;

	if (file_read_bytes(path, STAT_MAX, &text, &size, &err) < 0)
		return false;
	state = memrchr(text, ')', size);
	last = strrchr(text, ' ');
	/* The number may be another process's by now, but not that of the descriptor. */
	if (!state || !last || (state[2] != 'Z' && state[2] != 'X') ||
	    syscall(SYS_pidfd_send_signal, pidfd, 0, NULL, 0) < 0)
		return false;
	*ret_status = (int)strtol(last, NULL, 10);
	return true;
}

bool process_ended(int pidfd, pid_t pid, struct child_exit *ret_how)
{
	int status;

	if (!reaped_status(pidfd, &status) && !zombie_status(pidfd, pid, &status))
		return false;
	*ret_how = WIFSIGNALED(status) ? (struct child_exit){ .status = -1,
							      .signal = WTERMSIG(status),
							      .core_dumped = WCOREDUMP(status) }
				       : (struct child_exit){ .status = WEXITSTATUS(status) };
	return true;
}

struct process_log *process_log_open(pid_t pid, const char *uri, const char *name)
{
	auto_free char *folder = log_folder(uri), *path = NULL;
	auto_close int fd = -1;
	struct process_log *log;

	if (!pid || !folder)
		return NULL;
	path = mem_printf("/proc/%d/root%s/%s.log", (int)pid, folder, name);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* it may be no file */
	if (fd < 0)
		return NULL;
	log = mem_new(struct process_log);
	log->begin = lseek(fd, 0, SEEK_END);
	log->fd = fd_steal(&fd);
	return log;
}

/* libvirt's own lines begin with a time and its zone: "2026-11-26 21:25:10.418+0000: shutting down". */
static bool is_libvirts(const char *line)
{
	static const char shape[] = "dddd-dd-dd dd:dd:dd.ddd+dddd: ";

	for (size_t i = 0; shape[i]; i++)
		if (shape[i] == 'd' ? !isdigit((unsigned char)line[i]) : line[i] != shape[i])
			return false;
	return true;
}

/* From the log's begin on, the last bytes of it; the caller frees. NULL: there is nothing. */
static char *read_log(struct process_log *log, size_t *ret_size)
{
	off_t end = log ? lseek(log->fd, 0, SEEK_END) : 0;
	char *text;
	ssize_t n;

	if (!log || end <= log->begin)
		return NULL;
	if (end - log->begin > PROCESS_LOG_MAX)
		log->begin = end - PROCESS_LOG_MAX;
	text = mem_zalloc((size_t)(end - log->begin) + 1);
	n = pread(log->fd, text, (size_t)(end - log->begin), log->begin);
	*ret_size = n > 0 ? (size_t)n : 0;
	return text;
}

/* QEMU, os-posix.c and softmmu/runstate.c: "terminating on signal 15 from pid 7 (libvirtd)". */
bool process_log_terminated(struct process_log *log)
{
	size_t size = 0;
	auto_free char *text = read_log(log, &size);

	return text && strstr(text, ": terminating on signal ");
}

void process_log_print(struct process_log *log, FILE *out)
{
	size_t size = 0;
	auto_free char *text = read_log(log, &size);

	for (char *line = text; line && line < text + size;) {
		char *next = line + strcspn(line, "\n");

		*next = '\0';
		if (*line && !is_libvirts(line))
			fprintf(out, "%s\n", line);
		line = next + 1;
	}
}
