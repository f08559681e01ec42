// SPDX-License-Identifier: GPL-2.0-or-later
/* A sealed memfd as guest RAM, and samples of its telemetry page. */
#include "vm/telemetry.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/names.h"

static const char *const fault_names[] = {
	[TELEMETRY_FAULT_NONE] = "none",
	[TELEMETRY_FAULT_VCPUS_MISSING] = "vcpus-missing",
	[TELEMETRY_FAULT_VCPUS] = "vcpus",
	[TELEMETRY_FAULT_RAM] = "ram",
	[TELEMETRY_FAULT_CONFIG_SIZE] = "config-size",
	[TELEMETRY_FAULT_CONFIG_MAGIC] = "config-magic",
	[TELEMETRY_FAULT_CONFIG_VERSION] = "config-version",
	[TELEMETRY_FAULT_CONFIG_UNKNOWN] = "config-unknown",
	[TELEMETRY_FAULT_CONFIG_WORKING_SET] = "config-working-set",
};
NAMES_COMPLETE(fault_names, TELEMETRY_FAULT_COUNT);

struct ram {
	int fd;
	volatile struct telemetry *page;
};

/* fd -1: a page that nobody fills in. */
static void *map_page(int fd, struct err *err)
{
	int flags = fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED;
	void *page = mmap(NULL, TELEMETRY_SIZE, PROT_READ | PROT_WRITE, flags, fd,
			  fd < 0 ? 0 : TELEMETRY_GPA);

	if (page == MAP_FAILED) {
		err_set_errno(err, errno, "cannot map the telemetry page");
		return NULL;
	}
	return page;
}

int ram_new(int64_t size, struct ram **ret_ram, struct err *err)
{
	auto_close int fd = memfd_create("qsoak-ram", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	void *page;

	if (fd < 0)
		return err_set_errno(err, errno, "memfd_create");
	if (ftruncate(fd, size) < 0)
		return err_set_errno(err, errno, "cannot make guest RAM of %lld bytes",
				     (long long)size);
	if (fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
		return err_set_errno(err, errno, "cannot seal guest RAM");
	page = map_page(fd, err);
	if (!page)
		return err->code;
	*ret_ram = mem_new(struct ram);
	(*ret_ram)->fd = fd_steal(&fd);
	(*ret_ram)->page = page;
	return 0;
}

/* The link of a descriptor of the memfd called name. */
static bool is_memfd(const char *path, const char *name)
{
	auto_free char *wanted = mem_printf("/memfd:%s (deleted)", name);
	char target[PATH_MAX];
	ssize_t n = readlink(path, target, sizeof(target) - 1);

	return n > 0 && (size_t)n == strlen(wanted) && !memcmp(target, wanted, (size_t)n);
}

static int find_memfd(pid_t pid, const char *name)
{
	auto_free char *folder = mem_printf("/proc/%d/fd", (int)pid);
	DIR *fds = opendir(folder);
	struct dirent *entry;
	int fd = -1;

	while (fds && fd < 0 && (entry = readdir(fds))) {
		auto_free char *path = mem_printf("%s/%s", folder, entry->d_name);

		if (is_memfd(path, name))
			fd = open(path, O_RDWR | O_CLOEXEC);
	}
	if (fds)
		closedir(fds);
	return fd;
}

struct ram *ram_unseen(void)
{
	struct ram *ram = mem_new(struct ram);
	struct err err = { 0 };

	ram->fd = -1;
	ram->page = map_page(-1, &err);
	if (!ram->page)
		abort();
	return ram;
}

int ram_find(struct ram *ram, pid_t pid, const char *name, int64_t size, struct err *err)
{
	auto_close int fd = find_memfd(pid, name);
	struct stat st;
	void *page;
	int seals;

	if (fd < 0)
		return err_set(err, -ENOENT, "process %d has no memfd %s for us", (int)pid, name);
	seals = fcntl(fd, F_GET_SEALS);
	if (seals < 0 || !(seals & F_SEAL_SHRINK))
		return err_set(err, -EPERM, "guest RAM of process %d is not sealed", (int)pid);
	if (fstat(fd, &st) < 0 || st.st_size < size)
		return err_set(err, -EPROTO, "guest RAM of process %d has not %lld bytes", (int)pid,
			       (long long)size);
	page = map_page(fd, err);
	if (!page)
		return err->code;
	munmap((void *)ram->page, TELEMETRY_SIZE);
	fd_close(&ram->fd);
	ram->fd = fd_steal(&fd);
	ram->page = page;
	return 0;
}

void ram_free(struct ram *ram)
{
	if (!ram)
		return;
	munmap((void *)ram->page, TELEMETRY_SIZE);
	fd_close(&ram->fd);
	free(ram);
}

int ram_fd(const struct ram *ram)
{
	return ram->fd;
}

bool ram_sample(const struct ram *ram, struct telemetry *ret_telemetry)
{
	/* Whole aligned words: memcpy() might read a field in pieces. */
	const volatile uint64_t *page = (const volatile uint64_t *)ram->page;
	struct telemetry copy;
	uint64_t words[sizeof(copy) / sizeof(uint64_t)];

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		words[i] = page[i];
	memcpy(&copy, words, sizeof(copy));
	if (copy.magic != TELEMETRY_MAGIC || copy.version != TELEMETRY_VERSION || copy.vcpus == 0 ||
	    copy.vcpus > TELEMETRY_VCPUS_MAX)
		return false;
	*ret_telemetry = copy;
	return true;
}

enum telemetry_fault ram_fault(const struct ram *ram)
{
	uint32_t fault = ram->page->fault;

	if (ram->page->version != TELEMETRY_VERSION || fault >= TELEMETRY_FAULT_COUNT)
		return TELEMETRY_FAULT_NONE;
	return (enum telemetry_fault)fault;
}

void ram_want_generation(const struct ram *ram, uint64_t generation)
{
	__atomic_store_n(&ram->page->generation_wanted, generation, __ATOMIC_RELEASE);
}

bool ram_read(const struct ram *ram, uint64_t gpa, void *ret_bytes, size_t size)
{
	/* No address below 4 GiB that the guest names is above INT64_MAX, but a guest may lie. */
	return gpa <= INT64_MAX - size &&
	       pread(ram->fd, ret_bytes, size, (off_t)gpa) == (ssize_t)size;
}

const char *telemetry_fault_name(enum telemetry_fault fault)
{
	return names_of(fault_names, TELEMETRY_FAULT_COUNT, fault);
}

uint64_t ram_ticks(const struct ram *ram)
{
	struct telemetry telemetry;
	uint64_t ticks = 0;

	if (!ram_sample(ram, &telemetry))
		return 0;
	for (uint32_t i = 0; i < telemetry.vcpus; i++)
		ticks += telemetry.vcpu[i].tick;
	return ticks;
}
