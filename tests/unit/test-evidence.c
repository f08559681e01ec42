// SPDX-License-Identifier: GPL-2.0-or-later
/* The evidence of a state: what is learnt of it, and what goes when a limit is passed. */
#include "tests/unit/helper.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "triage/bundle.h"
#include "triage/evidence.h"

/* An incident's folder of about so many KiB, made so many days ago. */
static void make_incident(const char *folder, int number, const char *signature, size_t kib,
			  int days)
{
	auto_free char *path = mem_printf("%s/%d", folder, number);
	auto_free char *manifest = mem_printf("%s/" BUNDLE_MANIFEST, path);
	auto_free char *load = mem_printf("%s/load", path);
	auto_free char *bytes = helper_fill('x', kib * 1024);
	struct timespec times[2] = { { .tv_sec = time(NULL) - days * 86400 } };
	struct err err = { 0 };
	FILE *f;

	assert_int_equal(folder_make(path, 0700, &err), 0);
	f = fopen(manifest, "we");
	fprintf(f, "{\"signature\": \"%s\"}", signature);
	fclose(f);
	f = fopen(load, "we");
	fwrite(bytes, 1, kib * 1024, f);
	fclose(f);
	times[1] = times[0];
	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static bool is_there(const char *folder, const char *name)
{
	auto_free char *path = mem_printf("%s/%s", folder, name);

	return access(path, F_OK) == 0;
}

static void assert_left(const char *folder, const char *const *names)
{
	size_t count = 0;

	for (; names[count]; count++)
		if (!is_there(folder, names[count]))
			fail_msg("%s has gone", names[count]);
	for (int number = 1; number < 100; number++) {
		auto_free char *name = mem_printf("%d", number);
		bool wanted = false;

		for (size_t i = 0; i < count; i++)
			wanted |= !strcmp(names[i], name);
		if (!wanted && is_there(folder, name))
			fail_msg("%s is still there", name);
	}
}

#define ASSERT_LEFT(folder, ...) assert_left(folder, (const char *const[]){ __VA_ARGS__, NULL })

static int begin(void **state)
{
	*state = helper_scratch();
	return 0;
}

static int end(void **state)
{
	helper_scratch_finish(*state);
	return 0;
}

static const struct evidence_rules plenty = {
	.bytes = 1ll << 40,
	.incidents = 1000000,
	.age_ns = 1000ll * 86400 * CLOCK_NS_PER_S,
};

static void test_nothing_is_there(void **state)
{
	auto_free char *none = mem_printf("%s/none", (char *)*state);
	struct evidence *evidence = evidence_new(none);

	assert_int_equal(evidence_highest(evidence), 0);
	evidence_prune(evidence, &(struct evidence_rules){ 0 });
	evidence_free(evidence);
	evidence_free(NULL);
}

static void test_a_killed_daemon_left_something(void **state)
{
	const char *folder = *state;
	auto_free char *cut = mem_printf("%s/12" BUNDLE_INCOMPLETE, folder);
	auto_free char *foreign = mem_printf("%s/notes", folder);
	struct evidence *evidence;
	struct err err = { 0 };

	make_incident(folder, 7, "a", 1, 0);
	folder_make(cut, 0700, &err);
	folder_make(foreign, 0700, &err);
	evidence = evidence_new(folder);
	/* Its number may have been shown to somebody. */
	assert_int_equal(evidence_highest(evidence), 12);
	assert_int_equal(evidence_incidents(evidence), 1);
	assert_false(is_there(folder, "12" BUNDLE_INCOMPLETE));
	evidence_prune(evidence, &(struct evidence_rules){ 0 });
	assert_true(is_there(folder, "notes"));
	evidence_free(evidence);
}

static void test_a_flood_pushes_nothing_else_out(void **state)
{
	const char *folder = *state;
	struct evidence_rules rules = plenty;
	struct evidence *evidence;

	make_incident(folder, 1, "rare", 1, 0);
	for (int number = 2; number <= 6; number++)
		make_incident(folder, number, "flood", 1, 0);
	evidence = evidence_new(folder);
	make_incident(folder, 7, "new", 1, 0);
	evidence_add(evidence, 7, "new");
	rules.incidents = 4;
	evidence_prune(evidence, &rules);
	ASSERT_LEFT(folder, "1", "5", "6", "7");
	/* All are alone now: the oldest goes. */
	rules.incidents = 2;
	evidence_prune(evidence, &rules);
	ASSERT_LEFT(folder, "6", "7");
	evidence_free(evidence);
}

static void test_size(void **state)
{
	const char *folder = *state;
	struct evidence_rules rules = plenty;
	struct evidence *evidence;

	for (int number = 1; number <= 4; number++)
		make_incident(folder, number, "same", 100, 0);
	evidence = evidence_new(folder);
	assert_in_range(evidence_bytes(evidence), 400 * 1024, 600 * 1024);
	rules.bytes = 300 * 1024;
	evidence_prune(evidence, &rules);
	ASSERT_LEFT(folder, "3", "4");
	assert_in_range(evidence_bytes(evidence), 200 * 1024, 300 * 1024);
	/* The newest stays, however large it is. */
	rules.bytes = 1;
	evidence_prune(evidence, &rules);
	ASSERT_LEFT(folder, "4");
	evidence_free(evidence);
}

static void test_age(void **state)
{
	const char *folder = *state;
	struct evidence_rules rules = plenty;
	struct evidence *evidence;

	make_incident(folder, 1, "a", 1, 30);
	make_incident(folder, 2, "b", 1, 5);
	make_incident(folder, 3, "c", 1, 30);
	make_incident(folder, 4, "d", 1, 0);
	evidence = evidence_new(folder);
	rules.age_ns = 10ll * 86400 * CLOCK_NS_PER_S;
	evidence_prune(evidence, &rules);
	ASSERT_LEFT(folder, "2", "4");
	evidence_free(evidence);
}

static void test_manifests_that_say_nothing(void **state)
{
	const char *folder = *state;
	auto_free char *path = mem_printf("%s/2/" BUNDLE_MANIFEST, folder);
	struct evidence_rules rules = plenty;
	struct evidence *evidence;

	for (int number = 1; number <= 3; number++)
		make_incident(folder, number, "a", 1, 0);
	assert_int_equal(truncate(path, 5), 0);
	evidence = evidence_new(folder);
	rules.incidents = 2;
	evidence_prune(evidence, &rules);
	ASSERT_LEFT(folder, "2", "3");
	evidence_free(evidence);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_nothing_is_there),
		TEST(test_a_killed_daemon_left_something),
		TEST(test_a_flood_pushes_nothing_else_out),
		TEST(test_size),
		TEST(test_age),
		TEST(test_manifests_that_say_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
