// SPDX-License-Identifier: GPL-2.0-or-later
/* UUIDs: the example of RFC 9562, their order, and that two are never the same. */
#include "tests/unit/helper.h"

#include "base/clock.h"
#include "base/uuid.h"

static void test_is_that_of_the_rfc(void **state)
{
	/* A.6: 2022-02-22T19:22:22Z, rand_a 0xcc3, rand_b 0x18c4dc0c0c07398f. */
	static const uint8_t random[UUID_RANDOM_BYTES] = { 0x0c, 0xc3, 0x18, 0xc4, 0xdc,
							   0x0c, 0x0c, 0x07, 0x39, 0x8f };
	char text[UUID_TEXT_SIZE];

	(void)state;
	uuid_of(0x017f22e279b0, random, text);
	assert_string_equal(text, "017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
}

static void test_version_and_variant_are_no_random_bits(void **state)
{
	static const uint8_t none[UUID_RANDOM_BYTES] = { 0 };
	uint8_t all[UUID_RANDOM_BYTES];
	char text[UUID_TEXT_SIZE];

	(void)state;
	memset(all, 0xff, sizeof(all));
	uuid_of(0, none, text);
	assert_string_equal(text, "00000000-0000-7000-8000-000000000000");
	uuid_of((1ll << 48) - 1, all, text);
	assert_string_equal(text, "ffffffff-ffff-7fff-bfff-ffffffffffff");
}

static void test_later_comes_later(void **state)
{
	static const int64_t times[] = {
		0, 1, 255, 256, 1700000000000, 1700000000001, (1ll << 32) * 1000
	};
	static const uint8_t low[UUID_RANDOM_BYTES] = { 0 };
	uint8_t high[UUID_RANDOM_BYTES];
	char before[UUID_TEXT_SIZE] = "", text[UUID_TEXT_SIZE];

	(void)state;
	memset(high, 0xff, sizeof(high));
	for (size_t i = 0; i < ARRAY_SIZE(times); i++) {
		uuid_of(times[i], low, text);
		assert_true(strcmp(before, text) < 0);
		uuid_of(times[i], high, before);
		assert_true(strcmp(text, before) < 0);
	}
}

static void test_is_of_now_and_of_its_own(void **state)
{
	int64_t before_ms = clock_unix_ns() / CLOCK_NS_PER_MS, made_ms;
	char first[UUID_TEXT_SIZE], second[UUID_TEXT_SIZE];
	unsigned high, low;

	(void)state;
	uuid_make(first);
	uuid_make(second);
	assert_string_not_equal(first, second);
	assert_int_equal(sscanf(first, "%8x-%4x-7", &high, &low), 2);
	made_ms = (int64_t)high << 16 | low;
	assert_true(made_ms >= before_ms);
	assert_true(made_ms <= clock_unix_ns() / CLOCK_NS_PER_MS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_is_that_of_the_rfc),
		cmocka_unit_test(test_version_and_variant_are_no_random_bits),
		cmocka_unit_test(test_later_comes_later),
		cmocka_unit_test(test_is_of_now_and_of_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
