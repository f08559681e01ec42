// SPDX-License-Identifier: GPL-2.0-or-later
/* Where a core is, by the kernel's pattern. */
#include "tests/unit/helper.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/clock.h"
#include "triage/core.h"

static void assert_glob(const char *pattern, bool uses_pid, const char *expected)
{
	struct core_place place;

	core_locate(pattern, uses_pid, INT64_MAX, "/vms/0", 4711, &place);
	assert_int_equal(place.route, CORE_FILE);
	assert_string_equal(place.glob, expected);
	assert_int_equal(place.names_pid, strstr(expected, "4711") || *pattern != '/');
	assert_null(place.why);
	core_place_finish(&place);
}

static void test_files(void **state)
{
	auto_free char *with_host = NULL;
	struct utsname host;

	(void)state;
	uname(&host);
	assert_glob("core", false, "/vms/0/core");
	assert_glob("core", true, "/vms/0/core.4711");
	assert_glob("core.%p", true, "/vms/0/core.4711");
	assert_glob("/cores/%e-%p-%t", false, "/cores/*-4711-*");
	assert_glob("/cores/%P", true, "/cores/*.4711");
	assert_glob("100%%.%s", false, "/vms/0/100%.*");
	assert_glob("c*[1]?\\", false, "/vms/0/c\\*\\[1]\\?\\\\");
	assert_glob("cut%", false, "/vms/0/cut");
	with_host = mem_printf("/vms/0/%s", host.nodename);
	assert_glob("%h", false, with_host);
}

static void test_of_a_daemon(void **state)
{
	struct core_place place;

	(void)state;
	core_locate("core", false, INT64_MAX, NULL, 4711, &place);
	assert_string_equal(place.glob, "/core");
	/* Any other daemon's may be there. */
	assert_false(place.names_pid);
	core_place_finish(&place);
	core_locate("core.%p", false, INT64_MAX, NULL, 4711, &place);
	assert_string_equal(place.glob, "/core.4711");
	assert_true(place.names_pid);
	core_place_finish(&place);
}

static void assert_lost(const char *pattern, int64_t hard_limit, const char *why)
{
	struct core_place place;

	core_locate(pattern, false, hard_limit, "/vms/0", 4711, &place);
	assert_int_equal(place.route, CORE_LOST);
	assert_null(place.glob);
	if (!strstr(place.why, why))
		fail_msg("\"%s\" does not say \"%s\"", place.why, why);
	core_place_finish(&place);
}

static void test_lost(void **state)
{
	(void)state;
	assert_lost("", INT64_MAX, "core_pattern is empty");
	assert_lost("core", 0, "ulimit -Hc");
	assert_lost("|/usr/share/apport/apport %p", INT64_MAX, "/usr/share/apport/apport, which");
}

static void test_systemd(void **state)
{
	struct core_place place;

	(void)state;
	/* A pipe does not ask for the limit. */
	core_locate("|/lib/systemd/systemd-coredump %P %u %g %s %t 9223372036854775808 %h", false,
		    0, "/vms/0", 4711, &place);
	assert_int_equal(place.route, CORE_COREDUMPCTL);
	assert_null(place.glob);
	assert_null(place.why);
	core_place_finish(&place);
}

static void make_file(const char *folder, const char *name, time_t modified)
{
	auto_free char *path = mem_printf("%s/%s", folder, name);
	struct timespec times[2] = { { .tv_sec = modified }, { .tv_sec = modified } };
	FILE *f = fopen(path, "we");

	fclose(f);
	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static void test_finding(void **state)
{
	auto_free char *folder = helper_scratch();
	auto_free char *pattern = mem_printf("%s/core.*", folder);
	auto_free char *expected = mem_printf("%s/core.new", folder);
	auto_free char *link = mem_printf("%s/core.link", folder);
	auto_free char *dir = mem_printf("%s/core.dir", folder);
	auto_free char *path = NULL;
	struct err err = { 0 };

	(void)state;
	make_file(folder, "core.old", 1000);
	assert_int_equal(core_find(pattern, 2000 * CLOCK_NS_PER_S, &path, &err), -ENOENT);
	make_file(folder, "core.other", 3000);
	make_file(folder, "core.new", 4000);
	/* What anybody may have put there. */
	assert_int_equal(symlink("/etc/passwd", link), 0);
	assert_int_equal(mkdir(dir, 0700), 0);
	assert_int_equal(core_find(pattern, 2000 * CLOCK_NS_PER_S, &path, &err), 0);
	assert_string_equal(path, expected);
	folder_remove(folder);
}

static void test_here(void **state)
{
	struct core_place place;

	(void)state;
	core_locate_here("/vms/0", 4711, &place);
	assert_non_null(core_route_name(place.route));
	assert_true(place.route != CORE_LOST || place.why);
	core_place_finish(&place);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_files),	cmocka_unit_test(test_of_a_daemon),
		cmocka_unit_test(test_lost),	cmocka_unit_test(test_systemd),
		cmocka_unit_test(test_finding), cmocka_unit_test(test_here),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
