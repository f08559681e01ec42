// SPDX-License-Identifier: GPL-2.0-or-later
/* Apart from libpq, which qsoakd needs not: it reads the URL, and a child of its own connects. */
#include "upstream/url.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"

static const char *const schemes[] = { "postgresql://", "postgres://" };

static size_t scheme_length(const char *text)
{
	for (size_t i = 0; i < ARRAY_SIZE(schemes); i++)
		if (!strncmp(text, schemes[i], strlen(schemes[i])))
			return strlen(schemes[i]);
	return 0;
}

bool upstream_url_is(const char *text)
{
	size_t length = strlen(text);

	for (size_t i = 0; i < length; i++)
		if (text[i] <= ' ' || text[i] > '~')
			return false;
	return length <= UPSTREAM_URL_MAX && scheme_length(text);
}

static int hex_digit(char c)
{
	const char *digits = "0123456789abcdef", *found;

	if (c >= 'A' && c <= 'F')
		c = (char)(c - 'A' + 'a');
	found = c ? strchr(digits, c) : NULL;
	return found ? (int)(found - digits) : -1;
}

/* Whether the key up to its "=" ends in "password", once what is written as %70 is decoded: it may be "sslpassword". */
static bool is_password(const char *key, size_t length)
{
	static const char word[] = "password";
	char decoded[64];
	size_t count = 0;

	for (size_t i = 0; i < length && count < sizeof(decoded) - 1; i++) {
		char c = key[i];

		if (c == '%' && i + 2 < length && hex_digit(key[i + 1]) >= 0 &&
		    hex_digit(key[i + 2]) >= 0) {
			c = (char)(hex_digit(key[i + 1]) * 16 + hex_digit(key[i + 2]));
			i += 2;
		}
		decoded[count++] = c;
	}
	decoded[count] = '\0';
	return count >= strlen(word) && !strcasecmp(decoded + count - strlen(word), word);
}

bool upstream_url_has_password(const char *url)
{
	const char *user = url + scheme_length(url);
	const char *at = memchr(user, '@', strcspn(user, "/?"));
	const char *key = strchr(user, '?');

	if (at && memchr(user, ':', (size_t)(at - user)))
		return true;
	while (key) {
		size_t length = strcspn(++key, "&");
		size_t name = strcspn(key, "=&");

		if (name < length && is_password(key, name))
			return true;
		key = strchr(key, '&');
	}
	return false;
}
