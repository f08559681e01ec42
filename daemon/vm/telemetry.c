// SPDX-License-Identifier: GPL-2.0-or-later
/* A sealed memfd as guest RAM, and samples of its telemetry page. */
#include "vm/telemetry.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
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
	page = mmap(NULL, TELEMETRY_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, TELEMETRY_GPA);
	if (page == MAP_FAILED)
		return err_set_errno(err, errno, "cannot map the telemetry page");
	*ret_ram = mem_new(struct ram);
	(*ret_ram)->fd = fd_steal(&fd);
	(*ret_ram)->page = page;
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
