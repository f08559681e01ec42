// SPDX-License-Identifier: GPL-2.0-or-later
/* What a profile says of the guest and of oracles: rates, working set, vCPUs, `verify`. */
#include "tests/unit/helper.h"

#include "campaign/plan.h"
#include "campaign/profile.h"

static struct profile *parse(const char *machine, const char *guest, const char *operations,
			     struct err *err)
{
	auto_free char *text =
		mem_printf("name: t\n"						     /* 1 */
			   "machine: {type: pc-q35-7.2, accel: tcg, ram: 32MiB%s}\n" /* 2 */
			   "guest: {name: g%s}\n"				     /* 3 */
			   "operations: [%s]\n"					     /* 4 */
			   "builds: [{name: a, binary: /a}]\n"
			   "fleet: {vms: 1}\n"
			   "stop: {loops: 1}\n",
			   machine, guest, operations);
	struct profile *profile = NULL;

	profile_parse(text, strlen(text), "t.yaml", &profile, err);
	return profile;
}

static struct profile *parse_guest(const char *machine, const char *guest, struct err *err)
{
	return parse(machine, guest, "{operation: snapshot-save}, {operation: snapshot-delete}",
		     err);
}

static struct profile *parse_operations(const char *operations, struct err *err)
{
	return parse("", "", operations, err);
}

static void refused(struct profile *profile, const struct err *err, const char *text)
{
	assert_null(profile);
	assert_string_equal(err->text, text);
}

static void what_is_not_said_is_the_guests_own_default(void **state)
{
	struct err err = { 0 };
	struct profile *p = parse_guest("", "", &err);

	(void)state;
	assert_non_null(p);
	assert_int_equal(p->vcpus, 1);
	assert_int_equal(p->writes_per_turn, 0);
	assert_int_equal(p->pause_ns, 0);
	assert_int_equal(p->erase_every, 0);
	assert_int_equal(p->turns_per_page, 0);
	assert_int_equal(p->working_set_bytes, 0);
	assert_int_equal(p->operations[0].verify, PROFILE_VERIFY_DEFAULT);
	profile_free(p);
}

static void all_of_it_is_read(void **state)
{
	struct err err = { 0 };
	struct profile *p =
		parse_guest(", vcpus: 8",
			    ", writes-per-turn: 3, pause-per-turn: 250ms, erase-every: 100, "
			    "turns-per-page: 2, working-set: 28MiB",
			    &err);

	(void)state;
	assert_non_null(p);
	assert_int_equal(p->vcpus, 8);
	assert_int_equal(p->writes_per_turn, 3);
	assert_int_equal(p->pause_ns, 250000000);
	assert_int_equal(p->erase_every, 100);
	assert_int_equal(p->turns_per_page, 2);
	assert_int_equal(p->working_set_bytes, 28 << 20);
	profile_free(p);
}

static void the_working_set_must_fit_the_ram_and_the_vcpus(void **state)
{
	struct err err = { 0 };

	(void)state;
	refused(parse_guest("", ", working-set: 28673KiB", &err), &err,
		"t.yaml:3: guest.working-set: found 28673KiB, expected 4KiB to 28MiB: a page a "
		"vCPU, "
		"and what fits into the RAM");
	refused(parse_guest(", vcpus: 8", ", working-set: 28KiB", &err), &err,
		"t.yaml:3: guest.working-set: found 28KiB, expected 32KiB to 28MiB: a page a vCPU, "
		"and what fits into the RAM");
	profile_free(parse_guest(", vcpus: 7", ", working-set: 28KiB", &err));
	refused(parse_guest(", vcpus: 9", "", &err), &err,
		"t.yaml:2: machine.vcpus: found 9, expected 1 to 8");
	refused(parse_guest("", ", pause-per-turn: 5s", &err), &err,
		"t.yaml:3: guest.pause-per-turn: found 5s, expected 0ms to 4s");
}

static void verify_is_for_saves_and_loads(void **state)
{
	struct err err = { 0 };
	struct profile *p = parse_operations("{operation: snapshot-save, verify: 0}, "
					     "{operation: snapshot-load, verify: 7}, "
					     "{operation: snapshot-delete}",
					     &err);

	(void)state;
	assert_non_null(p);
	assert_int_equal(p->operations[0].verify, 0);
	assert_int_equal(p->operations[1].verify, 7);
	profile_free(p);
	refused(parse_operations("{operation: stop-cont, verify: 7}", &err), &err,
		"t.yaml:4: operations[0].verify: found 7, expected no such key: only snapshot-save "
		"and snapshot-load have it, not stop-cont");
	refused(parse_operations("{operation: snapshot-save-verify}", &err), &err,
		"t.yaml:4: operations[0].operation: found snapshot-save-verify, expected "
		"snapshot-save, snapshot-load, snapshot-delete, migrate, migrate-cancel, "
		"stop-cont, "
		"reset, libvirt-save-restore, libvirt-snapshot-internal or "
		"libvirt-snapshot-external");
}

static void each_nth_save_verifies_at_a_phase_of_its_slot(void **state)
{
	struct err err = { 0 };
	struct profile *p = parse_operations("{operation: snapshot-save, verify: 10}, "
					     "{operation: snapshot-load, verify: 1}, "
					     "{operation: snapshot-delete}",
					     &err);
	bool apart = false;
	int first[8];

	(void)state;
	for (int slot = 0; slot < 8; slot++) {
		unsigned count = 0;

		first[slot] = -1;
		for (unsigned loop = 0; loop < 100; loop++) {
			enum op_kind kind = plan_kind(p, 42, slot, loop, &p->operations[0]);

			assert_int_equal(kind, plan_kind(p, 42, slot, loop, &p->operations[0]));
			assert_int_equal(plan_kind(p, 42, slot, loop, &p->operations[1]),
					 OP_SNAPSHOT_LOAD_VERIFY);
			assert_int_equal(plan_kind(p, 42, slot, loop, &p->operations[2]),
					 OP_SNAPSHOT_DELETE);
			if (kind != OP_SNAPSHOT_SAVE_VERIFY)
				continue;
			if (first[slot] < 0)
				first[slot] = (int)loop;
			assert_int_equal((int)loop % 10, first[slot]);
			count++;
		}
		assert_int_equal(count, 10);
		apart = apart || first[slot] != first[0];
	}
	assert_true(apart);
	profile_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_not_said_is_the_guests_own_default),
		cmocka_unit_test(all_of_it_is_read),
		cmocka_unit_test(the_working_set_must_fit_the_ram_and_the_vcpus),
		cmocka_unit_test(verify_is_for_saves_and_loads),
		cmocka_unit_test(each_nth_save_verifies_at_a_phase_of_its_slot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
