// SPDX-License-Identifier: GPL-2.0-or-later
/* Addresses to listen on, and names in Host headers. */
#include "tests/unit/helper.h"

#include <errno.h>

#include "base/mem.h"
#include "http/address.h"

static void loopback_is_accepted_in_the_form_it_is_told(void **state)
{
	static const char *const texts[][2] = {
		{ "127.0.0.1:9191", "127.0.0.1:9191" },
		{ "127.255.0.3:0", "127.255.0.3:0" },
		{ "[::1]:65535", "[::1]:65535" },
		{ "localhost:80", "127.0.0.1:80" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct sockaddr_storage address;
		struct err err = { 0 };
		socklen_t size = 0;
		auto_free char *text = NULL;

		assert_int_equal(http_address_parse(texts[i][0], &address, &size, &err), 0);
		text = http_address_text(&address);
		assert_string_equal(text, texts[i][1]);
		assert_true(size > 0);
	}
}

static void anything_else_is_refused(void **state)
{
	static const char *const texts[] = {
		"",
		":",
		":80",
		"127.0.0.1",
		"127.0.0.1:",
		"127.0.0.1:-1",
		"127.0.0.1:65536",
		"127.0.0.1:000080",
		"127.0.0.1:80x",
		"127.1:80",
		"::1:80",
		"[::1]",
		"[::1]80",
		"[::1:80",
		"[]:80",
		"[127.0.0.1]:80",
		"0.0.0.0:80",
		"[::]:80",
		"10.0.0.1:80",
		"[::ffff:127.0.0.1]:80",
		"example.org:80",
		" 127.0.0.1:80",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct sockaddr_storage address = { .ss_family = 77 };
		struct err err = { 0 };
		socklen_t size = 78;

		assert_int_equal(http_address_parse(texts[i], &address, &size, &err), -EINVAL);
		assert_non_null(strstr(err.text, "expected a loopback address"));
		assert_int_equal(address.ss_family, 77);
		assert_int_equal(size, 78);
	}
}

static void a_host_may_have_any_port_or_none(void **state)
{
	(void)state;
	assert_true(http_address_is_host("localhost"));
	assert_true(http_address_is_host("LocalHost:9191"));
	assert_true(http_address_is_host("127.0.0.1"));
	assert_true(http_address_is_host("[::1]:1"));
	assert_false(http_address_is_host(""));
	assert_false(http_address_is_host("::1"));
	assert_false(http_address_is_host("localhost."));
	assert_false(http_address_is_host("localhost:"));
	assert_false(http_address_is_host("localhost.example.org"));
	assert_false(http_address_is_host("128.0.0.1"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(loopback_is_accepted_in_the_form_it_is_told),
		cmocka_unit_test(anything_else_is_refused),
		cmocka_unit_test(a_host_may_have_any_port_or_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
