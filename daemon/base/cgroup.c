// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: a folder of the file system of control groups is a group, and its files are its
 * knobs. Processes may only be in leaves, once controllers are passed on; so we leave our own first. A group
 * can be removed when no process is in it any more, not even a zombie that nobody has reaped.
 */
#include "base/cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/names.h"

#define KNOB_MAX 4096
#define MOUNTS_MAX (1 << 20)

struct cgroups {
	char *ours; /* path */
	int fd;	    /* of OURS */
	int fleet_fd, kill_fd;
	bool has[CGROUP_CONTROLLER_COUNT];
};

struct cgroup {
	struct cgroups *cgroups;
	char *name;
	int fd, procs_fd;
};

static const char *const controller_names[] = {
	[CGROUP_MEMORY] = "memory",
	[CGROUP_CPU] = "cpu",
	[CGROUP_PIDS] = "pids",
};
NAMES_COMPLETE(controller_names, CGROUP_CONTROLLER_COUNT);

const char *cgroup_controller_name(enum cgroup_controller controller)
{
	return controller_names[controller];
}

/* "" if it cannot be read. */
static void read_knob(int fd, const char *knob, char text[KNOB_MAX])
{
	auto_close int file = openat(fd, knob, O_RDONLY | O_CLOEXEC);
	ssize_t n = file < 0 ? -1 : read(file, text, KNOB_MAX - 1);

	text[n > 0 ? n : 0] = '\0';
}

static int write_knob(int fd, const char *knob, const char *text, struct err *err)
{
	auto_close int file = openat(fd, knob, O_WRONLY | O_CLOEXEC);
	size_t size = strlen(text);

	if (file < 0 || write(file, text, size) != (ssize_t)size)
		return err_set_errno(err, errno, "cannot write %s to %s", text, knob);
	return 0;
}

static int open_folder(int fd, const char *name)
{
	return openat(fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
}

static bool has_word(const char *text, const char *word)
{
	size_t length = strlen(word);

	for (; *text; text += strcspn(text, " \n"), text += strspn(text, " \n"))
		if (strcspn(text, " \n") == length && !strncmp(text, word, length))
			return true;
	return false;
}

/* The value of a line "key value"; 0 where there is none. */
static unsigned long long count_of(const char *text, const char *key)
{
	size_t length = strlen(key);

	for (; *text; text += strcspn(text, "\n"), text += *text == '\n')
		if (!strncmp(text, key, length) && text[length] == ' ')
			return strtoull(text + length, NULL, 10);
	return 0;
}

/* What is killed goes at once, but for threads in D state. A change is told to the descriptor that has read. */
static bool await_empty(int fd)
{
	auto_close int events = openat(fd, "cgroup.events", O_RDONLY | O_CLOEXEC);
	int64_t end_ns = clock_now_ns() + CGROUP_GONE_LIMIT_NS;
	char text[KNOB_MAX];

	for (;;) {
		struct pollfd changed = { .fd = events, .events = POLLPRI };
		ssize_t n = pread(events, text, sizeof(text) - 1, 0);
		int64_t left_ns = end_ns - clock_now_ns();

		text[n > 0 ? n : 0] = '\0';
		if (n < 0 || !count_of(text, "populated"))
			return n >= 0;
		if (left_ns <= 0)
			return false;
		poll(&changed, 1, (int)(left_ns / CLOCK_NS_PER_MS) + 1);
	}
}

/* All groups below fd, the deepest first. */
static void remove_below(int fd)
{
	int copy = open_folder(fd, ".");
	DIR *dir = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		auto_close int below = -1;

		if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
			continue;
		below = open_folder(fd, entry->d_name);
		if (below < 0)
			continue;
		remove_below(below);
		if (unlinkat(fd, entry->d_name, AT_REMOVEDIR) < 0 && errno != ENOENT)
			log_warning("cannot remove the control group %s: %s", entry->d_name,
				    strerrordesc_np(errno));
	}
	if (dir)
		closedir(dir);
}

/* Ends all that is in the group fd and below it. */
static void kill_all(int fd)
{
	struct err err = { 0 };

	if (write_knob(fd, "cgroup.kill", "1", &err) == 0 && !await_empty(fd))
		log_warning("processes of a control group survive SIGKILL");
}

static void kill_and_remove(int parent, const char *name)
{
	auto_close int fd = open_folder(parent, name);

	if (fd < 0)
		return;
	kill_all(fd);
	remove_below(fd);
	if (unlinkat(parent, name, AT_REMOVEDIR) < 0)
		log_warning("cannot remove the control group %s: %s", name, strerrordesc_np(errno));
}

/* The path behind "0::" in /proc/self/cgroup; NULL: there is none. The caller frees. */
static char *own_path(const char *proc_self)
{
	auto_free char *file = mem_printf("%s/cgroup", proc_self);
	auto_free char *text = NULL;
	struct err ignored = { 0 };
	size_t size;

	if (file_read(file, "cgroup", MOUNTS_MAX, &text, &size, &ignored) < 0)
		return NULL;
	for (char *line = text; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
		if (!strncmp(line, "0::/", 4))
			return mem_strndup(line + 3, strcspn(line + 3, "\n"));
	return NULL;
}

/* Where the file system of control groups is mounted, and which of them is at its top; the caller frees both. */
static bool find_mount(const char *proc_self, char **ret_mount, char **ret_top)
{
	auto_free char *file = mem_printf("%s/mountinfo", proc_self);
	auto_free char *text = NULL;
	struct err ignored = { 0 };
	char *rest = NULL;
	size_t size;

	if (file_read(file, "mountinfo", MOUNTS_MAX, &text, &size, &ignored) < 0)
		return false;
	for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		auto_free char *top = mem_zalloc(strlen(line) + 1);
		auto_free char *mount = mem_zalloc(strlen(line) + 1);

		/* "ID PARENT MAJOR:MINOR TOP MOUNT OPTIONS... - TYPE SOURCE OPTIONS" */
		if (!strstr(line, " - cgroup2 ") ||
		    sscanf(line, "%*s %*s %*s %s %s", top, mount) != 2)
			continue;
		*ret_top = mem_steal(top);
		*ret_mount = mem_steal(mount);
		return true;
	}
	return false;
}

/* Of a group that is not there, or not to be seen from here: NULL. */
static char *own_folder(const char *proc_self)
{
	auto_free char *path = own_path(proc_self), *mount = NULL, *top = NULL;
	size_t length;

	if (!path || !find_mount(proc_self, &mount, &top))
		return NULL;
	length = strcmp(top, "/") ? strlen(top) : 0;
	if (strncmp(path, top, length) || (path[length] && path[length] != '/') ||
	    strstr(path, "/.."))
		return NULL;
	return mem_printf("%s%s", mount, path + length);
}

static bool is_delegated(int fd)
{
	static const char *const marks[] = { "trusted.delegate", "user.delegate" };
	struct stat st;
	char value[4];

	for (size_t i = 0; i < ARRAY_SIZE(marks); i++)
		if (fgetxattr(fd, marks[i], value, sizeof(value)) == 1 && value[0] == '1')
			return true;
	return geteuid() != 0 && fstat(fd, &st) == 0 && st.st_uid == geteuid();
}

/* Its processes are none but ourselves. */
static bool only_we_live_in(int fd)
{
	char text[KNOB_MAX];
	char *end;

	read_knob(fd, "cgroup.procs", text);
	return !*text || (strtol(text, &end, 10) == getpid() && !strcmp(end, "\n"));
}

/* Passes on what controllers there are, from OURS to the fleet and from there to the VMs. */
static void pass_on(struct cgroups *cgroups)
{
	char text[KNOB_MAX];

	read_knob(cgroups->fd, "cgroup.controllers", text);
	for (int i = 0; i < CGROUP_CONTROLLER_COUNT; i++) {
		auto_free char *more = mem_printf("+%s", controller_names[i]);
		struct err err = { 0 };

		if (!has_word(text, controller_names[i]))
			continue;
		if (write_knob(cgroups->fd, "cgroup.subtree_control", more, &err) == 0 &&
		    write_knob(cgroups->fleet_fd, "cgroup.subtree_control", more, &err) == 0)
			cgroups->has[i] = true;
		else
			log_warning("control groups: no limits of %s: %s", controller_names[i],
				    err.text);
	}
}

static int make_group(int parent, const char *name, int *ret_fd, struct err *err)
{
	int fd;

	if (mkdirat(parent, name, 0755) < 0 && errno != EEXIST)
		return err_set_errno(err, errno, "cannot make the control group %s", name);
	fd = open_folder(parent, name);
	if (fd < 0)
		return err_set_errno(err, errno, "cannot open the control group %s", name);
	*ret_fd = fd;
	return 0;
}

static int move_here(int fd, struct err *err)
{
	auto_free char *pid = mem_printf("%d", (int)getpid());

	return write_knob(fd, "cgroup.procs", pid, err);
}

static int set_up(struct cgroups *cgroups, struct err *err)
{
	auto_close int leaf = -1;
	int r = make_group(cgroups->fd, CGROUP_LEAF, &leaf, err);

	if (r == 0)
		r = move_here(leaf, err);
	if (r == 0) {
		kill_and_remove(cgroups->fd, CGROUP_FLEET);
		r = make_group(cgroups->fd, CGROUP_FLEET, &cgroups->fleet_fd, err);
	}
	if (r < 0)
		return r;
	cgroups->kill_fd = openat(cgroups->fleet_fd, "cgroup.kill", O_WRONLY | O_CLOEXEC);
	pass_on(cgroups);
	return 0;
}

int cgroups_open(const char *proc_self, struct cgroups **ret_cgroups, struct err *err)
{
	auto_free char *ours = own_folder(proc_self);
	char *base = ours ? strrchr(ours, '/') : NULL;
	struct cgroups *cgroups;
	int r = 0;

	if (!ours)
		return err_set(err, -ENOTSUP, "this process is in no control group of version 2");
	/* Where the service manager knows of leaves, it has put us into ours. */
	if (!strcmp(base, "/" CGROUP_LEAF))
		*base = '\0';
	cgroups = mem_new(struct cgroups);
	cgroups->fleet_fd = cgroups->kill_fd = -1;
	cgroups->ours = mem_steal(ours);
	cgroups->fd = open_folder(AT_FDCWD, cgroups->ours);
	if (cgroups->fd < 0)
		r = err_set_errno(err, errno, "%s", cgroups->ours);
	else if (!is_delegated(cgroups->fd))
		r = err_set(err, -ENOTSUP, "the control group %s is not delegated to us",
			    cgroups->ours);
	else if (!only_we_live_in(cgroups->fd))
		r = err_set(err, -ENOTSUP, "others live in the control group %s", cgroups->ours);
	if (r == 0) {
		r = set_up(cgroups, err);
		if (r == 0) {
			*ret_cgroups = cgroups;
			return 0;
		}
	}
	cgroups_close(cgroups);
	return r;
}

/* Controllers are taken back first: then processes may be in it again. */
static void move_back(struct cgroups *cgroups)
{
	struct err err = { 0 };

	for (int i = 0; i < CGROUP_CONTROLLER_COUNT; i++) {
		auto_free char *less = mem_printf("-%s", controller_names[i]);

		if (cgroups->has[i])
			write_knob(cgroups->fd, "cgroup.subtree_control", less, &err);
	}
	if (move_here(cgroups->fd, &err) == 0)
		unlinkat(cgroups->fd, CGROUP_LEAF, AT_REMOVEDIR);
}

void cgroups_close(struct cgroups *cgroups)
{
	if (!cgroups)
		return;
	if (cgroups->fleet_fd >= 0) {
		kill_and_remove(cgroups->fd, CGROUP_FLEET);
		move_back(cgroups);
	}
	fd_close(&cgroups->kill_fd);
	fd_close(&cgroups->fleet_fd);
	fd_close(&cgroups->fd);
	free(cgroups->ours);
	free(cgroups);
}

bool cgroups_have(const struct cgroups *cgroups, enum cgroup_controller controller)
{
	return cgroups && cgroups->has[controller];
}

int cgroups_kill_fd(const struct cgroups *cgroups)
{
	return cgroups ? cgroups->kill_fd : -1;
}

/* Of the limits that are there; what is 0 is taken off. */
static int set_limits(const struct cgroups *cgroups, int fd, const struct cgroup_limits *limits,
		      struct err *err)
{
	auto_free char *memory = limits->memory_bytes
					 ? mem_printf("%lld", (long long)limits->memory_bytes)
					 : mem_strdup("max");
	auto_free char *cpu = limits->cpus
				      ? mem_printf("%.0f %d", limits->cpus * CGROUP_CPU_PERIOD_US,
						   CGROUP_CPU_PERIOD_US)
				      : mem_printf("max %d", CGROUP_CPU_PERIOD_US);
	auto_free char *pids = limits->pids ? mem_printf("%u", limits->pids) : mem_strdup("max");
	const struct {
		const char *knob, *text;
	} knobs[] = {
		[CGROUP_MEMORY] = { "memory.max", memory },
		[CGROUP_CPU] = { "cpu.max", cpu },
		[CGROUP_PIDS] = { "pids.max", pids },
	};
	int r = 0;

	NAMES_COMPLETE(knobs, CGROUP_CONTROLLER_COUNT);
	for (int i = 0; r == 0 && i < CGROUP_CONTROLLER_COUNT; i++)
		if (cgroups->has[i])
			r = write_knob(fd, knobs[i].knob, knobs[i].text, err);
	return r;
}

int cgroups_limit_fleet(struct cgroups *cgroups, const struct cgroup_limits *limits,
			struct err *err)
{
	return set_limits(cgroups, cgroups->fleet_fd, limits, err);
}

int cgroup_new(struct cgroups *cgroups, const char *name, const struct cgroup_limits *limits,
	       struct cgroup **ret_cgroup, struct err *err)
{
	struct cgroup *cgroup = mem_new(struct cgroup);
	struct err ignored = { 0 };
	int r;

	cgroup->cgroups = cgroups;
	cgroup->name = mem_strdup(name);
	cgroup->fd = cgroup->procs_fd = -1;
	r = make_group(cgroups->fleet_fd, name, &cgroup->fd, err);
	if (r == 0)
		r = set_limits(cgroups, cgroup->fd, limits, err);
	if (r == 0) {
		cgroup->procs_fd = openat(cgroup->fd, "cgroup.procs", O_WRONLY | O_CLOEXEC);
		if (cgroup->procs_fd < 0)
			r = err_set_errno(err, errno, "cannot open cgroup.procs of %s", name);
	}
	if (r < 0) {
		cgroup_free(cgroup);
		return r;
	}
	/* A QEMU and what it started make no sense without each other. */
	if (cgroups->has[CGROUP_MEMORY])
		write_knob(cgroup->fd, "memory.oom.group", "1", &ignored);
	*ret_cgroup = cgroup;
	return 0;
}

void cgroup_free(struct cgroup *cgroup)
{
	if (!cgroup)
		return;
	if (cgroup->fd >= 0)
		kill_and_remove(cgroup->cgroups->fleet_fd, cgroup->name);
	fd_close(&cgroup->procs_fd);
	fd_close(&cgroup->fd);
	free(cgroup->name);
	free(cgroup);
}

int cgroup_fd(const struct cgroup *cgroup)
{
	return cgroup ? cgroup->procs_fd : 0;
}

enum cgroup_oom cgroup_oom(const struct cgroup *cgroup)
{
	char text[KNOB_MAX];

	if (!cgroup)
		return CGROUP_OOM_NONE;
	read_knob(cgroup->fd, "memory.events", text);
	if (!count_of(text, "oom_kill"))
		return CGROUP_OOM_NONE;
	return count_of(text, "oom") ? CGROUP_OOM_OWN : CGROUP_OOM_OTHERS;
}
