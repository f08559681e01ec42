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
	direct_argv_free(argv);
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

static void a_run_is_told_its_place_and_its_descriptors(void **state)
{
	static char *args[] = { NULL };
	const struct build build = { .binary = "/opt/qemu", .args = args };

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
	const struct build build = { .binary = "/opt/qemu", .args = args };
	auto_free char *line = command_line(&build, true);

	(void)state;
	assert_non_null(strstr(line, " -incoming defer -cpu max"));
	assert_string_equal(strstr(line, " -cpu max"), " -cpu max");
	has_not(&build, "-incoming");
}

static void a_build_with_seccomp_runs_sandboxed(void **state)
{
	static char *none[] = { NULL }, *own[] = { "-sandbox", "on,spawn=deny", NULL };

	(void)state;
	has(&(struct build){ .binary = "/q", .args = none, .sandbox = true }, " -sandbox on ");
	has_not(&(struct build){ .binary = "/q", .args = none }, "-sandbox");
	/* What its own args say is not said twice. */
	has_not(&(struct build){ .binary = "/q", .args = own, .sandbox = true }, "-sandbox on ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_run_is_told_its_place_and_its_descriptors),
		cmocka_unit_test(args_are_the_last_word),
		cmocka_unit_test(a_build_with_seccomp_runs_sandboxed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
