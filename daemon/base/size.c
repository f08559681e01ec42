// SPDX-License-Identifier: GPL-2.0-or-later
/* Strict readers of numbers, durations and sizes. */
#include "base/size.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"

struct unit {
	const char *name;
	int64_t factor;
};

/* Both tables from the smallest to the largest. */
static const struct unit duration_units[] = {
	{ "ms", CLOCK_NS_PER_MS },
	{ "s", CLOCK_NS_PER_S },
	{ "m", 60 * CLOCK_NS_PER_S },
	{ "h", 3600 * CLOCK_NS_PER_S },
};

static const struct unit byte_units[] = {
	{ "KiB", 1ll << 10 },
	{ "MiB", 1ll << 20 },
	{ "GiB", 1ll << 30 },
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_plain(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c && strchr("._-+/%@", c));
}

/* A control character of ASCII, or one of U+0080 to U+009F, which some terminals obey as well. */
static bool is_control(const char *s)
{
	unsigned char c = (unsigned char)*s;

	return c < 0x20 || c == 0x7f || (c == 0xc2 && ((unsigned char)s[1] & 0xe0) == 0x80);
}

const char *size_shown(char buf[SIZE_SHOWN_MAX], const char *text)
{
	size_t used = 0;
	const char *s = text;

	while (is_plain(*s))
		s++;
	if (!*text)
		return strcpy(buf, "nothing");
	if (!*s && s - text < SIZE_SHOWN_MAX)
		return strcpy(buf, text);

	buf[used++] = '"';
	/* Room for what one turn writes (\xNN\xNN), the mark of a cut, the quote and the NUL. */
	for (s = text; *s && used < SIZE_SHOWN_MAX - 13; s++) {
		if (is_control(s)) {
			used += (size_t)sprintf(buf + used, "\\x%02x", (unsigned char)*s);
			if (*s == '\xc2')
				used += (size_t)sprintf(buf + used, "\\x%02x", (unsigned char)*++s);
		} else {
			buf[used++] = *s;
		}
	}
	while (*s && ((unsigned char)*s & 0xc0) == 0x80 && used < SIZE_SHOWN_MAX - 5)
		buf[used++] = *s++; /* the rest of a character */
	strcpy(buf + used, *s ? "...\"" : "\"");
	return buf;
}

static int refuse(struct err *err, const char *text, const char *expected)
{
	char shown[SIZE_SHOWN_MAX];

	return err_set(err, -EINVAL, "found %s, expected %s", size_shown(shown, text), expected);
}

/* Reads digits; returns what follows them, or NULL: none, a leading zero, or above 2^64 - 1. */
static const char *read_digits(const char *s, uint64_t *ret_number)
{
	uint64_t number = 0;

	if (!is_digit(s[0]) || (s[0] == '0' && is_digit(s[1])))
		return NULL;
	for (; is_digit(*s); s++)
		if (__builtin_mul_overflow(number, 10, &number) ||
		    __builtin_add_overflow(number, (unsigned)(*s - '0'), &number))
			return NULL;
	*ret_number = number;
	return s;
}

int size_parse_number(const char *text, uint64_t *ret_number, struct err *err)
{
	uint64_t number;
	const char *end = read_digits(text, &number);

	if (!end || *end)
		return refuse(err, text, "0 to 18446744073709551615");
	*ret_number = number;
	return 0;
}

static const struct unit *find_unit(const struct unit *units, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(units[i].name, name))
			return &units[i];
	return NULL;
}

/* Reads ".5" as fraction 5 of scale 10; at most 9 digits. Returns what follows, or NULL. */
static const char *read_fraction(const char *s, int64_t *ret_fraction, int64_t *ret_scale)
{
	int64_t fraction = 0, scale = 1;

	if (!is_digit(*++s))
		return NULL;
	for (; is_digit(*s); s++, scale *= 10) {
		if (scale == 1000000000)
			return NULL;
		fraction = fraction * 10 + (*s - '0');
	}
	*ret_fraction = fraction;
	*ret_scale = scale;
	return s;
}

int size_parse_duration(const char *text, int64_t *ret_ns, struct err *err)
{
	static const char expected[] = "a number with its unit ms, s, m or h, like 90s or 1.5m";
	int64_t fraction = 0, scale = 1, ns;
	const struct unit *unit;
	uint64_t number;
	const char *s = read_digits(text, &number);

	if (s && *s == '.')
		s = read_fraction(s, &fraction, &scale);
	unit = s ? find_unit(duration_units, ARRAY_SIZE(duration_units), s) : NULL;
	if (!unit)
		return refuse(err, text, expected);

	fraction = (int64_t)((__int128)fraction * unit->factor / scale);
	if (__builtin_mul_overflow(number, unit->factor, &ns) ||
	    __builtin_add_overflow(ns, fraction, &ns))
		return refuse(err, text, "a duration below 290 years");
	*ret_ns = ns;
	return 0;
}

int size_parse_bytes(const char *text, int64_t *ret_bytes, struct err *err)
{
	const struct unit *unit;
	uint64_t number;
	int64_t bytes;
	const char *s = read_digits(text, &number);

	unit = s ? find_unit(byte_units, ARRAY_SIZE(byte_units), s) : NULL;
	if (!unit)
		return refuse(err, text, "an integer with its unit KiB, MiB or GiB, like 32MiB");
	if (__builtin_mul_overflow(number, unit->factor, &bytes))
		return refuse(err, text, "a size below 8 EiB");
	*ret_bytes = bytes;
	return 0;
}

static const char *format(char buf[SIZE_TEXT_MAX], const struct unit *units, size_t count,
			  int64_t value, const char *bare)
{
	for (size_t i = count; i-- > 0;) {
		if (value % units[i].factor || (!value && i))
			continue;
		snprintf(buf, SIZE_TEXT_MAX, "%" PRId64 "%s", value / units[i].factor,
			 units[i].name);
		return buf;
	}
	snprintf(buf, SIZE_TEXT_MAX, "%" PRId64 " %s", value, bare);
	return buf;
}

const char *size_format_duration(char buf[SIZE_TEXT_MAX], int64_t ns)
{
	return format(buf, duration_units, ARRAY_SIZE(duration_units), ns, "ns");
}

const char *size_format_bytes(char buf[SIZE_TEXT_MAX], int64_t bytes)
{
	return format(buf, byte_units, ARRAY_SIZE(byte_units), bytes, "bytes");
}
