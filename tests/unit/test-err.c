// SPDX-License-Identifier: GPL-2.0-or-later
/* The error object: its code, its text, context in front, and the cut of what is too long. */
#include "tests/unit/helper.h"

#include "base/err.h"

static void an_error_carries_its_code_and_text(void **state)
{
	struct err err = { 0 };

	(void)state;
	assert_int_equal(err_set(&err, -EINVAL, "found %d, expected %s", 7, "8"), -EINVAL);
	assert_int_equal(err.code, -EINVAL);
	assert_string_equal(err.text, "found 7, expected 8");
}

static void an_errno_becomes_a_code_and_its_words(void **state)
{
	struct err err = { 0 };

	(void)state;
	assert_int_equal(err_set_errno(&err, ENOENT, "cannot open %s", "/x"), -ENOENT);
	assert_int_equal(err.code, -ENOENT);
	assert_string_equal(err.text, "cannot open /x: No such file or directory");
}

static void context_goes_in_front_and_leaves_the_code(void **state)
{
	struct err err = { 0 };

	(void)state;
	err_set(&err, -EIO, "inner");
	assert_int_equal(err_prefix(&err, "middle %d", 1), -EIO);
	assert_int_equal(err_prefix(&err, "outer"), -EIO);
	assert_int_equal(err.code, -EIO);
	assert_string_equal(err.text, "outer: middle 1: inner");
}

static void a_new_error_replaces_the_old(void **state)
{
	struct err err = { 0 };

	(void)state;
	err_set(&err, -EIO, "a long text of the first");
	err_set(&err, -EPROTO, "short");
	assert_int_equal(err.code, -EPROTO);
	assert_string_equal(err.text, "short");
}

/* err->text is so long and, where cut, ends in "...". */
static void is_long(const struct err *err, size_t length, bool cut)
{
	assert_int_equal(strlen(err->text), length);
	assert_int_equal(!strcmp(err->text + length - 3, "..."), cut);
}

static void a_text_that_just_fits_is_whole_and_a_longer_one_is_cut(void **state)
{
	auto_free char *fits = helper_fill('x', ERR_TEXT_MAX - 1);
	auto_free char *longer = helper_fill('x', ERR_TEXT_MAX);
	auto_free char *huge = helper_fill('x', 100000);
	struct {
		struct err err;
		char behind[8];
	} box = { .behind = "behind" };

	(void)state;
	err_set(&box.err, -EIO, "%s", fits);
	is_long(&box.err, ERR_TEXT_MAX - 1, false);
	err_set(&box.err, -EIO, "%s", longer);
	is_long(&box.err, ERR_TEXT_MAX - 1, true);
	err_set(&box.err, -EIO, "%s", huge);
	is_long(&box.err, ERR_TEXT_MAX - 1, true);
	assert_string_equal(box.behind, "behind");
}

static void the_words_of_an_errno_are_cut_as_well(void **state)
{
	static const char words[] = ": No such file or directory";
	struct err err = { 0 };

	(void)state;
	for (size_t size = ERR_TEXT_MAX - 40; size < ERR_TEXT_MAX + 10; size++) {
		auto_free char *what = helper_fill('x', size);
		bool fits = size + strlen(words) < ERR_TEXT_MAX;

		assert_int_equal(err_set_errno(&err, ENOENT, "%s", what), -ENOENT);
		is_long(&err, fits ? size + strlen(words) : ERR_TEXT_MAX - 1, !fits);
	}
}

static void context_that_does_not_fit_cuts_the_end(void **state)
{
	struct err err = { 0 };

	(void)state;
	for (size_t size = ERR_TEXT_MAX - 20; size < ERR_TEXT_MAX + 10; size++) {
		auto_free char *context = helper_fill('c', size);
		bool fits = size + strlen(": inner") < ERR_TEXT_MAX;

		err_set(&err, -EIO, "inner");
		assert_int_equal(err_prefix(&err, "%s", context), -EIO);
		is_long(&err, fits ? size + strlen(": inner") : ERR_TEXT_MAX - 1, !fits);
		assert_int_equal(err.text[0], 'c');
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_error_carries_its_code_and_text),
		cmocka_unit_test(an_errno_becomes_a_code_and_its_words),
		cmocka_unit_test(context_goes_in_front_and_leaves_the_code),
		cmocka_unit_test(a_new_error_replaces_the_old),
		cmocka_unit_test(a_text_that_just_fits_is_whole_and_a_longer_one_is_cut),
		cmocka_unit_test(the_words_of_an_errno_are_cut_as_well),
		cmocka_unit_test(context_that_does_not_fit_cuts_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
