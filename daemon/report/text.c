// SPDX-License-Identifier: GPL-2.0-or-later
/* Values as text for people. */
#include "report/text.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/mem.h"

/* Reads one character of UTF-8; returns its length, 0 if it is none. */
static size_t decode(const unsigned char *s, uint32_t *ret_code)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t length = *s < 0x80	      ? 1
			: (*s & 0xe0) == 0xc0 ? 2
			: (*s & 0xf0) == 0xe0 ? 3
			: (*s & 0xf8) == 0xf0 ? 4
					      : 0;
	uint32_t code;

	if (!length)
		return 0;
	code = length == 1 ? *s : *s & (0x7fu >> length);
	for (size_t i = 1; i < length; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (s[i] & 0x3f);
	}
	if (code < least[length] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
		return 0;
	*ret_code = code;
	return length;
}

/* Controls, and the marks that change the direction or the lines of the text around them. */
static bool is_unsafe(uint32_t code)
{
	return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0x61c ||
	       (code >= 0x200b && code <= 0x200f) || (code >= 0x2028 && code <= 0x202e) ||
	       (code >= 0x2060 && code <= 0x206f) || code == 0xfeff;
}

char *text_printable(const char *s)
{
	const unsigned char *from = (const unsigned char *)(s ? s : "-");
	char *text = mem_zalloc(4 * strlen((const char *)from) + 1);
	char *to = text;

	while (*from) {
		uint32_t code;
		size_t length = decode(from, &code);

		if (length && !is_unsafe(code)) {
			to = mempcpy(to, from, length);
			from += length;
			continue;
		}
		for (length = length ? length : 1; length; length--)
			to += sprintf(to, "\\x%02x", *from++);
	}
	return text;
}

char *text_word(const char *s)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				    "-_=,.:/@%+";
	/* A byte becomes at most four, and the quotes around it. */
	char *text = mem_zalloc(4 * strlen(s) + 3), *to = text;

	if (*s && !s[strspn(s, plain)])
		return strcpy(text, s);
	*to++ = '\'';
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;

		if (c == '\'')
			to = stpcpy(to, "'\\''");
		else if (c < 0x20 || c == 0x7f)
			to += sprintf(to, "\\x%02x", c);
		else
			*to++ = *s;
	}
	*to = '\'';
	return text;
}

char *text_duration(int64_t duration_ns)
{
	static const char *const units[] = { "us", "ms", "s" };
	double value = (double)duration_ns / 1000;
	size_t unit = 0;

	while (unit + 1 < ARRAY_SIZE(units) && value >= 999.5) {
		value /= 1000;
		unit++;
	}
	return mem_printf("%.*f%s", value < 9.995 ? 2 : value < 99.95 ? 1 : 0, value, units[unit]);
}

char *text_long_duration(int64_t duration_ns)
{
	int64_t s = duration_ns > 0 ? (duration_ns + CLOCK_NS_PER_S / 2) / CLOCK_NS_PER_S : 0;

	if (s < 600)
		return mem_printf("%lld s", (long long)s);
	if (s < 3600)
		return mem_printf("%lld min %lld s", (long long)(s / 60), (long long)(s % 60));
	return mem_printf("%lld h %lld min", (long long)(s / 3600), (long long)(s % 3600 / 60));
}

char *text_time(int64_t unix_ns)
{
	time_t s = unix_ns / CLOCK_NS_PER_S;
	char text[64];
	struct tm tm;

	gmtime_r(&s, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	return mem_strdup(text);
}

char *text_count(int64_t count, const char *noun)
{
	return mem_printf("%lld %s%s", (long long)count, noun, count == 1 ? "" : "s");
}

char *text_failures(int64_t count, int64_t expected)
{
	auto_free char *failures = text_count(count, "failure");

	return expected ? mem_printf("%s (%lld expected)", failures, (long long)expected)
			: mem_steal(failures);
}

char *text_percent(double share)
{
	double percent = 100 * share;
	int digits = percent >= 9.95   ? 0
		     : percent >= .995 ? 1
		     : percent > 0     ? (int)ceil(-log10(percent)) + 1
				       : 0;

	return mem_printf("%.*f %%", digits > 6 ? 6 : digits, percent);
}

char *text_p(double p)
{
	return p < .001 ? mem_strdup("< 0.001") : mem_printf("%.*f", p < .0995 ? 3 : 2, p);
}
