// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The oracles that operations ask: a load and a migration that leave the guest's generation behind,
 * and images that differ from what the guest knows of its flash. The QEMUs are puppets, the images and
 * qemu-img are real.
 */
#include "tests/unit/stage.h"

#include "base/child.h"

#define QEMU_IO "/usr/bin/qemu-io"
#define SHADOW_GPA 0x300000
#define FLASH "vars.qcow2"

/* Where qemu-img create puts the first block of reference counts. */
#define REFCOUNT_BLOCK 0x20000

static void perform(const struct stage *stage, const char *const *argv)
{
	struct err err = { 0 };

	if (child_run(&(struct child_spec){ .argv = argv, .cwd = vm_folder(stage->vm) },
		      HELPER_LIMIT_NS, NULL, &err) < 0)
		fail_msg("%s", err.text);
}

/* Writes into the flash image what the guest knows nothing of. */
static void write_flash(const struct stage *stage, const char *command)
{
	perform(stage, (const char *[]){ QEMU_IO, "-f", "qcow2", "-c", command, FLASH, NULL });
}

static void save_snapshot(const struct stage *stage, const char *tag)
{
	perform(stage, (const char *[]){ DIRECT_QEMU_IMG, "snapshot", "-c", tag, FLASH, NULL });
}

static void overwrite(const struct stage *stage, off_t offset, size_t size)
{
	auto_free char *path = mem_printf("%s/" FLASH, vm_folder(stage->vm));
	auto_free char *zeros = mem_zalloc(size);
	auto_close int fd = open(path, O_WRONLY | O_CLOEXEC);

	assert_true(pwrite(fd, zeros, size, offset) == (ssize_t)size);
}

/* Begins an operation on a VM whose guest tells that its flash is empty. */
static void start_on_empty_flash(struct stage *stage, enum op_kind kind)
{
	stage->target = NULL;
	stage->holds = false;
	stage->order = EVENTS_FIRST;
	raise_curtain(
		stage,
		&(struct variant){ .kind = kind,
				   .migration = { .bandwidth_bytes = OP_BANDWIDTH_DEFAULT_BYTES } },
		true);
	stage->peer[OP_SRC].puppet.page->shadow_gpa = SHADOW_GPA;
	stage->peer[OP_SRC].puppet.page->shadow_size = DIRECT_FLASH_BYTES;
}

static void passes(struct stage *stage)
{
	until(stage, wait_ended);
	if (stage->result.outcome != OP_OK)
		fail_msg("%s: %s", stage->result.step, stage->result.err.text);
	drop_curtain(stage);
}

static void differs(struct stage *stage, enum op_oracle oracle, const char *text)
{
	until(stage, wait_ended);
	assert_int_equal(stage->result.outcome, OP_FAILED);
	assert_int_equal(stage->result.cause, OP_CAUSE_DIFFERS);
	assert_int_equal(stage->result.oracle, oracle);
	assert_string_equal(stage->result.err.text, text);
	assert_int_equal(vm_state(stage->vm), VM_FAILED);
	drop_curtain(stage);
}

static bool image_step(struct stage *stage)
{
	return !strcmp(op_step_name(stage->op), "image");
}

static void a_load_that_restores_nothing_is_seen(void **state)
{
	struct stage *stage = *state;

	stage->loads_nothing = true;
	start_on_empty_flash(stage, OP_SNAPSHOT_LOAD);
	differs(stage, OP_ORACLE_GENERATION,
		"the snapshot was saved with generation 0, and the guest has 1 after the load");
}

static void a_migration_that_leaves_the_last_stores_behind_is_seen(void **state)
{
	struct stage *stage = *state;

	stage->loads_nothing = true;
	start_on_empty_flash(stage, OP_MIGRATE);
	stage->peer[OP_SRC].puppet.page->generation_wanted = 5;
	differs(stage, OP_ORACLE_GENERATION,
		"the source's guest has generation 5, and the destination's 0 after the migration");
}

static void a_save_waits_for_its_generation_and_the_next_one_is_above(void **state)
{
	struct stage *stage = *state;

	start_on_empty_flash(stage, OP_SNAPSHOT_SAVE);
	until(stage, wait_ended);
	assert_int_equal(vm_saved_generation(stage->vm), 1);
	assert_int_equal(vm_generation(stage->vm), 2);
	assert_int_equal(stage->peer[OP_SRC].puppet.page->generation_wanted, 2);
	passes(stage);
}

static void an_image_that_holds_what_the_guest_wrote_passes(void **state)
{
	static const enum op_kind kinds[] = { OP_SHUTDOWN, OP_SNAPSHOT_SAVE_VERIFY,
					      OP_SNAPSHOT_LOAD_VERIFY };
	struct stage *stage = *state;

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		start_on_empty_flash(stage, kinds[i]);
		save_snapshot(stage, "t");
		until(stage, image_step);
		passes(stage);
	}
}

static void an_image_that_differs_is_seen_after_the_shutdown(void **state)
{
	struct stage *stage = *state;

	start_on_empty_flash(stage, OP_SHUTDOWN);
	write_flash(stage, "write -P 0xab 0x2100 3");
	differs(stage, OP_ORACLE_IMAGE,
		"the flash image differs from what the guest wrote: at offset 0x2100 expected "
		"0x00, "
		"found 0xab; 3 bytes differ");
}

static void what_a_vcpu_was_writing_is_left_out(void **state)
{
	struct stage *stage = *state;
	struct telemetry *page;

	start_on_empty_flash(stage, OP_SHUTDOWN);
	write_flash(stage, "write -P 0xab 0x2100 3");
	page = stage->peer[OP_SRC].puppet.page;
	page->vcpu[0].intent_offset = 0x2100;
	page->vcpu[0].intent_length = 3;
	passes(stage);

	start_on_empty_flash(stage, OP_SHUTDOWN);
	write_flash(stage, "write -P 0xab 0x2100 3");
	page = stage->peer[OP_SRC].puppet.page;
	/* Longer than all flash, as only a guest gone mad would say, and a byte too late. */
	page->vcpu[0].intent_offset = 0x2101;
	page->vcpu[0].intent_length = UINT32_MAX;
	differs(stage, OP_ORACLE_IMAGE,
		"the flash image differs from what the guest wrote: at offset 0x2100 expected "
		"0x00, "
		"found 0xab; 1 bytes differ");
}

static void a_snapshot_that_differs_is_seen_when_the_image_has_been_healed(void **state)
{
	struct stage *stage = *state;

	start_on_empty_flash(stage, OP_SNAPSHOT_LOAD_VERIFY);
	write_flash(stage, "write -P 0xcd 0xffff 1");
	save_snapshot(stage, "t");
	write_flash(stage, "write -P 0 0xffff 1");
	differs(stage, OP_ORACLE_IMAGE,
		"the flash in the snapshot differs from what the guest wrote: at offset 0xffff "
		"expected 0x00, found 0xcd; 1 bytes differ");
}

static void an_image_with_wrong_reference_counts_is_seen(void **state)
{
	struct stage *stage = *state;

	start_on_empty_flash(stage, OP_SHUTDOWN);
	write_flash(stage, "write -P 0 0 64k");
	overwrite(stage, REFCOUNT_BLOCK, 64);
	until(stage, wait_ended);
	assert_int_equal(stage->result.cause, OP_CAUSE_DIFFERS);
	assert_non_null(strstr(stage->result.err.text, "qemu-img check says of the flash image: "));
	drop_curtain(stage);

	/* Nor is a file without a header an image. */
	start_on_empty_flash(stage, OP_SHUTDOWN);
	overwrite(stage, 0, 4096);
	until(stage, wait_ended);
	assert_int_equal(stage->result.cause, OP_CAUSE_DIFFERS);
	assert_non_null(strstr(stage->result.err.text, "qemu-img check says of the flash image: "));
	drop_curtain(stage);
}

static void a_look_at_the_images_that_takes_too_long_is_the_hosts_fault(void **state)
{
	struct stage *stage = *state;

	start_on_empty_flash(stage, OP_SNAPSHOT_SAVE_VERIFY);
	until(stage, image_step);
	deadline_start(stage->loop, &stage->op->limit, 0);
	until(stage, wait_ended);
	assert_int_equal(stage->result.cause, OP_CAUSE_HOST);
	assert_string_equal(stage->result.step, "image");
	drop_curtain(stage);
}

static void a_look_at_the_images_can_be_given_up(void **state)
{
	struct stage *stage = *state;

	start_on_empty_flash(stage, OP_SNAPSHOT_SAVE_VERIFY);
	until(stage, image_step);
	op_interrupt(stage->op);
	until(stage, wait_ended);
	assert_int_equal(stage->result.outcome, OP_INTERRUPTED);
	drop_curtain(stage);

	start_on_empty_flash(stage, OP_SNAPSHOT_SAVE_VERIFY);
	until(stage, image_step);
	drop_curtain(stage);
}

static void a_guest_that_names_no_ram_of_its_own_is_not_believed(void **state)
{
	struct stage *stage = *state;

	start_on_empty_flash(stage, OP_SHUTDOWN);
	stage->peer[OP_SRC].puppet.page->shadow_gpa = UINT64_MAX - 1;
	until(stage, wait_ended);
	assert_int_equal(stage->result.cause, OP_CAUSE_HOST);
	drop_curtain(stage);

	/* More flash than there is: it has no shadow, as far as we are concerned. */
	start_on_empty_flash(stage, OP_SHUTDOWN);
	stage->peer[OP_SRC].puppet.page->shadow_size = DIRECT_FLASH_BYTES + 1;
	passes(stage);
}

static void a_guest_that_cannot_run_says_why(void **state)
{
	struct stage *stage = *state;
	struct telemetry *page;

	/* It says nothing else. */
	stage->target = "guest";
	stage->holds = true;
	raise_curtain(stage, &(struct variant){ .kind = OP_BOOT }, true);
	until(stage, wait_met);
	page = stage->peer[OP_SRC].puppet.page;
	page->version = TELEMETRY_VERSION;
	page->fault = TELEMETRY_FAULT_CONFIG_MAGIC;
	until(stage, wait_ended);
	assert_int_equal(stage->result.cause, OP_CAUSE_ERROR);
	assert_string_equal(stage->result.err.text,
			    "the guest says that it cannot run: config-magic");
	drop_curtain(stage);
}

static void our_own_work_is_not_the_operations_time(void **state)
{
	struct stage *stage = *state;

	start_on_empty_flash(stage, OP_SNAPSHOT_SAVE_VERIFY);
	save_snapshot(stage, "t");
	until(stage, wait_ended);
	assert_true(stage->op->ours_ns > 0);
	assert_true(stage->result.duration_ns > 0);
	passes(stage);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(a_load_that_restores_nothing_is_seen),
		TEST(a_migration_that_leaves_the_last_stores_behind_is_seen),
		TEST(a_save_waits_for_its_generation_and_the_next_one_is_above),
		TEST(an_image_that_holds_what_the_guest_wrote_passes),
		TEST(an_image_that_differs_is_seen_after_the_shutdown),
		TEST(what_a_vcpu_was_writing_is_left_out),
		TEST(a_snapshot_that_differs_is_seen_when_the_image_has_been_healed),
		TEST(an_image_with_wrong_reference_counts_is_seen),
		TEST(a_look_at_the_images_that_takes_too_long_is_the_hosts_fault),
		TEST(a_look_at_the_images_can_be_given_up),
		TEST(a_guest_that_names_no_ram_of_its_own_is_not_believed),
		TEST(a_guest_that_cannot_run_says_why),
		TEST(our_own_work_is_not_the_operations_time),
	};

	puppet_main(argc, argv);
	return cmocka_run_group_tests(tests, load_schema, unload_schema);
}
