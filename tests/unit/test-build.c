// SPDX-License-Identifier: GPL-2.0-or-later
/* The identity of a build: what is read of a binary, and what is refused as the user's mistake. */
#include "tests/unit/helper.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "vm/build.h"

#define SCRIPT                                         \
	"#!/bin/sh\n"                                  \
	"echo \"QEMU emulator version 7.2.22 ($*)\"\n" \
	"echo Copyright\n"
#define SCRIPT_SHA256 "db7d07a1f1530b441e2a228ec54a6cf0ed19dfa91eaba1f78567e96691e93198"

#define REFUSES_SANDBOX                                                       \
	"#!/bin/sh\n"                                                         \
	"[ $1 = -sandbox ] && echo qemu: -sandbox is not enabled && exit 1\n" \
	"echo QEMU emulator version 7.2.22\n"

struct shop {
	char *folder, *binary; /* the binary does not exist */
};

static int open_shop(void **state)
{
	struct shop *shop = mem_new(struct shop);

	shop->folder = helper_scratch();
	shop->binary = mem_printf("%s/qemu", shop->folder);
	*state = shop;
	return 0;
}

static int close_shop(void **state)
{
	struct shop *shop = *state;

	helper_scratch_finish(shop->folder);
	free(shop->binary);
	free(shop);
	return 0;
}

static void write_binary(const struct shop *shop, const char *text, mode_t mode)
{
	auto_close int fd = open(shop->binary, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, mode);

	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

/* What a profile says of it where it says little; all is borrowed. */
static struct build_spec spec_of(const char *binary, const char *const *args)
{
	static char *none[] = { NULL };

	return (struct build_spec){ .name = (char *)"stock",
				    .binary = (char *)binary,
				    .args = args ? (char **)args : none,
				    .data = none,
				    .env = none,
				    .trace = none,
				    .wrapper = none };
}

/* Identifying it fails as the user's mistake, with a text that names the build. */
static void spec_is_refused(const struct build_spec *spec, const char *words)
{
	struct build build = { .id = 99 };
	struct err err = { 0 };
	int r = build_identify(spec, &build, &err);

	if (r != -EINVAL || err.code != -EINVAL)
		fail_msg("%s: code %d, not -EINVAL: %s", spec->binary, err.code, err.text);
	assert_int_equal(strncmp(err.text, "build stock: ", 13), 0);
	assert_non_null(strstr(err.text, words));
	assert_true(build.id == 99);
	assert_null(build.spec.name);
}

static void is_refused(const char *binary, const char *words)
{
	const struct build_spec spec = spec_of(binary, NULL);

	spec_is_refused(&spec, words);
}

/* Identifies what must be fine; the caller finishes it. */
static struct build identified(const struct build_spec *spec)
{
	struct build build;
	struct err err = { 0 };

	if (build_identify(spec, &build, &err) < 0)
		fail_msg("%s", err.text);
	return build;
}

static void a_build_is_known_by_version_and_digest(void **state)
{
	const struct shop *shop = *state;
	const struct build_spec spec = spec_of(shop->binary, NULL);
	struct build build;

	write_binary(shop, SCRIPT, 0755);
	build = identified(&spec);
	assert_string_equal(build.spec.name, "stock");
	assert_string_equal(build.spec.binary, shop->binary);
	assert_string_equal(build.version, "QEMU emulator version 7.2.22 (-sandbox on --version)");
	assert_string_equal(build.sha256, SCRIPT_SHA256);
	/* A script has none. */
	assert_null(build.build_id);
	assert_null(build.spec.args[0]);
	build_finish(&build);
}

static void names_and_lists_are_copies(void **state)
{
	const struct shop *shop = *state;
	char name[] = "stock", arg[] = "-nodefaults", variable[] = "A=b";
	const char *const args[] = { arg, "-L", NULL };
	char *env[] = { variable, NULL };
	struct build_spec spec = spec_of(shop->binary, args);
	struct build build;

	spec.name = name;
	spec.env = env;
	write_binary(shop, SCRIPT, 0755);
	build = identified(&spec);
	memset(name, 'x', sizeof(name) - 1);
	memset(arg, 'x', sizeof(arg) - 1);
	memset(variable, 'x', sizeof(variable) - 1);
	assert_string_equal(build.spec.name, "stock");
	assert_string_equal(build.spec.args[0], "-nodefaults");
	assert_string_equal(build.spec.args[1], "-L");
	assert_null(build.spec.args[2]);
	assert_string_equal(build.spec.env[0], "A=b");
	assert_null(build.spec.wrapper[0]);
	build_finish(&build);
	assert_null(build.spec.name);
	/* Finished, and zeroed ones, may be finished again. */
	build_finish(&build);
}

static void the_version_is_asked_as_it_will_run(void **state)
{
	static char *wrapper[] = { "/usr/bin/env", "BY=wrapper", NULL };
	static char *env[] = { "SET=env", NULL };
	const struct shop *shop = *state;
	struct build_spec spec = spec_of(shop->binary, NULL);
	struct build build;

	spec.wrapper = wrapper;
	spec.env = env;
	/* What comes before it is the wrapper's. */
	write_binary(shop,
		     "#!/bin/sh\necho ==1== a banner\necho QEMU emulator version 1 $SET $BY\n",
		     0755);
	build = identified(&spec);
	assert_string_equal(build.version, "QEMU emulator version 1 env wrapper");
	build_finish(&build);
}

static void directories_of_data_must_be_there(void **state)
{
	const struct shop *shop = *state;
	char *missing[] = { shop->folder, "/nonexistent/data", NULL };
	char *file[] = { shop->binary, NULL };
	struct build_spec spec = spec_of(shop->binary, NULL);

	write_binary(shop, SCRIPT, 0755);
	spec.data = missing;
	spec_is_refused(&spec, "data: cannot find /nonexistent/data: No such file or directory");
	spec.data = file;
	spec_is_refused(&spec, "is not a directory");
}

/* Whether it is sandboxed, with these args. */
static bool sandboxed(const struct shop *shop, const char *script, const char *const *args)
{
	const struct build_spec spec = spec_of(shop->binary, args);
	struct build build;
	bool sandbox;

	write_binary(shop, script, 0755);
	build = identified(&spec);
	sandbox = build.sandbox;
	build_finish(&build);
	return sandbox;
}

static void a_build_is_sandboxed_where_it_can_be(void **state)
{
	static const char *const off[] = { "-nodefaults", "--sandbox", "off", NULL };
	static const char *const own[] = { "-sandbox", "on,spawn=deny", NULL };
	static const char *const cut[] = { "-sandbox", NULL };

	assert_true(sandboxed(*state, SCRIPT, NULL));
	assert_false(sandboxed(*state, REFUSES_SANDBOX, NULL));
	/* Its own args have the last word. */
	assert_false(sandboxed(*state, SCRIPT, off));
	assert_true(sandboxed(*state, SCRIPT, own));
	assert_true(sandboxed(*state, SCRIPT, cut));
}

static void an_elf_binary_has_its_build_id(void **state)
{
	const struct build_spec spec = spec_of("/bin/ls", NULL);
	struct build build = identified(&spec);

	(void)state;
	assert_non_null(build.build_id);
	assert_int_equal(strlen(build.build_id), 40);
	assert_int_equal(strlen(build.sha256), 64);
	assert_non_null(strstr(build.version, "ls (GNU coreutils)"));
	assert_null(strchr(build.version, '\n'));
	build_finish(&build);
}

static void a_binary_that_is_missing_is_refused(void **state)
{
	const struct shop *shop = *state;

	is_refused(shop->binary, "No such file or directory");
}

static void a_file_that_is_not_executable_is_refused(void **state)
{
	const struct shop *shop = *state;

	write_binary(shop, SCRIPT, 0644);
	is_refused(shop->binary, "Permission denied");
}

static void a_file_that_is_no_program_is_refused(void **state)
{
	const struct shop *shop = *state;

	write_binary(shop, "junk\n", 0755);
	is_refused(shop->binary, "Exec format error");
}

static void a_binary_that_fails_is_refused_with_its_words(void **state)
{
	const struct shop *shop = *state;

	write_binary(shop, "#!/bin/sh\necho no libc; exit 127\n", 0755);
	is_refused(shop->binary, "exited with status 127: no libc");
}

static void a_folder_is_refused(void **state)
{
	const struct shop *shop = *state;

	is_refused(shop->folder, shop->folder);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_shop, close_shop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_build_is_known_by_version_and_digest),
		TEST(names_and_lists_are_copies),
		TEST(the_version_is_asked_as_it_will_run),
		TEST(directories_of_data_must_be_there),
		TEST(a_build_is_sandboxed_where_it_can_be),
		TEST(an_elf_binary_has_its_build_id),
		TEST(a_binary_that_is_missing_is_refused),
		TEST(a_file_that_is_not_executable_is_refused),
		TEST(a_file_that_is_no_program_is_refused),
		TEST(a_binary_that_fails_is_refused_with_its_words),
		TEST(a_folder_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
