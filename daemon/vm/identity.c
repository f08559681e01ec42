// SPDX-License-Identifier: GPL-2.0-or-later
/* Identity of files, by stat(2) and by content, and /proc/PID of those that run them. */
#include "vm/identity.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <nettle/sha2.h>
#include <stdbool.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "base/mem.h"
#include "vm/build.h"
#include "vm/elf.h"

static int read_sha256(int fd, const char *path, char **ret_text, struct err *err)
{
	uint8_t buffer[65536], digest[SHA256_DIGEST_SIZE];
	struct sha256_ctx sha;
	off_t at = 0;
	ssize_t n;

	sha256_init(&sha);
	while ((n = pread(fd, buffer, sizeof(buffer), at)) > 0) {
		sha256_update(&sha, (size_t)n, buffer);
		at += n;
	}
	if (n < 0)
		return err_set_errno(err, errno, "cannot read %s", path);
	sha256_digest(&sha, sizeof(digest), digest);
	*ret_text = mem_hex(digest, sizeof(digest));
	return 0;
}

int identity_read(int fd, const char *path, struct identity *ret_identity, struct err *err)
{
	char *sha256 = NULL;
	struct stat st;
	int r;

	if (fstat(fd, &st) < 0)
		return err_set_errno(err, errno, "cannot read %s", path);
	r = read_sha256(fd, path, &sha256, err);
	if (r < 0)
		return r;
	*ret_identity = (struct identity){
		.dev = st.st_dev,
		.ino = st.st_ino,
		.size = st.st_size,
		.mtime = st.st_mtim,
		.build_id = elf_build_id(fd),
		.sha256 = sha256,
		.libraries = elf_libraries(fd),
	};
	return 0;
}

void identity_finish(struct identity *identity)
{
	free(identity->build_id);
	free(identity->sha256);
	free(identity->libraries);
	*identity = (struct identity){ 0 };
}

/* Whether the process has the file behind fd mapped; -errno if its maps cannot be read. The numbers of
 * the device differ on some file systems, there the name has to do. */
static int has_mapped(pid_t pid, int fd, bool *ret_mapped, struct err *err)
{
	auto_free char *path = mem_printf("/proc/%d/maps", pid);
	auto_free char *link = mem_printf("/proc/self/fd/%d", fd);
	auto_fclose FILE *f = fopen(path, "re");
	char *line = NULL, name[PATH_MAX] = "";
	size_t size = 0;
	struct stat st;

	if (!f || fstat(fd, &st) < 0)
		return err_set_errno(err, errno, "cannot read %s", path);
	if (readlink(link, name, sizeof(name) - 1) < 0)
		name[0] = '\0';
	*ret_mapped = false;
	while (!*ret_mapped && getline(&line, &size, f) > 0) {
		unsigned major, minor;
		uint64_t inode;
		int at = 0;

		if (sscanf(line, "%*s %*s %*s %x:%x %" SCNu64 " %n", &major, &minor, &inode, &at) <
			    3 ||
		    inode != st.st_ino)
			continue;
		line[strcspn(line, "\n")] = '\0';
		*ret_mapped = makedev(major, minor) == st.st_dev ||
			      (at && name[0] && !strcmp(line + at, name));
	}
	free(line);
	return 0;
}

int identity_check_exec(pid_t pid, int ram_fd, const struct build_spec *spec, struct err *err)
{
	auto_free char *exe = mem_printf("/proc/%d/exe", pid);
	char name[PATH_MAX] = "";
	bool mapped = false;
	int r = has_mapped(pid, ram_fd, &mapped, err);

	if (r < 0 || mapped)
		return r;
	if (readlink(exe, name, sizeof(name) - 1) < 0)
		snprintf(name, sizeof(name), "a process that has gone");
	return err_set(err, -ECHILD,
		       "the %s of build %s does not exec: process %d is not QEMU but %s",
		       *spec->wrapper ? "wrapper" : "binary", spec->name, pid, name);
}

static bool is_same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

int identity_open_running(pid_t pid, const char *binary, int *ret_fd, struct err *err)
{
	auto_free char *exe_path = mem_printf("/proc/%d/exe", pid);
	auto_free char *path = mem_printf("/proc/%d/root%s", pid, binary);
	auto_close int exe = open(exe_path, O_RDONLY | O_CLOEXEC);
	/* Without O_NONBLOCK a FIFO would keep us for ever. */
	auto_close int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat exe_st, st;
	bool mapped = false;

	if (exe < 0 || fstat(exe, &exe_st) < 0)
		return err_set_errno(err, errno, "cannot open %s", exe_path);
	if (file >= 0 && fstat(file, &st) == 0 && S_ISREG(st.st_mode) &&
	    !is_same_file(&st, &exe_st)) {
		int r = has_mapped(pid, file, &mapped, err);

		if (r < 0)
			return r;
	}
	*ret_fd = mapped ? fd_steal(&file) : fd_steal(&exe);
	return 0;
}

int identity_compare(const struct identity *identity, int fd, struct err *err)
{
	struct identity now = { 0 };
	const char *was, *is;
	struct stat st;
	bool same;
	int r = 0;

	if (fstat(fd, &st) < 0)
		return err_set_errno(err, errno, "cannot read the running file");
	if (st.st_dev == identity->dev && st.st_ino == identity->ino &&
	    st.st_size == identity->size && st.st_mtim.tv_sec == identity->mtime.tv_sec &&
	    st.st_mtim.tv_nsec == identity->mtime.tv_nsec)
		return 0;
	r = identity_read(fd, "the running file", &now, err);
	if (r < 0)
		return r;
	if (identity->build_id && now.build_id) {
		was = identity->build_id;
		is = now.build_id;
	} else {
		was = identity->sha256;
		is = now.sha256;
	}
	same = !strcmp(was, is);
	if (!same)
		r = err_set(err, -ESTALE, "%s was %s, is %s",
			    was == identity->build_id ? "build-id" : "SHA-256", was, is);
	identity_finish(&now);
	return r;
}
