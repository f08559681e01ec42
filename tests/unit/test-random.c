// SPDX-License-Identifier: GPL-2.0-or-later
/* Random numbers by position: fixed for ever, and even enough. */
#include "tests/unit/helper.h"

#include "base/random.h"

/* The first outputs of SplitMix64 from these states, as its authors' code gives them. */
static void the_mix_is_that_of_splitmix64(void **state)
{
	const uint64_t gamma = 0x9e3779b97f4a7c15ull;

	(void)state;
	assert_true(random_mix(0) == 0xe220a8397b1dcdafull);
	assert_true(random_mix(1234567) == 6457827717110365317ull);
	assert_true(random_mix(1234567 + gamma) == 3203168211198807973ull);
	assert_true(random_mix(1234567 + 2 * gamma) == 9817491932198370423ull);
}

/* Plans of old campaigns hang on these: they never change. */
static void a_position_has_the_number_it_always_had(void **state)
{
	(void)state;
	assert_true(random_at(0, RANDOM_PHASE, 0, 0) == 0x2130748aaac80268ull);
	assert_true(random_at(1, RANDOM_PHASE, 2, 3) == 0xc65ce994bdf53740ull);
	assert_true(random_at(1, RANDOM_PHASE, 3, 2) == 0x3fb06439f304a374ull);
	assert_true(random_at(UINT64_MAX, RANDOM_PHASE, 255, 63) == 0x75bd4d92490e603aull);
}

static void a_number_below_n_is_below_n(void **state)
{
	static const uint64_t ns[] = { 1, 2, 3, 1000000, UINT64_MAX };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ns); i++) {
		assert_true(random_below(0, ns[i]) == 0);
		assert_true(random_below(UINT64_MAX, ns[i]) == ns[i] - 1);
		assert_true(random_below(1ull << 63, ns[i]) == ns[i] / 2);
	}
}

/* For seed, slot and index in turn: 70000 numbers below 7, each value 9500 to 10500 times. */
static void along_each_argument_the_numbers_are_even(void **state)
{
	(void)state;
	for (int argument = 0; argument < 3; argument++) {
		unsigned count[7] = { 0 };

		for (uint64_t i = 0; i < 70000; i++) {
			uint64_t random = random_at(argument == 0 ? i : 5, RANDOM_PHASE,
						    argument == 1 ? i : 5, argument == 2 ? i : 5);

			count[random_below(random, 7)]++;
		}
		for (int value = 0; value < 7; value++)
			assert_in_range(count[value], 9500, 10500);
	}
}

static void each_bit_is_set_half_of_the_time(void **state)
{
	unsigned count[64] = { 0 };

	(void)state;
	for (uint64_t i = 0; i < 10000; i++)
		for (int bit = 0; bit < 64; bit++)
			count[bit] += random_at(i, RANDOM_PHASE, 0, 0) >> bit & 1;
	for (int bit = 0; bit < 64; bit++)
		assert_in_range(count[bit], 4700, 5300);
}

static void neighbours_are_strangers(void **state)
{
	(void)state;
	for (uint64_t i = 0; i < 1000; i++) {
		uint64_t here = random_at(i, RANDOM_PHASE, i, i);

		/* Of 64 bits some 32 differ; below 8 would be no chance. */
		assert_true(__builtin_popcountll(here ^ random_at(i + 1, RANDOM_PHASE, i, i)) > 8);
		assert_true(__builtin_popcountll(here ^ random_at(i, RANDOM_PHASE, i + 1, i)) > 8);
		assert_true(__builtin_popcountll(here ^ random_at(i, RANDOM_PHASE, i, i + 1)) > 8);
		assert_true(__builtin_popcountll(here ^ random_at(i, 1, i, i)) > 8);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_mix_is_that_of_splitmix64),
		cmocka_unit_test(a_position_has_the_number_it_always_had),
		cmocka_unit_test(a_number_below_n_is_below_n),
		cmocka_unit_test(along_each_argument_the_numbers_are_even),
		cmocka_unit_test(each_bit_is_set_half_of_the_time),
		cmocka_unit_test(neighbours_are_strangers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
