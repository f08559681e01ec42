// SPDX-License-Identifier: GPL-2.0-or-later
/* What is printed of a comparison, whose values may come from a peer. */
#include "tests/unit/helper.h"

#include <math.h>

#include "op/metric.h"
#include "report/comparison-text.h"

#define COLUMNS 100

static json_t *side(const struct metric *metric, double p50)
{
	return json_pack("{s:i, s:f, s:f, s:f}", "samples", 400, "p50", p50 * metric->scale, "p95",
			 p50, "p99", p50);
}

/* A metric whose every cell is as wide as such cells are. */
static json_t *wide_metric(const struct metric *metric, bool primary)
{
	double p50 = !strcmp(metric->unit, "ns") ? 99.9e6 : 1234.5;

	return json_pack("{s:s, s:s, s:b, s:s, s:i, s:o, s:o, s:f, s:f, s:f, s:f, s:f, s:{s:f}}",
			 "metric", metric->name, "unit", metric->unit, "primary", (int)primary,
			 "verdict", "unclear", "more_blocks", 3641, "a", side(metric, p50), "b",
			 side(metric, p50), "ratio", 0.265, "lower", 0.1, "upper", 13.5, "p",
			 0.00001, "adjusted_p", 0.00001, "p95", "ratio", 0.639);
}

static json_t *comparison(const char *name, const char *value)
{
	json_t *list = json_array();

	for (size_t i = 0; i < METRIC_COUNT; i++)
		json_array_append_new(list, wide_metric(&metrics[i], metrics[i].primary));
	return json_pack("{s:s, s:s, s:{s:s, s:s}, s:{s:s, s:s}, s:{s:i, s:i, s:i}, "
			 "s:{s:[{s:s, s:s, s:n, s:b}], s:b}, s:o, s:n}",
			 "sentence", value, "verdict", "unclear", "a", "build", name, "version",
			 value, "b", "build", name, "version", value, "blocks", "complete", 40,
			 "used", 40, "look", 1, "environment", "differences", "key", name, "a",
			 value, "b", "serious", 1, "forced", 1, "metrics", list, "selfcheck");
}

static char *printed(json_t *value)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	comparison_print(value, out);
	fclose(out);
	return text;
}

/* But for the sentence, and what people have called their builds. */
static void tables_fit_into_100_columns(void **state)
{
	auto_json json_t *value = comparison("A", "QEMU emulator version 7.2.22");
	auto_free char *text = printed(value);

	(void)state;
	for (const char *line = text; *line; line += strcspn(line, "\n") + 1) {
		size_t width = strcspn(line, "\n");

		while (width && line[width - 1] == ' ')
			width--;
		if (width > COLUMNS)
			fail_msg("%zu columns: %.*s", width, (int)width, line);
	}
	assert_non_null(strstr(text, "snapshot-delete.main-loop-stall"));
	assert_non_null(strstr(text, "-73.5%"));
	assert_non_null(strstr(text, "3641"));
}

static void what_a_peer_says_is_printable(void **state)
{
	auto_json json_t *value = comparison("\x1b[31mred\n", "\x1b]0;title\x07\n\xc2\x9b");
	auto_free char *text = printed(value);

	(void)state;
	assert_null(strchr(text, '\x1b'));
	assert_null(strchr(text, '\x07'));
	assert_null(strstr(text, "\xc2\x9b"));
	assert_non_null(strstr(text, "\\x1b[31mred\\x0a"));
}

/* Each member by each kind of value, and none at all. */
static void what_a_peer_says_may_be_anything(void **state)
{
	static const char *const values[] = { "null",
					      "[]",
					      "{}",
					      "\"x\"",
					      "true",
					      "-1",
					      "1e300",
					      "[{}, null, 1, \"\", []]",
					      "{\"differences\": [1, {\"key\": 5}]}" };
	auto_json json_t *whole = comparison("A", "x");
	const char *key;
	json_t *ignored;

	(void)state;
	json_object_foreach(whole, key, ignored)
		for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
			auto_json json_t *value = json_deep_copy(whole);
			auto_free char *text = NULL, *sentence = NULL;

			json_object_set_new(value, key,
					    json_loads(values[i], JSON_DECODE_ANY, NULL));
			text = printed(value);
			sentence = comparison_sentence(value);
			assert_non_null(text);
			assert_non_null(sentence);
		}
	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		auto_json json_t *value = json_loads(values[i], JSON_DECODE_ANY, NULL);
		auto_free char *text = printed(value), *sentence = comparison_sentence(value);
		auto_free char *selfcheck = comparison_selfcheck_sentence(value);

		assert_non_null(text);
	}
}

static void values_have_their_units(void **state)
{
	static const struct {
		double value;
		const char *unit, *text;
	} cases[] = {
		{ 21300000, "ns", "21.3ms" },	 { 0.93, "ratio", "0.93" },
		{ 12.5, "mbps", "12.5 Mbit/s" }, { 3, "count", "3" },
		{ -5, "ns", "0.00us" },		 { 3, NULL, "3" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_free char *text = comparison_value(cases[i].value, cases[i].unit);

		assert_string_equal(text, cases[i].text);
	}
	assert_null(comparison_value(NAN, "ns"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tables_fit_into_100_columns),
		cmocka_unit_test(what_a_peer_says_is_printable),
		cmocka_unit_test(what_a_peer_says_may_be_anything),
		cmocka_unit_test(values_have_their_units),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
