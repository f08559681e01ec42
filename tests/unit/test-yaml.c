// SPDX-License-Identifier: GPL-2.0-or-later
/* The YAML subset: what the tree looks like, and every way to be refused. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/yaml.h"

static struct yaml_node *parse(const char *text)
{
	struct err err = {0};
	struct yaml_node *root = NULL;
	int ret = yaml_parse(text, strlen(text), "t.yaml", &root, &err);

	if (ret < 0)
		fail_msg("%s", err.text);
	return root;
}

static void refused_bytes(const char *text, size_t size, const char *expected)
{
	struct yaml_node *root = (void *)0x1;
	struct err err = {0};
	/* A copy of exactly that size, so that a read behind it is seen. */
	auto_free char *copy = mem_zalloc(size);

	memcpy(copy, text, size);
	assert_int_equal(yaml_parse(copy, size, "t.yaml", &root, &err), -EINVAL);
	assert_int_equal(err.code, -EINVAL);
	assert_string_equal(err.text, expected);
	assert_ptr_equal(root, (void *)0x1);
}

/* count times one text, between two others. */
static char *repeat(const char *before, const char *middle, size_t count, const char *after)
{
	size_t size = strlen(middle);
	char *text = mem_zalloc(strlen(before) + count * size + strlen(after) + 1);
	char *s = stpcpy(text, before);

	for (size_t i = 0; i < count; i++)
		s = stpcpy(s, middle);
	strcpy(s, after);
	return text;
}

static void test_tree(void **state)
{
	struct yaml_node *root = parse("# comment\n"
				       "a: 1\n"
				       "b:\n"
				       "  - x\n"
				       "  - {c: 'no', d: }\n"
				       "e: |\n"
				       "  two\n"
				       "  lines\n");
	const struct yaml_node *b, *map;

	(void)state;
	assert_int_equal(root->type, YAML_MAPPING);
	assert_int_equal(root->line, 2);
	assert_int_equal(root->key_line, 2);
	assert_null(root->key);
	assert_int_equal(root->count, 3);
	assert_string_equal(root->children[0].key, "a");
	assert_string_equal(root->children[0].scalar, "1");
	assert_int_equal(root->children[0].line, 2);

	b = yaml_get(root, "b");
	assert_ptr_equal(b, &root->children[1]);
	assert_int_equal(b->type, YAML_SEQUENCE);
	assert_int_equal(b->key_line, 3);
	assert_int_equal(b->line, 4);
	assert_int_equal(b->count, 2);
	assert_null(b->children[0].key);
	assert_string_equal(b->children[0].scalar, "x");
	assert_int_equal(b->children[0].key_line, 4);

	map = &b->children[1];
	assert_int_equal(map->type, YAML_MAPPING);
	assert_int_equal(map->line, 5);
	assert_string_equal(yaml_get(map, "c")->scalar, "no");
	assert_int_equal(yaml_get(map, "d")->type, YAML_SCALAR);
	assert_string_equal(yaml_get(map, "d")->scalar, "");
	assert_null(yaml_get(map, "e"));
	assert_null(yaml_get(b, "x"));
	assert_string_equal(yaml_get(root, "e")->scalar, "two\nlines\n");
	yaml_node_free(root);
	yaml_node_free(NULL);
}

/* The order of the text stays, over every growth of the array. */
static void test_order(void **state)
{
	char text[4096] = "", *s = text;
	struct yaml_node *root;

	(void)state;
	for (int i = 0; i < 100; i++)
		s += sprintf(s, "k%d: %d\n", i, i);
	root = parse(text);
	assert_int_equal(root->count, 100);
	for (int i = 0; i < 100; i++) {
		assert_int_equal(atoi(root->children[i].scalar), i);
		assert_int_equal(root->children[i].key_line, i + 1);
	}
	yaml_node_free(root);
}

static void test_refused(void **state)
{
	static const struct {
		const char *text, *error;
	} cases[] = {
		{"", "t.yaml:1: found an empty text, expected a mapping"},
		{"# only a comment\n", "t.yaml:2: found an empty text, expected a mapping"},
		{"---\n", "t.yaml:2: found a scalar, expected a mapping"},
		{"hello\n", "t.yaml:1: found a scalar, expected a mapping"},
		{"- a\n- b\n", "t.yaml:1: found a list, expected a mapping"},
		{"a: 1\n---\nb: 2\n", "t.yaml:2: found a second document, expected one"},
		{"a: &x 1\n", "t.yaml:1: found anchor &x, expected none"},
		{"a: &x [1]\n", "t.yaml:1: found anchor &x, expected none"},
		{"a: 1\nb: &x {c: 1}\n", "t.yaml:2: found anchor &x, expected none"},
		{"&x a: 1\n", "t.yaml:1: found anchor &x, expected none"},
		{"a: 1\n\nb: *x\n", "t.yaml:3: found alias *x, expected the value itself"},
		{"*x : 1\n", "t.yaml:1: found alias *x, expected the value itself"},
		{"a: !!int 1\n", "t.yaml:1: found tag \"tag:yaml.org,2002:int\", expected none"},
		{"a: !x [1]\n", "t.yaml:1: found tag \"!x\", expected none"},
		{"a: !x {b: 1}\n", "t.yaml:1: found tag \"!x\", expected none"},
		{"!x a: 1\n", "t.yaml:1: found tag \"!x\", expected none"},
		{"a: 1\nb: 2\na: 3\n",
		 "t.yaml:3: found key a again, expected it once (line 1 has it)"},
		{"a: {b: 1,\n b: 2}\n",
		 "t.yaml:2: found key b again, expected it once (line 1 has it)"},
		{"[a]: 1\n", "t.yaml:1: found a list as key, expected a name"},
		{"{a: 1}: 1\n", "t.yaml:1: found a mapping as key, expected a name"},
		{"a: 1\n\"\": 1\n", "t.yaml:2: found an empty key, expected a name"},
		{"a: \"x\\0y\"\n", "t.yaml:1: found a NUL character, expected text without"},
		{"\"x\\0y\": 1\n", "t.yaml:1: found a NUL character, expected text without"},
		{"a:\n\tb: 1\n", "t.yaml:2: found a tab, expected spaces as indentation"},
		{"a: @x\n", "t.yaml:1: not YAML: found character that cannot start any token while "
			    "scanning for the next token"},
		{"a: [1, 2\nb: 1\n",
		 "t.yaml:2: not YAML: did not find expected ',' or ']' while parsing a flow "
		 "sequence"},
		{"a: 'x\n", "t.yaml:2: not YAML: found unexpected end of stream while scanning a "
			    "quoted scalar"},
		{"a: b: c\n", "t.yaml:1: not YAML: mapping values are not allowed in this context"},
		{"a: x\nb: \xff\n", "t.yaml:2: not UTF-8 text: invalid leading UTF-8 octet"},
		{"a: x\n\nb: \x01\n",
		 "t.yaml:3: not UTF-8 text: control characters are not allowed"},
		/* UTF-16 is not guessed */
		{"\xff\xfe", "t.yaml:1: not UTF-8 text: invalid leading UTF-8 octet"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		refused_bytes(cases[i].text, strlen(cases[i].text), cases[i].error);

	refused_bytes("a: 1\nb: \0\n", 10,
		      "t.yaml:2: not UTF-8 text: control characters are not allowed");
	refused_bytes("a: 1\n\0", 6,
		      "t.yaml:2: not UTF-8 text: control characters are not allowed");
	refused_bytes("a: 1\n...\n\0", 10,
		      "t.yaml:3: not UTF-8 text: control characters are not allowed");
	refused_bytes("a: \xc3", 4, "t.yaml:1: not UTF-8 text: incomplete UTF-8 octet sequence");
}

static void test_depth(void **state)
{
	/* The root is the first level, so 15 lists fit. */
	auto_free char *fits = repeat("a: ", "[", YAML_DEPTH_MAX - 1, "]]]]]]]]]]]]]]]");
	auto_free char *deep = repeat("a: ", "[", YAML_DEPTH_MAX, "]]]]]]]]]]]]]]]]");
	auto_free char *endless = repeat("a:\n ", "- ", 300000, "");
	auto_free char *flow = repeat("", "{a: ", 200000, "");

	(void)state;
	yaml_node_free(parse(fits));
	refused_bytes(deep, strlen(deep), "t.yaml:1: found too many levels, expected at most 16");
	refused_bytes(endless, strlen(endless),
		      "t.yaml:2: found too many levels, expected at most 16");
	refused_bytes(flow, strlen(flow), "t.yaml:1: found too many levels, expected at most 16");
}

static void test_nodes(void **state)
{
	/* Root, key and list are three of them. */
	auto_free char *fits = repeat("a: [", "x,", YAML_NODES_MAX - 3, "]");
	auto_free char *many = repeat("a: [", "x,", YAML_NODES_MAX - 2, "]");

	(void)state;
	yaml_node_free(parse(fits));
	refused_bytes(many, strlen(many),
		      "t.yaml:1: found more than 10000 values, expected at most that many");
}

static void test_size(void **state)
{
	auto_free char *fits = repeat("a: 1\n", "#", YAML_TEXT_MAX - 5, "");
	auto_free char *large = repeat("a: 1\n", "#", YAML_TEXT_MAX - 4, "");

	(void)state;
	yaml_node_free(parse(fits));
	refused_bytes(large, strlen(large),
		      "t.yaml:1: found 1048577 bytes, expected at most 1048576");
}

/* What an error quotes cannot drive a terminal. */
static void test_hostile_words(void **state)
{
	auto_free char *word = repeat("", "k", 200, "");
	auto_free char *text = NULL;
	auto_free char *error = NULL;

	(void)state;
	refused_bytes("\"\\e[2J\": 1\n\"\\e[2J\": 1\n", 22,
		      "t.yaml:2: found key \"\\x1b[2J\" again, expected it once (line 1 has it)");
	refused_bytes("\"\\x9b2J\": 1\n\"\\x9b2J\": 1\n", 24,
		      "t.yaml:2: found key \"\\xc2\\x9b2J\" again, expected it once (line 1 has "
		      "it)");
	text = mem_printf("%s: 1\n%s: 2\n", word, word);
	error = mem_printf(
		"t.yaml:2: found key \"%.66s...\" again, expected it once (line 1 has it)", word);
	refused_bytes(text, strlen(text), error);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tree),	      cmocka_unit_test(test_order),
		cmocka_unit_test(test_refused),	      cmocka_unit_test(test_depth),
		cmocka_unit_test(test_nodes),	      cmocka_unit_test(test_size),
		cmocka_unit_test(test_hostile_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
