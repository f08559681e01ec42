// SPDX-License-Identifier: GPL-2.0-or-later
/* The identity of a build: what is read of a binary, and what is refused as the user's mistake. */
#include "tests/unit/helper.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/beside.h"
#include "vm/build.h"

/* A script that says its version as asked, and becomes a QEMU otherwise. */
#define SCRIPT                                                                \
	"case \"$*\" in *--version*)\n"                                       \
	"	echo \"QEMU emulator version 7.2.22 ($*)\"; echo Copyright; exit\n" \
	"esac\n"

#define REFUSES_SANDBOX \
	"case \"$*\" in *-sandbox*) echo qemu: -sandbox is not enabled; exit 1; esac\n" SCRIPT

/* As a QEMU below a wrapper without seccomp does. */
#define FAILS_SANDBOXED \
	"case \"$*\" in *-machine*-sandbox*) echo qemu: no seccomp; exit 1; esac\n" SCRIPT

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

static char *fake_qemu(void)
{
	static const char *const places[] = { "../fake-qemu" };
	char *found = beside_find(places, ARRAY_SIZE(places), X_OK);

	assert_non_null(found);
	return found;
}

/* A shell script that, where it does not exit, becomes the fake QEMU. */
static void write_script(const struct shop *shop, const char *text, const char *start)
{
	auto_free char *fake = fake_qemu();
	auto_free char *script = mem_printf("#!/bin/sh\n%s%s%s \"$@\"\n", text, start, fake);

	write_binary(shop, script, 0755);
}

static struct identity identity_of(const char *path)
{
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct identity identity;
	struct err err = { 0 };

	assert_int_equal(identity_read(fd, path, &identity, &err), 0);
	return identity;
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
	assert_non_null(strstr(err.text, "build stock"));
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

static void a_build_is_known_by_the_file_that_runs(void **state)
{
	const struct shop *shop = *state;
	const struct build_spec spec = spec_of(shop->binary, NULL);
	auto_free char *fake = fake_qemu();
	struct identity identity = identity_of(fake);
	struct build build;

	write_script(shop, SCRIPT, "exec ");
	build = identified(&spec);
	assert_string_equal(build.spec.name, "stock");
	assert_string_equal(build.spec.binary, shop->binary);
	assert_string_equal(build.version, "QEMU emulator version 7.2.22 (-sandbox on --version)");
	/* A script is not what runs. */
	assert_string_equal(build.identity.sha256, identity.sha256);
	assert_string_equal(build.identity.build_id, identity.build_id);
	assert_true(build.identity.ino == identity.ino);
	assert_null(build.spec.args[0]);
	build_finish(&build);
	identity_finish(&identity);
}

static void a_wrapper_may_decide_which_file_runs(void **state)
{
	const struct shop *shop = *state;
	char *wrapper[] = { shop->binary, NULL };
	auto_free char *fake = fake_qemu();
	struct build_spec spec = spec_of("/not/here/but/elsewhere", NULL);
	struct identity identity = identity_of(fake);
	struct build build;

	/* As chroot does. */
	write_script(shop, "shift\n" SCRIPT, "exec ");
	spec.wrapper = wrapper;
	build = identified(&spec);
	assert_string_equal(build.identity.sha256, identity.sha256);
	build_finish(&build);
	identity_finish(&identity);
}

static void a_wrapper_that_does_not_exec_is_refused(void **state)
{
	const struct shop *shop = *state;
	char *wrapper[] = { shop->binary, NULL };
	auto_free char *fake = fake_qemu();
	struct build_spec spec = spec_of(fake, NULL);

	write_script(shop, "shift\n" SCRIPT, "");
	spec.wrapper = wrapper;
	spec_is_refused(&spec, "the wrapper of build stock does not exec: process ");
	spec_is_refused(&spec, " is not QEMU but /");
}

static void a_wrapper_that_cannot_start_it_is_refused(void **state)
{
	const struct shop *shop = *state;
	char *wrapper[] = { shop->binary, NULL };
	struct build_spec spec = spec_of("/opt/qemu", NULL);

	write_binary(shop, "#!/bin/sh\n[ $# -lt 4 ] && echo v && exit\necho no such thing\n", 0755);
	spec.wrapper = wrapper;
	spec_is_refused(&spec, "it left without a greeting: no such thing");
}

static void another_file_or_another_content_is_a_change(void **state)
{
	const struct shop *shop = *state;
	struct identity before;
	struct err err = { 0 };
	auto_free char *copy = mem_printf("cp /bin/ls %s", shop->binary);
	int fd;

	assert_int_equal(system(copy), 0);
	before = identity_of(shop->binary);
	fd = open(shop->binary, O_RDONLY | O_CLOEXEC);
	assert_int_equal(identity_compare(&before, fd, &err), 0);
	close(fd);
	/* Put there anew, and still the same program. */
	assert_int_equal(unlink(shop->binary), 0);
	assert_int_equal(system(copy), 0);
	fd = open(shop->binary, O_RDONLY | O_CLOEXEC);
	assert_int_equal(identity_compare(&before, fd, &err), 0);
	close(fd);
	fd = open("/bin/cat", O_RDONLY | O_CLOEXEC);
	assert_int_equal(identity_compare(&before, fd, &err), -ESTALE);
	assert_non_null(strstr(err.text, before.build_id));
	assert_int_equal(strncmp(err.text, "build-id was ", 13), 0);
	close(fd);
	/* Without build-ids the digests decide. */
	write_binary(shop, "#!/bin/sh\n", 0755);
	fd = open(shop->binary, O_RDONLY | O_CLOEXEC);
	assert_int_equal(identity_compare(&before, fd, &err), -ESTALE);
	assert_int_equal(strncmp(err.text, "SHA-256 was ", 12), 0);
	close(fd);
	identity_finish(&before);
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
	write_script(shop, SCRIPT, "exec ");
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
	write_script(shop,
		     "case \"$*\" in *--version*)\n"
		     "echo ==1== a banner; echo QEMU emulator version 1 $SET $BY; exit; esac\n",
		     "exec ");
	build = identified(&spec);
	assert_string_equal(build.version, "QEMU emulator version 1 env wrapper");
	build_finish(&build);
}

/* A build of which only name and machine types matter. */
static struct build with_machines(const char *name, const char *machines)
{
	return (struct build){ .spec = { .name = (char *)name }, .machines = (char *)machines };
}

static void a_machine_type_must_be_common_to_all_builds(void **state)
{
	const struct build builds[] = {
		with_machines("old", "Supported machines are:\nq35  x (alias of pc-q35-7.2)\n"
				     "pc-q35-7.2  x\npc-q35-7.1\tx\npc-i440fx-7.1 x\npc-q35-2.4"),
		with_machines("new", "pc-q35-9.0 x\npc-q35-7.10 x\npc-q35-7.1 x\npc-i440fx-7.1 x\n"
				     "pc-q35-2.4 x\n"),
		with_machines("arm", "virt x\n"),
	};
	struct err err = { 0 };

	(void)state;
	assert_int_equal(build_check_machine(builds, 2, "pc-q35-7.1", &err), 0);
	assert_int_equal(build_check_machine(builds, 2, "pc-q35-2.4", &err), 0);
	assert_int_equal(build_check_machine(builds, 1, "pc-q35-7.2", &err), 0);
	assert_int_equal(build_check_machine(builds, 2, "pc-q35-7.2", &err), -EINVAL);
	assert_string_equal(err.text,
			    "machine.type: found pc-q35-7.2, but build new does not know it, "
			    "expected one that all builds know: pc-q35-7.1, pc-q35-2.4");
	assert_int_equal(build_check_machine(builds, 2, "pc-q35-7", &err), -EINVAL);
	assert_int_equal(build_check_machine(builds, 3, "pc-q35-7.1", &err), -EINVAL);
	assert_string_equal(err.text,
			    "machine.type: found pc-q35-7.1, but build arm does not know it, "
			    "expected builds that have a type in common: there is none");
}

static void directories_of_data_must_be_there(void **state)
{
	const struct shop *shop = *state;
	char *missing[] = { shop->folder, "/nonexistent/data", NULL };
	char *file[] = { shop->binary, NULL };
	struct build_spec spec = spec_of(shop->binary, NULL);

	write_script(shop, SCRIPT, "exec ");
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

	write_script(shop, script, "exec ");
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
	assert_false(sandboxed(*state, FAILS_SANDBOXED, NULL));
	/* Its own args have the last word. */
	assert_false(sandboxed(*state, SCRIPT, off));
	assert_true(sandboxed(*state, SCRIPT, own));
	assert_true(sandboxed(*state, SCRIPT, cut));
}

static void an_elf_binary_has_its_build_id(void **state)
{
	auto_free char *fake = fake_qemu();
	const struct build_spec spec = spec_of(fake, NULL);
	struct build build = identified(&spec);

	(void)state;
	assert_non_null(build.identity.build_id);
	assert_int_equal(strlen(build.identity.build_id), 40);
	assert_int_equal(strlen(build.identity.sha256), 64);
	assert_non_null(strstr(build.version, "QEMU emulator version 7.2.99"));
	assert_null(strchr(build.version, '\n'));
	build_finish(&build);
}

static void a_binary_that_is_missing_is_refused(void **state)
{
	const struct shop *shop = *state;

	is_refused(shop->binary, "No such file or directory");
}

static void what_the_unit_may_hide_is_said(void **state)
{
	(void)state;
	is_refused("/home/nobody/qemu", "cannot open /home/nobody/qemu: No such file or directory");
	setenv("NOTIFY_SOCKET", "/run/none", 1);
	is_refused("/home/nobody/qemu",
		   "the unit of qsoakd hides it: use `qsoak run --local`, or BindReadOnlyPaths=");
	is_refused("/usr/nobody/qemu", "cannot open /usr/nobody/qemu: No such file or directory");
	unsetenv("NOTIFY_SOCKET");
}

static void a_file_that_is_not_executable_is_refused(void **state)
{
	const struct shop *shop = *state;

	write_binary(shop, "#!/bin/sh\n", 0644);
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
		TEST(a_build_is_known_by_the_file_that_runs),
		TEST(a_wrapper_may_decide_which_file_runs),
		TEST(a_wrapper_that_does_not_exec_is_refused),
		TEST(a_wrapper_that_cannot_start_it_is_refused),
		TEST(another_file_or_another_content_is_a_change),
		TEST(names_and_lists_are_copies),
		TEST(the_version_is_asked_as_it_will_run),
		TEST(a_machine_type_must_be_common_to_all_builds),
		TEST(directories_of_data_must_be_there),
		TEST(a_build_is_sandboxed_where_it_can_be),
		TEST(an_elf_binary_has_its_build_id),
		TEST(a_binary_that_is_missing_is_refused),
		TEST(what_the_unit_may_hide_is_said),
		TEST(a_file_that_is_not_executable_is_refused),
		TEST(a_file_that_is_no_program_is_refused),
		TEST(a_binary_that_fails_is_refused_with_its_words),
		TEST(a_folder_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
