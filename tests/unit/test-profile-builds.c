// SPDX-License-Identifier: GPL-2.0-or-later
/* The builds of a profile: every key of theirs, its ends, and every way to be refused. */
#include "tests/unit/profile-text.h"

static void nothing_but_name_and_binary_leaves_empty_lists(void **state)
{
	struct profile *p = parse(minimal, strlen(minimal));

	(void)state;
	assert_null(p->builds[0].args[0]);
	assert_null(p->builds[0].data[0]);
	assert_null(p->builds[0].env[0]);
	assert_null(p->builds[0].trace[0]);
	assert_null(p->builds[0].wrapper[0]);
	profile_free(p);
}

static void every_key_is_heard(void **state)
{
	struct profile *p = parse_edited(
		"qemu}", "qemu, args: [-x, 'a, b'], data: [/srv/a, /srv/b/],\n"
			 "     env: {_A1: 'x=y z', EMPTY: , no: yes}, trace: ['*', migration_x?],\n"
			 "     wrapper: [/usr/bin/nice, -n, '5']}");
	const struct build_spec *build = &p->builds[0];

	(void)state;
	assert_string_equal(build->args[1], "a, b");
	assert_string_equal(build->data[0], "/srv/a");
	assert_string_equal(build->data[1], "/srv/b/");
	assert_null(build->data[2]);
	assert_string_equal(build->env[0], "_A1=x=y z");
	assert_string_equal(build->env[1], "EMPTY=");
	assert_string_equal(build->env[2], "no=yes");
	assert_null(build->env[3]);
	assert_string_equal(build->trace[0], "*");
	assert_string_equal(build->trace[1], "migration_x?");
	assert_null(build->trace[2]);
	assert_string_equal(build->wrapper[0], "/usr/bin/nice");
	assert_string_equal(build->wrapper[2], "5");
	assert_null(build->wrapper[3]);
	profile_free(p);
}

/* The minimal profile with a key that has count entries, each made of its number by format, between
 * open and close. */
static char *with_many(const char *open, const char *format, int count, const char *close)
{
	auto_free char *list = mem_strdup("");

	for (int i = 0; i < count; i++) {
		auto_free char *entry = mem_printf(format, i);
		char *longer = mem_printf("%s%s,", list, entry);

		free(list);
		list = longer;
	}
	{
		auto_free char *build = mem_printf("qemu, %s%s%s}", open, list, close);

		return edited("qemu}", build);
	}
}

static void lists_end_at_their_limits(void **state)
{
	static const struct {
		const char *open, *format, *close, *error;
		int max;
	} cases[] = {
		{ "args: [", "a%d", "]", "args: found 257 entries, expected 0 to 256",
		  PROFILE_ARGS_MAX },
		{ "data: [", "/d%d", "]", "data: found 17 entries, expected 0 to 16",
		  PROFILE_DATA_MAX },
		{ "env: {", "E%d: x", "}", "env: found 65 entries, expected at most 64",
		  PROFILE_ENV_MAX },
		{ "trace: [", "t%d", "]", "trace: found 65 entries, expected 0 to 64",
		  PROFILE_TRACE_MAX },
		{ "wrapper: [", "/w%d", "]", "wrapper: found 65 entries, expected 0 to 64",
		  PROFILE_WRAPPER_MAX },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_free char *full =
			with_many(cases[i].open, cases[i].format, cases[i].max, cases[i].close);
		auto_free char *more =
			with_many(cases[i].open, cases[i].format, cases[i].max + 1, cases[i].close);
		auto_free char *error = mem_printf("t.yaml:5: builds[0].%s", cases[i].error);

		profile_free(parse(full, strlen(full)));
		refused_bytes(more, strlen(more), error);
	}
}

static void the_last_of_a_full_list_is_there(void **state)
{
	auto_free char *text = with_many("args: [", "a%d", PROFILE_ARGS_MAX, "]");
	struct profile *p = parse(text, strlen(text));

	(void)state;
	assert_string_equal(p->builds[0].args[PROFILE_ARGS_MAX - 1], "a255");
	assert_null(p->builds[0].args[PROFILE_ARGS_MAX]);
	profile_free(p);
}

#define DATA_RULE "expected the absolute path of a directory"
#define TRACE_RULE \
	"expected a pattern of up to 128 letters, digits, '_', '*' and '?', like migration_*"
#define VARIABLE_RULE "no name of a variable, expected letters, digits and '_', the first no digit"

static void what_is_wrong_is_said(void **state)
{
	static const struct bad_edit cases[] = {
		{ "binary:", "Binary:",
		  "5: builds[0].Binary: unknown key, expected name, binary, origin, args, data, "
		  "env, trace or wrapper" },
		{ "name: stock, ", "", "5: builds[0].name: missing, " NAME_RULE },
		{ "qemu}", "qemu, origin: \"a\\nb\"}",
		  "5: builds[0].origin: found \"a\\x0ab\", expected a line of up to 256 bytes" },
		{ "{name: stock, binary: /usr/bin/qemu}", "/usr/bin/qemu",
		  "5: builds[0]: found /usr/bin/qemu, expected a mapping" },
		{ "/usr/bin/qemu}", "{path: /usr/bin/qemu}}",
		  "5: builds[0].binary: found a mapping, " BINARY_RULE },
		{ "qemu}", "qemu, args: [-snapshot, -runas, nobody]}",
		  "5: builds[0].args[1]: found -runas, expected no option by which a QEMU may outlive qsoakd" },
		{ "qemu}", "qemu, args: [--daemonize]}",
		  "5: builds[0].args[0]: found --daemonize, expected no option by which a QEMU may outlive qsoakd" },
		{ "qemu}", "qemu, args: -snapshot}",
		  "5: builds[0].args: found -snapshot, expected a list" },
		{ "qemu}", "qemu, args: [-snapshot, [x]]}",
		  "5: builds[0].args[1]: found a list, expected a string" },
		{ "qemu}", "qemu, args: [a, '']}",
		  "5: builds[0].args[1]: found nothing, expected a string" },
		{ "/usr/bin/qemu", "qemu", "5: builds[0].binary: found qemu, " BINARY_RULE },
		{ "/usr/bin/qemu", "./qemu", "5: builds[0].binary: found ./qemu, " BINARY_RULE },
		{ "/usr/bin/qemu", "/usr/", "5: builds[0].binary: found /usr/, " BINARY_RULE },
		{ "/usr/bin/qemu", "\"/a\\e\"",
		  "5: builds[0].binary: found \"/a\\x1b\", " BINARY_RULE },
		{ "fleet:", "  - {name: b, binary: /b}\n  - {name: stock, binary: /c}\nfleet:",
		  "7: builds[2].name: found stock, expected a name that builds[0] has not" },
		{ "fleet:", "  - binary: /b\n    name:\n      stock\nfleet:",
		  "8: builds[1].name: found stock, expected a name that builds[0] has not" },
		{ "qemu}", "qemu, data: /srv}", "5: builds[0].data: found /srv, expected a list" },
		{ "qemu}", "qemu, data: [/srv, b]}", "5: builds[0].data[1]: found b, " DATA_RULE },
		{ "qemu}", "qemu, data: [\"/a\\e\"]}",
		  "5: builds[0].data[0]: found \"/a\\x1b\", " DATA_RULE },
		{ "qemu}", "qemu, env: [A=b]}",
		  "5: builds[0].env: found a list, expected a mapping of names to strings" },
		{ "qemu}", "qemu, env: {A: [b]}}",
		  "5: builds[0].env.A: found a list, expected a string" },
		{ "qemu}", "qemu, env: {1A: b}}", "5: builds[0].env.1A: " VARIABLE_RULE },
		{ "qemu}", "qemu, env: {'A=B': c}}", "5: builds[0].env.\"A=B\": " VARIABLE_RULE },
		{ "qemu}", "qemu, env: {A: b, A: c}}",
		  "5: found key A again, expected it once (line 5 has it)" },
		{ "qemu}", "qemu, trace: x}", "5: builds[0].trace: found x, expected a list" },
		{ "qemu}", "qemu, trace: ['x,file=/etc/passwd']}",
		  "5: builds[0].trace[0]: found \"x,file=/etc/passwd\", " TRACE_RULE },
		{ "qemu}", "qemu, trace: [\"x\\n\"]}",
		  "5: builds[0].trace[0]: found \"x\\x0a\", " TRACE_RULE },
		{ "qemu}", "qemu, trace: [help]}",
		  "5: builds[0].trace[0]: found help, " TRACE_RULE },
		{ "qemu}", "qemu, trace: ['?']}",
		  "5: builds[0].trace[0]: found \"?\", " TRACE_RULE },
		{ "qemu}", "qemu, trace: ['']}",
		  "5: builds[0].trace[0]: found nothing, " TRACE_RULE },
		{ "qemu}", "qemu, wrapper: nice}",
		  "5: builds[0].wrapper: found nice, expected a list" },
		{ "qemu}", "qemu, wrapper: [nice]}",
		  "5: builds[0].wrapper[0]: found nice, expected the absolute path of a program" },
		{ "qemu}", "qemu, wrapper: [/usr/bin/]}",
		  "5: builds[0].wrapper[0]: found /usr/bin/, expected the absolute path of a "
		  "program" },
		{ "qemu}", "qemu, wrapper: [/w, {}]}",
		  "5: builds[0].wrapper[1]: found a mapping, expected a string" },
	};

	(void)state;
	refused_edits(cases, ARRAY_SIZE(cases));
}

static void a_pattern_has_a_greatest_length(void **state)
{
	auto_free char *longest = helper_fill('x', PROFILE_TRACE_PATTERN_MAX);
	auto_free char *fits = mem_printf("qemu, trace: [%s]}", longest);
	auto_free char *longer = mem_printf("qemu, trace: [%sx]}", longest);
	auto_free char *text = edited("qemu}", longer);
	struct profile *p = parse_edited("qemu}", fits), *none = NULL;
	struct err err = { 0 };

	(void)state;
	assert_string_equal(p->builds[0].trace[0], longest);
	profile_free(p);
	assert_int_equal(profile_parse(text, strlen(text), "t.yaml", &none, &err), -EINVAL);
	assert_non_null(strstr(err.text, TRACE_RULE));
}

static void the_command_line_replaces_and_adds_builds(void **state)
{
	struct profile *p = parse_edited("qemu}", "qemu, args: [-x]}");
	struct err err = { 0 };

	(void)state;
	assert_int_equal(profile_set_build(p, "stock", "/opt/qemu", &err), 0);
	assert_int_equal(p->build_count, 1);
	assert_string_equal(p->builds[0].binary, "/opt/qemu");
	assert_string_equal(p->builds[0].args[0], "-x");

	assert_int_equal(profile_set_build(p, "fixed", "/opt/fixed", &err), 0);
	assert_int_equal(p->build_count, 2);
	assert_string_equal(p->builds[1].name, "fixed");
	assert_string_equal(p->builds[1].binary, "/opt/fixed");
	assert_null(p->builds[1].args[0]);

	assert_int_equal(profile_set_build(p, "fixed", "fixed", &err), -EINVAL);
	assert_string_equal(err.text, "fixed: found fixed, " BINARY_RULE);
	assert_int_equal(profile_set_build(p, "", "/b", &err), -EINVAL);
	assert_string_equal(err.text, "name of the build: found nothing, " NAME_RULE);
	assert_int_equal(profile_set_build(p, "a/b", "/b", &err), -EINVAL);
	assert_string_equal(err.text, "name of the build: found a/b, " NAME_RULE);
	assert_int_equal(p->build_count, 2);
	assert_string_equal(p->builds[1].binary, "/opt/fixed");

	for (int i = 2; i < PROFILE_BUILDS_MAX; i++) {
		auto_free char *name = mem_printf("b%d", i);

		assert_int_equal(profile_set_build(p, name, "/b", &err), 0);
	}
	assert_int_equal(profile_set_build(p, "more", "/b", &err), -EINVAL);
	assert_string_equal(err.text, "more: found build 17, expected at most 16");
	assert_int_equal(profile_set_build(p, "b15", "/c", &err), 0);
	assert_string_equal(p->builds[15].binary, "/c");
	assert_int_equal(p->build_count, PROFILE_BUILDS_MAX);
	profile_free(p);
}

#define REGISTERED                                                         \
	"name: fixed\nbinary: /opt/fixed\nargs: [-a]\ndata: [/opt/data]\n" \
	"env: {A: b}\norigin: our patch\n"

static int register_text(struct profile *p, const char *text, struct err *err)
{
	return profile_register_build(p, "fixed", text, strlen(text), "fixed.yaml", err);
}

static void a_registered_build_gives_what_the_profile_leaves_out(void **state)
{
	struct profile *p =
		parse_edited("{name: stock, binary: /usr/bin/qemu}", "{name: fixed, args: [-x]}");
	struct err err = { 0 };

	(void)state;
	assert_int_equal(profile_check_builds(p, "t.yaml", &err), -EINVAL);
	assert_string_equal(err.text, "t.yaml:5: builds[0].binary: missing, expected the absolute "
				      "path of a QEMU binary, or that build fixed is registered");
	assert_int_equal(register_text(p, REGISTERED, &err), 0);
	assert_int_equal(p->build_count, 1);
	assert_string_equal(p->builds[0].binary, "/opt/fixed");
	assert_string_equal(p->builds[0].args[0], "-x");
	assert_null(p->builds[0].args[1]);
	assert_string_equal(p->builds[0].data[0], "/opt/data");
	assert_string_equal(p->builds[0].env[0], "A=b");
	assert_string_equal(p->builds[0].origin, "our patch");
	assert_int_equal(profile_check_builds(p, "t.yaml", &err), 0);

	/* Another binary has another origin. */
	assert_int_equal(profile_set_build(p, "fixed", "/opt/other", &err), 0);
	assert_null(p->builds[0].origin);
	profile_free(p);
}

static void a_registered_build_that_the_profile_has_not_is_added(void **state)
{
	struct profile *p = parse_edited("quick", "quick");
	struct err err = { 0 };

	(void)state;
	assert_int_equal(register_text(p, REGISTERED, &err), 0);
	assert_int_equal(p->build_count, 2);
	assert_string_equal(p->builds[1].name, "fixed");
	assert_string_equal(p->builds[1].args[0], "-a");
	for (int i = 2; i < PROFILE_BUILDS_MAX; i++) {
		auto_free char *name = mem_printf("b%d", i);

		assert_int_equal(profile_set_build(p, name, "/b", &err), 0);
	}
	free(p->builds[1].name);
	p->builds[1].name = mem_strdup("other");
	assert_int_equal(register_text(p, REGISTERED, &err), -EINVAL);
	assert_string_equal(err.text, "fixed: found build 17, expected at most 16");
	assert_int_equal(p->build_count, PROFILE_BUILDS_MAX);
	profile_free(p);
}

static void a_binary_keeps_its_origin_and_its_arguments(void **state)
{
	struct profile *p = parse_edited("name: stock,", "name: fixed, origin: a package,");
	struct err err = { 0 };

	(void)state;
	assert_int_equal(register_text(p, REGISTERED, &err), -EINVAL);
	assert_string_equal(err.text,
			    "build fixed: the profile says which binary it is: a registered "
			    "build cannot take its place, NAME=BINARY can");
	assert_string_equal(p->builds[0].binary, "/usr/bin/qemu");
	assert_string_equal(p->builds[0].origin, "a package");
	assert_null(p->builds[0].args[0]);
	profile_free(p);
}

static void an_origin_is_a_line_of_some_length(void **state)
{
	auto_free char *longest = helper_fill('x', PROFILE_ORIGIN_MAX);
	auto_free char *fits = mem_printf("qemu, origin: %s}", longest);
	auto_free char *longer = mem_printf("qemu, origin: %sx}", longest);
	auto_free char *text = edited("qemu}", longer);
	struct profile *p = parse_edited("qemu}", fits), *none = NULL;
	struct err err = { 0 };

	(void)state;
	assert_string_equal(p->builds[0].origin, longest);
	profile_free(p);
	assert_int_equal(profile_parse(text, strlen(text), "t.yaml", &none, &err), -EINVAL);
	assert_non_null(strstr(err.text, "expected a line of up to 256 bytes"));
}

static void a_bad_registration_names_its_file(void **state)
{
	static const struct {
		const char *text, *expected;
	} cases[] = {
		{ "name: fixed\n", "fixed.yaml:1: binary: missing, " BINARY_RULE },
		{ "name: a\nbinary: /b\n",
		  "fixed.yaml: name: found a, expected fixed, as the file is called" },
		{ "binary: /b\n", "fixed.yaml:1: name: missing, " NAME_RULE },
		{ "name: a\nbinary: b\n", "fixed.yaml:2: binary: found b, " BINARY_RULE },
		{ "- a\n", "fixed.yaml:1: found a list, expected a mapping" },
	};
	auto_free char *longest = helper_fill('#', PROFILE_REGISTERED_MAX + 1);
	struct profile *p = parse_edited("quick", "quick");
	struct err err = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(register_text(p, cases[i].text, &err), -EINVAL);
		assert_string_equal(err.text, cases[i].expected);
	}
	assert_int_equal(register_text(p, longest, &err), -EINVAL);
	assert_string_equal(err.text, "fixed.yaml:1: found 8193 bytes, expected at most 8192");
	assert_int_equal(p->build_count, 1);
	profile_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_but_name_and_binary_leaves_empty_lists),
		cmocka_unit_test(every_key_is_heard),
		cmocka_unit_test(lists_end_at_their_limits),
		cmocka_unit_test(the_last_of_a_full_list_is_there),
		cmocka_unit_test(what_is_wrong_is_said),
		cmocka_unit_test(a_pattern_has_a_greatest_length),
		cmocka_unit_test(the_command_line_replaces_and_adds_builds),
		cmocka_unit_test(a_registered_build_gives_what_the_profile_leaves_out),
		cmocka_unit_test(a_registered_build_that_the_profile_has_not_is_added),
		cmocka_unit_test(a_binary_keeps_its_origin_and_its_arguments),
		cmocka_unit_test(an_origin_is_a_line_of_some_length),
		cmocka_unit_test(a_bad_registration_names_its_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
