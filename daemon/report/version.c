// SPDX-License-Identifier: GPL-2.0-or-later
/* Reading and comparing versions of QEMU. */
#include "report/version.h"

#include <ctype.h>
#include <string.h>

/* A number of VERSION_PART_MAX at most; returns what is behind it, NULL if there is none. */
static const char *read_number(const char *text, int *ret_number)
{
	int number = 0;

	if (!isdigit((unsigned char)*text))
		return NULL;
	for (; isdigit((unsigned char)*text); text++) {
		number = 10 * number + (*text - '0');
		if (number > VERSION_PART_MAX)
			return NULL;
	}
	*ret_number = number;
	return text;
}

/* One that text begins with; returns what is behind it, NULL if there is none. */
static const char *read_version(const char *text, struct version *ret_version)
{
	struct version version = { .candidate = VERSION_PART_MAX };
	const char *more;
	int count = 0;

	do {
		text = read_number(text + (count > 0), &version.parts[count]);
		count++;
	} while (text && count < VERSION_PARTS && *text == '.' && isdigit((unsigned char)text[1]));
	if (!text || count < 2)
		return NULL;
	if ((*text == '-' || *text == '~') && !strncmp(text + 1, "rc", 2)) {
		more = read_number(text + 3, &version.candidate);
		text = more ? more : text;
	}
	*ret_version = version;
	return text;
}

bool version_parse(const char *text, struct version *ret_version)
{
	struct version version;
	const char *end = strchr(text, '~') ? NULL : read_version(text, &version);

	if (!end || *end)
		return false;
	*ret_version = version;
	return true;
}

bool version_find(const char *line, struct version *ret_version)
{
	static const char word[] = "version ";
	const char *named = strstr(line, word);

	return named && read_version(named + strlen(word), ret_version);
}

int version_compare(const struct version *a, const struct version *b)
{
	for (int i = 0; i < VERSION_PARTS; i++)
		if (a->parts[i] != b->parts[i])
			return a->parts[i] < b->parts[i] ? -1 : 1;
	return (a->candidate > b->candidate) - (a->candidate < b->candidate);
}
