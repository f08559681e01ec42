// SPDX-License-Identifier: GPL-2.0-or-later
/* The binder: walks mappings and lists by their tables, and reads scalars into fields. */
#include "base/bind.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/names.h"
#include "base/size.h"

#define PATH_TEXT_MAX 256
#define RANGE_TEXT_MAX 80

static void *field_of(const struct bind_key *key, void *base)
{
	return (char *)base + key->offset;
}

/* "builds[0].name". Returns the length. */
static size_t write_path(const struct bind *at, char buf[PATH_TEXT_MAX])
{
	size_t used;

	if (!at->up) {
		buf[0] = '\0';
		return 0;
	}
	used = write_path(at->up, buf);
	if (at->key)
		snprintf(buf + used, PATH_TEXT_MAX - used, "%s%s", used ? "." : "", at->key);
	else
		snprintf(buf + used, PATH_TEXT_MAX - used, "[%zu]", at->index);
	return used + strlen(buf + used);
}

/* A missing key is missed where its mapping begins. */
static int line_of(const struct bind *at)
{
	while (!at->node && at->up)
		at = at->up;
	return at->node->type == YAML_SCALAR ? at->node->line : at->node->key_line;
}

/* Puts "file:line: path: " in front. */
static int prefix(const struct bind *at)
{
	char path[PATH_TEXT_MAX];

	return err_prefix(at->err, "%s:%d%s%s", at->file, line_of(at),
			  write_path(at, path) ? ": " : "", path);
}

int bind_fail(const struct bind *at, const char *fmt, ...)
{
	char text[ERR_TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	err_set(at->err, -EINVAL, "%s", text);
	return prefix(at);
}

static const char *found_text(const struct bind *at, char shown[SIZE_SHOWN_MAX])
{
	switch (at->node->type) {
	case YAML_MAPPING:
		return "a mapping";
	case YAML_SEQUENCE:
		return "a list";
	default:
		return size_shown(shown, at->node->scalar);
	}
}

int bind_expected(const struct bind *at, const char *fmt, ...)
{
	char text[ERR_TEXT_MAX], shown[SIZE_SHOWN_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (!at->node)
		return bind_fail(at, "missing, expected %s", text);
	return bind_fail(at, "found %s, expected %s", found_text(at, shown), text);
}

struct bind bind_entry(const struct bind *at, const char *key, const struct yaml_node *node)
{
	return (struct bind){
		.up = at, .key = key, .node = node, .file = at->file, .err = at->err
	};
}

struct bind bind_element(const struct bind *at, size_t index)
{
	return (struct bind){ .up = at,
			      .index = index,
			      .node = &at->node->children[index],
			      .file = at->file,
			      .err = at->err };
}

int bind_scalar(const struct bind *at, const char *expected, const char **ret_text)
{
	if (!at->node || at->node->type != YAML_SCALAR)
		return bind_expected(at, "%s", expected);
	*ret_text = at->node->scalar;
	return 0;
}

int bind_word(const struct bind *at, const char *const *names, size_t count, int *ret_value)
{
	auto_free char *expected = names_list(names, count);
	const char *text = NULL;
	int value, ret = bind_scalar(at, expected, &text);

	if (ret < 0)
		return ret;
	value = names_find(names, count, text);
	if (value < 0)
		return bind_expected(at, "%s", expected);
	*ret_value = value;
	return 0;
}

/* Range texts. */

static const char *number_range(const struct bind_key *key, char buf[RANGE_TEXT_MAX])
{
	snprintf(buf, RANGE_TEXT_MAX, "%" PRId64 " to %" PRId64, key->min, key->max);
	return buf;
}

typedef const char *(*format_fn)(char buf[SIZE_TEXT_MAX], int64_t value);

static const char *unit_range(const struct bind_key *key, format_fn format,
			      char buf[RANGE_TEXT_MAX])
{
	char min[SIZE_TEXT_MAX], max[SIZE_TEXT_MAX];

	snprintf(buf, RANGE_TEXT_MAX, "%s to %s", format(min, key->min), format(max, key->max));
	return buf;
}

/* Scalars. */

static int read_number(const struct bind *at, const struct bind_key *key, int64_t *ret_number)
{
	struct err ignored = { 0 };
	char range[RANGE_TEXT_MAX];
	const char *text = NULL;
	uint64_t number;
	int ret = bind_scalar(at, number_range(key, range), &text);

	if (ret < 0)
		return ret;
	/* Whatever is wrong with it, the range says what would be right. */
	if (size_parse_number(text, &number, &ignored) < 0 || number > INT64_MAX ||
	    (int64_t)number < key->min || (int64_t)number > key->max)
		return bind_expected(at, "%s", range);
	*ret_number = (int64_t)number;
	return 0;
}

int bind_unsigned(const struct bind *at, const struct bind_key *key, void *base)
{
	int64_t number;
	int ret = read_number(at, key, &number);

	if (ret == 0)
		*(unsigned *)field_of(key, base) = (unsigned)number;
	return ret;
}

int bind_bool(const struct bind *at, const struct bind_key *key, void *base)
{
	const char *text = NULL;
	int ret = bind_scalar(at, "true or false", &text);

	if (ret < 0)
		return ret;
	if (strcmp(text, "true") && strcmp(text, "false"))
		return bind_expected(at, "true or false");
	*(bool *)field_of(key, base) = *text == 't';
	return 0;
}

int bind_count(const struct bind *at, const struct bind_key *key, void *base)
{
	return read_number(at, key, field_of(key, base));
}

typedef int (*parse_fn)(const char *text, int64_t *ret, struct err *err);

static int read_quantity(const struct bind *at, const struct bind_key *key, void *base,
			 parse_fn parse, format_fn format)
{
	char range[RANGE_TEXT_MAX];
	const char *text = NULL;
	int64_t value;
	int ret = bind_scalar(at, unit_range(key, format, range), &text);

	if (ret < 0)
		return ret;
	ret = parse(text, &value, at->err);
	if (ret < 0)
		return prefix(at);
	if (value < key->min || value > key->max)
		return bind_expected(at, "%s", range);
	*(int64_t *)field_of(key, base) = value;
	return 0;
}

int bind_duration(const struct bind *at, const struct bind_key *key, void *base)
{
	return read_quantity(at, key, base, size_parse_duration, size_format_duration);
}

int bind_bytes(const struct bind *at, const struct bind_key *key, void *base)
{
	return read_quantity(at, key, base, size_parse_bytes, size_format_bytes);
}

int bind_string(const struct bind *at, const struct bind_key *key, void *base)
{
	const char *expected = key->text ? key->text->expected : "a string";
	const char *text = NULL;
	int ret = bind_scalar(at, expected, &text);

	if (ret < 0)
		return ret;
	if (key->text ? !key->text->valid(text) : !*text)
		return bind_expected(at, "%s", expected);
	*(char **)field_of(key, base) = mem_strdup(text);
	return 0;
}

/* Collections. */

static int check_list(const struct bind *at, int64_t min, int64_t max)
{
	if (!at->node || at->node->type != YAML_SEQUENCE)
		return bind_expected(at, "a list");
	if ((int64_t)at->node->count < min || (int64_t)at->node->count > max)
		return bind_fail(at, "found %zu entries, expected %" PRId64 " to %" PRId64,
				 at->node->count, min, max);
	return 0;
}

int bind_strings(const struct bind *at, const struct bind_key *key, void *base)
{
	const struct bind_key element_key = { .read = bind_string, .text = key->text };
	char ***field = field_of(key, base);
	int ret = check_list(at, key->min, key->max);

	if (ret < 0)
		return ret;
	free(*field);
	*field = mem_zalloc((at->node->count + 1) * sizeof(**field));
	for (size_t i = 0; ret == 0 && i < at->node->count; i++) {
		struct bind element = bind_element(at, i);

		ret = bind_string(&element, &element_key, &(*field)[i]);
	}
	return ret;
}

static const struct bind_key *find_key(const struct bind_key *keys, const char *name)
{
	for (; keys->name; keys++)
		if (!strcmp(keys->name, name))
			return keys;
	return NULL;
}

static int fail_unknown(const struct bind *at, const struct yaml_node *child,
			const struct bind_key *keys)
{
	auto_free const char **names = NULL;
	auto_free char *list = NULL;
	char shown[SIZE_SHOWN_MAX];
	struct bind entry = bind_entry(at, size_shown(shown, child->key), child);
	size_t count = 0;

	while (keys[count].name)
		count++;
	names = mem_zalloc(count * sizeof(*names));
	for (size_t i = 0; i < count; i++)
		names[i] = keys[i].name;
	list = names_list(names, count);
	return bind_fail(&entry, "unknown key, expected %s", list);
}

int bind_mapping(const struct bind *at, const struct bind_key *key, void *base)
{
	if (!at->node || at->node->type != YAML_MAPPING)
		return bind_expected(at, "a mapping");

	for (size_t i = 0; i < at->node->count; i++) {
		const struct yaml_node *child = &at->node->children[i];
		const struct bind_key *found = find_key(key->keys, child->key);
		struct bind entry;
		int ret;

		if (!found)
			return fail_unknown(at, child, key->keys);
		entry = bind_entry(at, found->name, child);
		ret = found->read(&entry, found, base);
		if (ret < 0)
			return ret;
	}

	for (const struct bind_key *k = key->keys; k->name; k++) {
		struct bind entry = bind_entry(at, k->name, NULL);

		/* A reader says by itself what it expects. */
		if (k->required && !yaml_get(at->node, k->name))
			return k->read(&entry, k, base);
	}
	return 0;
}

int bind_list(const struct bind *at, const struct bind_key *key, void *base)
{
	const struct bind_list *list = key->list;
	struct bind_key element_key = { .keys = list->keys };
	size_t *count = (void *)((char *)base + list->count_offset);
	char **field = field_of(key, base);
	int ret = check_list(at, key->min, key->max);

	if (ret < 0)
		return ret;
	*field = mem_zalloc(at->node->count * list->size);
	*count = at->node->count;
	for (size_t i = 0; ret == 0 && i < *count; i++) {
		struct bind element = bind_element(at, i);

		if (list->init)
			list->init(*field + i * list->size);
		ret = bind_mapping(&element, &element_key, *field + i * list->size);
	}
	return ret;
}
