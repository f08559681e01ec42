// SPDX-License-Identifier: GPL-2.0-or-later
/* QEMU's command line: what of a build, and of a run, stands where. */
#include "tests/unit/helper.h"

#include "vm/direct.h"

#define QMP_FD 7
#define RAM_FD 8

/* The command line for a run of build, its words separated by blanks; the caller frees. */
static char *command_line(const struct build *build, bool incoming)
{
	const struct machine machine = { .type = "pc-q35-7.2",
					 .accel = "tcg",
					 .ram_bytes = 32 << 20,
					 .firmware = "/guest.bin" };
	const struct run_spec spec = {
		.machine = &machine, .build = build, .incoming = incoming, .slot = 3, .vm = 5
	};
	char **argv = direct_argv(&spec, QMP_FD, RAM_FD);
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	for (char **word = argv; *word; word++)
		fprintf(f, "%s%s", word == argv ? "" : " ", *word);
	fclose(f);
	words_free(argv);
	return text;
}

static void has(const struct build *build, const char *words)
{
	auto_free char *line = command_line(build, false);

	if (!strstr(line, words))
		fail_msg("no \"%s\" in %s", words, line);
}

static void has_not(const struct build *build, const char *words)
{
	auto_free char *line = command_line(build, false);

	if (strstr(line, words))
		fail_msg("\"%s\" in %s", words, line);
}

static char *none[] = { NULL };

static const struct build_spec plain = { .binary = (char *)"/opt/qemu",
					 .args = none,
					 .data = none,
					 .env = none,
					 .trace = none,
					 .wrapper = none };

static void a_run_is_told_its_place_and_its_descriptors(void **state)
{
	const struct build build = { .spec = plain };

	(void)state;
	has(&build, "/opt/qemu -name guest=qsoak-3-5,debug-threads=on ");
	has(&build, " -machine pc-q35-7.2,accel=tcg,memory-backend=ram,");
	has(&build, ",size=33554432,share=on,mem-path=/proc/self/fd/8 ");
	has(&build, " -chardev socket,id=qmp,fd=7 ");
	has(&build, "\"filename\":\"/guest.bin\"");
}

static void args_are_the_last_word(void **state)
{
	static char *args[] = { "-cpu", "max", NULL };
	struct build build = { .spec = plain };
	auto_free char *line = NULL;

	(void)state;
	build.spec.args = args;
	line = command_line(&build, true);
	assert_non_null(strstr(line, " -incoming defer -cpu max"));
	assert_string_equal(strstr(line, " -cpu max"), " -cpu max");
	has_not(&build, "-incoming");
}

static void a_wrapper_comes_before_the_binary_with_its_arguments(void **state)
{
	static char *wrapper[] = { "/usr/bin/nice", "-n", "5", NULL };
	struct build build = { .spec = plain };
	auto_free char *line = NULL;

	(void)state;
	build.spec.wrapper = wrapper;
	line = command_line(&build, false);
	assert_int_equal(strncmp(line, "/usr/bin/nice -n 5 /opt/qemu -name ", 35), 0);
}

static void data_and_trace_become_options_of_their_own(void **state)
{
	static char *data[] = { "/srv/a", "/srv/b c", NULL };
	static char *trace[] = { "migration_*", "job_state", NULL };
	struct build build = { .spec = plain };

	(void)state;
	has_not(&build, "-L");
	has_not(&build, "-trace");
	build.spec.data = data;
	build.spec.trace = trace;
	has(&build, " -L /srv/a -L /srv/b c -trace enable=migration_* -trace enable=job_state ");
}

static void a_build_with_seccomp_runs_sandboxed(void **state)
{
	static char *own[] = { "-sandbox", "on,spawn=deny", NULL };
	struct build build = { .spec = plain };

	(void)state;
	has_not(&build, "-sandbox");
	build.sandbox = true;
	has(&build, " -sandbox on ");
	/* What its own args say is not said twice. */
	build.spec.args = own;
	has_not(&build, "-sandbox on ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_run_is_told_its_place_and_its_descriptors),
		cmocka_unit_test(args_are_the_last_word),
		cmocka_unit_test(a_wrapper_comes_before_the_binary_with_its_arguments),
		cmocka_unit_test(data_and_trace_become_options_of_their_own),
		cmocka_unit_test(a_build_with_seccomp_runs_sandboxed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
