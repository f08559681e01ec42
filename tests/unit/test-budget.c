// SPDX-License-Identifier: GPL-2.0-or-later
/* The budget of a fleet, and the keys fleet.vm-memory and fleet.vm-cpus. */
#include "tests/unit/helper.h"

#include <errno.h>

#include "campaign/budget.h"
#include "tests/unit/profile-small.h"

#define MIGRATES "[{operation: migrate}]"

static struct profile *with(const char *fleet, const char *operations)
{
	return text_accepted(text_profile(fleet, operations, "{loops: 1}", ""));
}

static void refused(const char *fleet, const char *operations, const char *error)
{
	text_refused(text_profile(fleet, operations, "{loops: 1}", ""), error);
}

static void the_keys_are_read(void **state)
{
	struct profile *p = with("{vms: 2, vm-memory: 1GiB, vm-cpus: 1.5}", TEXT_SNAPSHOTS);

	(void)state;
	assert_true(p->vm_memory_bytes == 1ll << 30);
	assert_true(p->vm_cpus == 1.5);
	profile_free(p);
	p = with("{vms: 2}", TEXT_SNAPSHOTS);
	assert_true(p->vm_memory_bytes == 0 && p->vm_cpus == 0);
	profile_free(p);
	p = with("{vms: 2, vm-cpus: 0.05}", TEXT_SNAPSHOTS);
	profile_free(p);
}

static void cpus_have_a_range(void **state)
{
	static const char *const wrong[] = { "0", "0.04", "1025", "nan", "1e2", "two", "-1", "." };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		auto_free char *fleet = mem_printf("{vms: 2, vm-cpus: %s}", wrong[i]);
		auto_free char *error =
			mem_printf("t.yaml:4: fleet.vm-cpus: found %s, expected 0.05 to 1024, "
				   "like 1.5",
				   wrong[i]);

		refused(fleet, TEXT_SNAPSHOTS, error);
	}
}

/* The profile's RAM is TEXT_RAM: one QEMU, or two where it migrates. */
static void the_memory_of_a_vm_holds_its_ram(void **state)
{
	struct profile *p = with("{vms: 2}", TEXT_SNAPSHOTS);
	int64_t one = p->ram_bytes + BUDGET_QEMU_BYTES;
	auto_free char *exact = mem_printf("{vms: 2, vm-memory: %lldMiB}", (long long)one >> 20);
	auto_free char *less =
		mem_printf("{vms: 2, vm-memory: %lldMiB}", ((long long)one >> 20) - 1);
	auto_free char *error =
		mem_printf("t.yaml:4: fleet.vm-memory: found %lldMiB, expected at "
			   "least %lldMiB: the RAM of 1 QEMU a VM, and 64 MiB for each",
			   ((long long)one >> 20) - 1, (long long)one >> 20);
	auto_free char *two =
		mem_printf("t.yaml:4: fleet.vm-memory: found %lldMiB, expected at "
			   "least %lldMiB: the RAM of 2 QEMUs a VM, and 64 MiB for each",
			   (long long)one >> 20, 2 * (long long)one >> 20);

	(void)state;
	assert_int_equal(budget_vm_least_bytes(p), one);
	profile_free(p);
	profile_free(with(exact, TEXT_SNAPSHOTS));
	refused(less, TEXT_SNAPSHOTS, error);
	refused(exact, MIGRATES, two);
}

static void a_campaign_has_to_fit(void **state)
{
	struct profile *p = with("{vms: 4, vm-memory: 256MiB}", TEXT_SNAPSHOTS);
	struct err err = { 0 };

	(void)state;
	assert_int_equal(budget_check(&(struct budget){ 0 }, p, &err), 0);
	assert_int_equal(
		budget_check(&(struct budget){ .memory_bytes = 1ll << 30, .vms = 4 }, p, &err), 0);
	assert_int_equal(budget_check(&(struct budget){ .vms = 3 }, p, &err), -EINVAL);
	assert_string_equal(err.text,
			    "fleet.vms: found 4, but this qsoakd may run 3 VMs (fleet.vms "
			    "of its configuration)");
	assert_int_equal(budget_check(&(struct budget){ .memory_bytes = (1ll << 30) - 1 }, p, &err),
			 -EINVAL);
	assert_non_null(strstr(err.text,
			       "the fleet needs 1GiB of memory, 4 VMs of 256MiB, but this "
			       "qsoakd may use 1073741823 bytes"));
	profile_free(p);
	/* Without a limit of its own a VM needs at least what it is. */
	p = with("{vms: 4}", MIGRATES);
	assert_int_equal(
		budget_check(&(struct budget){ .memory_bytes = 8 * BUDGET_QEMU_BYTES }, p, &err),
		-EINVAL);
	profile_free(p);
}

static void what_cannot_be_set_is_told(void **state)
{
	struct profile *p = with("{vms: 4, vm-memory: 256MiB, vm-cpus: 0.5}", TEXT_SNAPSHOTS);
	char *limits, *missing;

	(void)state;
	budget_tell(p, NULL, &limits, &missing);
	assert_null(limits);
	assert_string_equal(missing, "vm-memory 256MiB, vm-cpus 0.5");
	free(missing);
	profile_free(p);
	p = with("{vms: 4}", TEXT_SNAPSHOTS);
	budget_tell(p, NULL, &limits, &missing);
	assert_null(limits);
	assert_null(missing);
	profile_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_keys_are_read),
		cmocka_unit_test(cpus_have_a_range),
		cmocka_unit_test(the_memory_of_a_vm_holds_its_ram),
		cmocka_unit_test(a_campaign_has_to_fit),
		cmocka_unit_test(what_cannot_be_set_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
