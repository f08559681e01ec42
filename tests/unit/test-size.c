// SPDX-License-Identifier: GPL-2.0-or-later
/* Quantities as people write them: what is read, what is refused, and how it is written back. */
#include "tests/unit/helper.h"

#include "base/clock.h"
#include "base/size.h"
#include "op/limit.h"

#define DURATION_RULE "expected a number with its unit ms, s, m or h, like 90s or 1.5m"
#define BYTES_RULE "expected an integer with its unit KiB, MiB or GiB, like 32MiB"

static void a_number_is_decimal_and_fits_64_bits(void **state)
{
	static const struct {
		const char *text;
		uint64_t value;
	} good[] = { { "0", 0 }, { "7", 7 }, { "18446744073709551615", UINT64_MAX } };
	static const char *const bad[] = { "",
					   "-1",
					   "+1",
					   " 1",
					   "1 ",
					   "1x",
					   "0x1",
					   "01",
					   "1e3",
					   "1.0",
					   "18446744073709551616",
					   "99999999999999999999999" };
	struct err err = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		uint64_t value = 99;

		assert_int_equal(size_parse_number(good[i].text, &value, &err), 0);
		assert_true(value == good[i].value);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		uint64_t value = 99;

		assert_int_equal(size_parse_number(bad[i], &value, &err), -EINVAL);
		assert_int_equal(value, 99);
	}
	assert_string_equal(err.text,
			    "found 99999999999999999999999, expected 0 to 18446744073709551615");
}

typedef int (*parse_fn)(const char *text, int64_t *ret, struct err *err);

static void check_parser(parse_fn parse_text, const char *text, int64_t expected, const char *error)
{
	struct err err = { 0 };
	int64_t value = -99;
	int ret = parse_text(text, &value, &err);

	if (!error) {
		assert_string_equal(err.text, "");
		assert_int_equal(ret, 0);
		assert_int_equal(value, expected);
		return;
	}
	assert_int_equal(ret, -EINVAL);
	assert_string_equal(err.text, error);
	assert_int_equal(value, -99);
}

static void a_duration_is_a_number_with_its_unit(void **state)
{
	static const struct {
		const char *text;
		int64_t ns;
	} good[] = {
		{ "0s", 0 },
		{ "1ms", CLOCK_NS_PER_MS },
		{ "90s", 90 * CLOCK_NS_PER_S },
		{ "1.5m", 90 * CLOCK_NS_PER_S },
		{ "0.25h", 900 * CLOCK_NS_PER_S },
		{ "24h", 86400 * CLOCK_NS_PER_S },
		{ "1.000000001s", CLOCK_NS_PER_S + 1 },
		{ "0.0000001ms", 0 },
		{ "0.999999999h", 3599999996400 },
		{ "9223372036854ms", 9223372036854000000 },
		{ "9223372036854.775807ms", INT64_MAX },
		{ "2562047h", 2562047 * (3600 * CLOCK_NS_PER_S) },
	};
	static const char *const bad[] = { "",
					   "s",
					   "90",
					   "-1s",
					   "+1s",
					   " 1s",
					   "1s ",
					   "1 s",
					   "1S",
					   "1sec",
					   "1us",
					   "1d",
					   "01s",
					   "1.s",
					   ".5s",
					   "1..5s",
					   "1e3s",
					   "0x10s",
					   "1,5s",
					   "1m30s",
					   "1.0000000001s",
					   "18446744073709551616s",
					   "inf",
					   "nans" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		check_parser(size_parse_duration, good[i].text, good[i].ns, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		char shown[SIZE_SHOWN_MAX];
		auto_free char *error =
			mem_printf("found %s, " DURATION_RULE, size_shown(shown, bad[i]));

		check_parser(size_parse_duration, bad[i], 0, error);
	}
	check_parser(size_parse_duration, "9223372036854.775808ms", 0,
		     "found 9223372036854.775808ms, expected a duration below 290 years");
	check_parser(size_parse_duration, "2562048h", 0,
		     "found 2562048h, expected a duration below 290 years");
	check_parser(size_parse_duration, "18446744073709551615h", 0,
		     "found 18446744073709551615h, expected a duration below 290 years");
}

static void a_size_is_an_integer_with_its_unit(void **state)
{
	static const struct {
		const char *text;
		int64_t bytes;
	} good[] = {
		{ "0KiB", 0 },
		{ "1KiB", 1 << 10 },
		{ "32MiB", 32 << 20 },
		{ "3GiB", 3ll << 30 },
		{ "8589934591GiB", 8589934591ll << 30 },
	};
	static const char *const bad[] = {
		"",	  "32",	    "32M",    "32MB",
		"32mib",  "32 MiB", "-1MiB",  "+1KiB",
		"1.5GiB", "01KiB",  "1MiBx",  "MiB",
		"1TiB",	  "1KiB ",  "0x1KiB", "18446744073709551616KiB"
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		check_parser(size_parse_bytes, good[i].text, good[i].bytes, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		char shown[SIZE_SHOWN_MAX];
		auto_free char *error =
			mem_printf("found %s, " BYTES_RULE, size_shown(shown, bad[i]));

		check_parser(size_parse_bytes, bad[i], 0, error);
	}
	check_parser(size_parse_bytes, "8589934592GiB", 0,
		     "found 8589934592GiB, expected a size below 8 EiB");
}

static void a_quantity_is_written_in_the_largest_unit_that_fits(void **state)
{
	char buf[SIZE_TEXT_MAX];

	(void)state;
	assert_string_equal(size_format_duration(buf, 0), "0ms");
	assert_string_equal(size_format_duration(buf, 1), "1 ns");
	assert_string_equal(size_format_duration(buf, LIMIT_MIN_NS), "1ms");
	assert_string_equal(size_format_duration(buf, LIMIT_MAX_NS), "24h");
	assert_string_equal(size_format_duration(buf, 90 * CLOCK_NS_PER_S), "90s");
	assert_string_equal(size_format_duration(buf, 1500 * CLOCK_NS_PER_MS), "1500ms");
	assert_string_equal(size_format_bytes(buf, 0), "0KiB");
	assert_string_equal(size_format_bytes(buf, 1023), "1023 bytes");
	assert_string_equal(size_format_bytes(buf, 1536), "1536 bytes");
	assert_string_equal(size_format_bytes(buf, 32 << 20), "32MiB");
	assert_string_equal(size_format_bytes(buf, INT64_MAX), "9223372036854775807 bytes");
}

static void a_text_is_quoted_so_that_a_terminal_survives_it(void **state)
{
	char buf[SIZE_SHOWN_MAX], text[400];

	(void)state;
	assert_string_equal(size_shown(buf, ""), "nothing");
	assert_string_equal(size_shown(buf, "a/b-c.d"), "a/b-c.d");
	assert_string_equal(size_shown(buf, "a b"), "\"a b\"");
	assert_string_equal(size_shown(buf, "\033[2J\n\177"), "\"\\x1b[2J\\x0a\\x7f\"");
	assert_string_equal(size_shown(buf, "\xc3\xa4\xc2\x9b"), "\"\xc3\xa4\\xc2\\x9b\"");
	assert_string_equal(size_shown(buf, "\xc2"), "\"\xc2\"");

	/* Every length and every kind of character at the cut. */
	for (size_t n = 1; n < 100; n++) {
		static const char *const units[] = {
			"x", " ", "\001", "\xc2\x85", "\xe2\x82\xac", "\xf0\x9f\x90\x9b"
		};

		for (size_t u = 0; u < ARRAY_SIZE(units); u++) {
			char *s = stpcpy(text, "'");

			for (size_t i = 0; i < n / 2; i++)
				s = stpcpy(s, units[u]);
			for (size_t i = 0; i < n % 2; i++)
				s = stpcpy(s, "y");
			size_shown(buf, text);
			assert_true(strlen(buf) < SIZE_SHOWN_MAX);
			assert_int_equal(buf[strlen(buf) - 1], '"');
		}
	}
	memset(text, 'x', 79);
	text[79] = '\0';
	assert_string_equal(size_shown(buf, text), text);
	text[79] = 'x';
	text[80] = '\0';
	assert_non_null(strstr(size_shown(buf, text), "...\""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_number_is_decimal_and_fits_64_bits),
		cmocka_unit_test(a_duration_is_a_number_with_its_unit),
		cmocka_unit_test(a_size_is_an_integer_with_its_unit),
		cmocka_unit_test(a_quantity_is_written_in_the_largest_unit_that_fits),
		cmocka_unit_test(a_text_is_quoted_so_that_a_terminal_survives_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
