// SPDX-License-Identifier: GPL-2.0-or-later
/* Guest RAM: what a sealed memfd refuses, and what counts as telemetry in it. */
#include "tests/unit/helper.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "vm/telemetry.h"

#define SIZE (16ll << 20)

/* RAM, and its telemetry page as the guest sees it. */
struct guest {
	struct ram *ram;
	struct telemetry *page;
};

static int boot(void **state)
{
	struct guest *guest = mem_new(struct guest);
	struct err err = { 0 };

	*state = guest;
	if (ram_new(SIZE, &guest->ram, &err) < 0)
		return -1;
	guest->page = mmap(NULL, TELEMETRY_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
			   ram_fd(guest->ram), TELEMETRY_GPA);
	return guest->page == MAP_FAILED ? -1 : 0;
}

static int halt(void **state)
{
	struct guest *guest = *state;

	munmap(guest->page, TELEMETRY_SIZE);
	ram_free(guest->ram);
	free(guest);
	return 0;
}

static void fill_in(struct guest *guest, uint32_t vcpus)
{
	*guest->page = (struct telemetry){
		.magic = TELEMETRY_MAGIC,
		.version = TELEMETRY_VERSION,
		.vcpus = vcpus,
		.generation = 12,
	};
	for (size_t i = 0; i < TELEMETRY_VCPUS_MAX; i++)
		guest->page->vcpu[i].tick = 1ull << (4 * i);
}

/* Neither a sample nor ticks. */
static void is_no_telemetry(struct guest *guest)
{
	struct telemetry sample = { .magic = 1 };

	assert_false(ram_sample(guest->ram, &sample));
	assert_true(sample.magic == 1);
	assert_true(ram_ticks(guest->ram) == 0);
}

static void the_ram_has_its_size_and_nobody_can_change_it(void **state)
{
	struct guest *guest = *state;
	int fd = ram_fd(guest->ram);
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	assert_true(st.st_size == SIZE);
	assert_int_equal(ftruncate(fd, SIZE - 4096), -1);
	assert_int_equal(errno, EPERM);
	assert_int_equal(ftruncate(fd, 0), -1);
	assert_int_equal(errno, EPERM);
	assert_int_equal(ftruncate(fd, SIZE + 4096), -1);
	assert_int_equal(errno, EPERM);
	assert_int_equal(fallocate(fd, 0, SIZE, 4096), -1);
	/* A QEMU could otherwise seal it against writing, and fail by that. */
	assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), -1);
	assert_int_equal(errno, EPERM);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
}

static void fresh_ram_is_no_telemetry(void **state)
{
	is_no_telemetry(*state);
}

static void a_page_without_its_magic_is_not_filled_in_yet(void **state)
{
	struct guest *guest = *state;

	fill_in(guest, 1);
	guest->page->magic = 0;
	is_no_telemetry(guest);
	guest->page->magic = TELEMETRY_MAGIC ^ 1ull << 63;
	is_no_telemetry(guest);
	guest->page->magic = TELEMETRY_MAGIC;
	assert_true(ram_ticks(guest->ram) == 1);
}

static void junk_is_no_telemetry(void **state)
{
	struct guest *guest = *state;

	memset(guest->page, 0xff, TELEMETRY_SIZE);
	is_no_telemetry(guest);
}

static void another_version_is_not_understood(void **state)
{
	struct guest *guest = *state;

	fill_in(guest, 1);
	guest->page->version = TELEMETRY_VERSION + 1;
	is_no_telemetry(guest);
	guest->page->version = 0;
	is_no_telemetry(guest);
}

static void a_number_of_vcpus_that_cannot_be_is_refused(void **state)
{
	static const uint32_t wrong[] = { 0, TELEMETRY_VCPUS_MAX + 1, UINT32_MAX };
	struct guest *guest = *state;

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		fill_in(guest, wrong[i]);
		is_no_telemetry(guest);
	}
}

static void a_sample_is_a_copy_of_the_page(void **state)
{
	struct guest *guest = *state;
	struct telemetry sample, before;

	fill_in(guest, 2);
	before = *guest->page;
	assert_true(ram_sample(guest->ram, &sample));
	guest->page->generation = 13;
	assert_memory_equal(&sample, &before, sizeof(sample));
}

static void ticks_are_those_of_the_vcpus_that_run(void **state)
{
	struct guest *guest = *state;

	for (uint32_t vcpus = 1; vcpus <= TELEMETRY_VCPUS_MAX; vcpus++) {
		fill_in(guest, vcpus);
		/* One in each of the lowest hexadecimal digits. */
		assert_true(ram_ticks(guest->ram) == 0x11111111ull >> 4 * (8 - vcpus));
	}
	guest->page->vcpu[7].tick++;
	assert_true(ram_ticks(guest->ram) == 0x11111112ull);
}

static void a_fault_is_told_without_the_magic(void **state)
{
	struct guest *guest = *state;

	assert_int_equal(ram_fault(guest->ram), TELEMETRY_FAULT_NONE);
	guest->page->version = TELEMETRY_VERSION;
	assert_int_equal(ram_fault(guest->ram), TELEMETRY_FAULT_NONE);
	guest->page->fault = TELEMETRY_FAULT_CONFIG_MAGIC;
	assert_int_equal(ram_fault(guest->ram), TELEMETRY_FAULT_CONFIG_MAGIC);
	is_no_telemetry(guest);
	fill_in(guest, 1);
	assert_int_equal(ram_fault(guest->ram), TELEMETRY_FAULT_NONE);
}

static void a_fault_that_cannot_be_is_none(void **state)
{
	struct guest *guest = *state;

	guest->page->fault = TELEMETRY_FAULT_RAM;
	assert_int_equal(ram_fault(guest->ram), TELEMETRY_FAULT_NONE);
	guest->page->version = TELEMETRY_VERSION + 1;
	assert_int_equal(ram_fault(guest->ram), TELEMETRY_FAULT_NONE);
	guest->page->version = TELEMETRY_VERSION;
	guest->page->fault = TELEMETRY_FAULT_COUNT;
	assert_int_equal(ram_fault(guest->ram), TELEMETRY_FAULT_NONE);
	memset(guest->page, 0xff, TELEMETRY_SIZE);
	assert_int_equal(ram_fault(guest->ram), TELEMETRY_FAULT_NONE);
}

static void every_fault_has_its_name(void **state)
{
	(void)state;
	assert_string_equal(telemetry_fault_name(TELEMETRY_FAULT_NONE), "none");
	assert_string_equal(telemetry_fault_name(TELEMETRY_FAULT_CONFIG_WORKING_SET),
			    "config-working-set");
	assert_string_equal(telemetry_fault_name(TELEMETRY_FAULT_COUNT), "?");
}

static void a_size_that_cannot_be_is_an_error(void **state)
{
	struct ram *ram = (void *)0x1;
	struct err err = { 0 };

	(void)state;
	assert_true(ram_new(-1, &ram, &err) < 0);
	assert_true(err.code < 0);
	assert_non_null(strstr(err.text, "-1 bytes"));
	assert_ptr_equal(ram, (void *)0x1);
	ram_free(NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, boot, halt)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_ram_has_its_size_and_nobody_can_change_it),
		TEST(fresh_ram_is_no_telemetry),
		TEST(a_page_without_its_magic_is_not_filled_in_yet),
		TEST(junk_is_no_telemetry),
		TEST(another_version_is_not_understood),
		TEST(a_number_of_vcpus_that_cannot_be_is_refused),
		TEST(a_sample_is_a_copy_of_the_page),
		TEST(ticks_are_those_of_the_vcpus_that_run),
		TEST(a_fault_is_told_without_the_magic),
		TEST(a_fault_that_cannot_be_is_none),
		cmocka_unit_test(every_fault_has_its_name),
		cmocka_unit_test(a_size_that_cannot_be_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
