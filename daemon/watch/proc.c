// SPDX-License-Identifier: GPL-2.0-or-later
/* Reading /proc/PID/task, proc(5). */
#include "watch/proc.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

#include "base/mem.h"

/* "" where it cannot be read. */
static void read_path(int folder_fd, const char *path, char *text, size_t size)
{
	auto_close int fd = openat(folder_fd, path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, size - 1);

	text[n > 0 ? n : 0] = '\0';
}

static void read_file(int task_fd, pid_t tid, const char *name, char *text, size_t size)
{
	char path[64];

	snprintf(path, sizeof(path), "%d/%s", tid, name);
	read_path(task_fd, path, text, size);
}

static bool read_thread(int task_fd, pid_t tid, struct proc_thread *thread)
{
	char text[1024], *open_paren, *close_paren;
	unsigned long user, system;

	read_file(task_fd, tid, "stat", text, sizeof(text));
	/* The name is in parentheses and may hold parentheses itself. */
	open_paren = strchr(text, '(');
	close_paren = strrchr(text, ')');
	if (!open_paren || !close_paren || close_paren < open_paren)
		return false;
	*thread = (struct proc_thread){ .tid = tid, .syscall = -1 };
	snprintf(thread->name, sizeof(thread->name), "%.*s", (int)(close_paren - open_paren - 1),
		 open_paren + 1);
	if (sscanf(close_paren + 1, " %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
		   &thread->state, &user, &system) != 3)
		return false;
	thread->cpu_ticks = user + system;

	read_file(task_fd, tid, "wchan", text, sizeof(text));
	if (strcmp(text, "0"))
		snprintf(thread->wchan, sizeof(thread->wchan), "%.63s", text);
	read_file(task_fd, tid, "syscall", text, sizeof(text));
	if (sscanf(text, "%ld %" SCNx64 " %" SCNx64 " %" SCNx64 " %" SCNx64 " %" SCNx64 " %" SCNx64,
		   &thread->syscall, &thread->args[0], &thread->args[1], &thread->args[2],
		   &thread->args[3], &thread->args[4], &thread->args[5]) < 1)
		thread->syscall = -1;
	return true;
}

size_t proc_threads(pid_t pid, struct proc_thread **ret_threads)
{
	struct proc_thread *threads = NULL;
	struct dirent *entry;
	size_t count = 0;
	char path[64];
	DIR *task;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	task = opendir(path);
	if (!task)
		return 0;
	while (count < PROC_THREADS_MAX && (entry = readdir(task))) {
		struct proc_thread thread;

		if (entry->d_name[0] == '.' ||
		    !read_thread(dirfd(task), (pid_t)atoi(entry->d_name), &thread))
			continue;
		threads = mem_realloc(threads, count + 1, sizeof(thread));
		threads[count] = thread;
		if (thread.tid == pid) {
			threads[count] = threads[0];
			threads[0] = thread;
		}
		count++;
	}
	closedir(task);
	if (count)
		*ret_threads = threads;
	return count;
}

/* -1 when the process has gone. */
static int open_task(pid_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

bool proc_thread(pid_t pid, pid_t tid, struct proc_thread *ret_thread)
{
	auto_close int task = open_task(pid);

	return task >= 0 && read_thread(task, tid, ret_thread);
}

int64_t proc_run_delay_ns(pid_t pid, pid_t tid)
{
	char text[128], name[64];
	long long delay;

	/* Asked of every QEMU twice a second: by one open. */
	snprintf(name, sizeof(name), "/proc/%d/task/%d/schedstat", pid, tid);
	read_path(AT_FDCWD, name, text, sizeof(text));
	return sscanf(text, "%*u %lld", &delay) == 1 ? delay : 0;
}

bool proc_dumps_core(pid_t pid)
{
	auto_close int task = open_task(pid);
	char text[4096];

	if (task < 0)
		return false;
	read_file(task, pid, "status", text, sizeof(text));
	return strstr(text, "\nCoreDumping:\t1\n");
}

int64_t proc_descriptors(pid_t pid)
{
	struct dirent *entry;
	int64_t count = 0;
	char path[64];
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	dir = opendir(path);
	if (!dir)
		return -1;
	while ((entry = readdir(dir)))
		count += entry->d_name[0] != '.';
	closedir(dir);
	return count;
}

int64_t proc_own_bytes(pid_t pid)
{
	auto_close int task = open_task(pid);
	char text[256];
	long long resident, shared;

	if (task < 0)
		return -1;
	read_file(task, pid, "statm", text, sizeof(text));
	if (sscanf(text, "%*d %lld %lld", &resident, &shared) != 2)
		return -1;
	return (resident - shared) * sysconf(_SC_PAGESIZE);
}

bool proc_thread_halted(const struct proc_thread *thread)
{
	return thread->state == 'T' || thread->state == 't' || thread->state == 'D';
}

bool proc_thread_in_futex(const struct proc_thread *thread)
{
	return thread->syscall == SYS_futex || strstr(thread->wchan, "futex");
}
