/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a tree of YAML to C structs, by tables of keys.
 *
 * A level of the YAML is a `const struct bind_key []` that ends with a zeroed entry: one line per
 * key, with its reader, its field, its range and whether it must be there. The binder refuses keys
 * that no entry names; every error says "file:line: path: what was found, what would be right".
 * Absent keys leave their field alone, so the caller sets the defaults before.
 */
#ifndef QSOAK_BASE_BIND_H
#define QSOAK_BASE_BIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/yaml.h"

/* A place in the text; a chain on the stack, from a node up to the root. */
struct bind {
	const struct bind *up;	      /* NULL: the root */
	const char *key;	      /* NULL: element `index` of a list */
	size_t index;		      /* from 0 */
	const struct yaml_node *node; /* NULL: a required key that is missing */
	const char *file;
	struct err *err;
};

struct bind_key;

/* Reads at->node into its field in the struct at base. What it allocated when it fails belongs to
 * that struct, whose destructor takes half-built ones. */
typedef int (*bind_read_fn)(const struct bind *at, const struct bind_key *key, void *base);

/* What a string must be. */
struct bind_text {
	bool (*valid)(const char *text);
	const char *expected;
};

/* A list of mappings that becomes an array, allocated zeroed. */
struct bind_list {
	const struct bind_key *keys; /* of an element */
	size_t size;		     /* of an element */
	size_t count_offset;	     /* of the size_t with the number of elements */
	void (*init)(void *element); /* sets the defaults */
};

struct bind_key {
	const char *name;
	bind_read_fn read;
	size_t offset;	  /* of the field, in the struct at base */
	int64_t min, max; /* of the value (ns, bytes) or of the number of elements */
	bool required;
	const struct bind_text *text; /* bind_string(), and each of bind_strings() */
	const struct bind_list *list; /* bind_list() */
	const struct bind_key *keys;  /* bind_mapping() */
};

/* offsetof() that fails to compile when the member has another type. */
#define BIND_FIELD(owner, member, type)                                                       \
	(offsetof(owner, member) +                                                            \
	 0 * sizeof(char[__builtin_types_compatible_p(__typeof__(((owner *)0)->member), type) \
				 ? 1                                                          \
				 : -1]))

/* The reader and the field of an entry. */
#define BIND_UNSIGNED(owner, member) \
	.read = bind_unsigned, .offset = BIND_FIELD(owner, member, unsigned)
#define BIND_BOOL(owner, member) .read = bind_bool, .offset = BIND_FIELD(owner, member, bool)
#define BIND_COUNT(owner, member) .read = bind_count, .offset = BIND_FIELD(owner, member, int64_t)
#define BIND_DURATION(owner, member) \
	.read = bind_duration, .offset = BIND_FIELD(owner, member, int64_t)
#define BIND_STRING(owner, member) .read = bind_string, .offset = BIND_FIELD(owner, member, char *)
#define BIND_STRINGS(owner, member) \
	.read = bind_strings, .offset = BIND_FIELD(owner, member, char **)

int bind_unsigned(const struct bind *at, const struct bind_key *key, void *base);
int bind_bool(const struct bind *at, const struct bind_key *key, void *base);
int bind_count(const struct bind *at, const struct bind_key *key, void *base);
int bind_duration(const struct bind *at, const struct bind_key *key, void *base);
int bind_bytes(const struct bind *at, const struct bind_key *key, void *base);

/* A copy; any text but the empty one where the entry has no `text`. */
int bind_string(const struct bind *at, const struct bind_key *key, void *base);

/* A NULL-terminated array of copies, of at most `max`; frees the array that was there, not what it
 * points to. */
int bind_strings(const struct bind *at, const struct bind_key *key, void *base);

/* Binds the entries of a mapping by key->keys, into the struct at base itself. */
int bind_mapping(const struct bind *at, const struct bind_key *key, void *base);

/* An array of min to max elements; for a reader that checks them afterwards, or as it is. */
int bind_list(const struct bind *at, const struct bind_key *key, void *base);

/* For readers of their own. */

/* The text of a scalar; with anything else, "found ..., expected" what is passed. */
int bind_scalar(const struct bind *at, const char *expected, const char **ret_text);

/* One of the names; ret_value is its index. */
int bind_word(const struct bind *at, const char *const *names, size_t count, int *ret_value);

/* Defines a reader of an enumeration whose values 0 to count - 1 have names. */
#define BIND_ENUM_READER(reader, type, count, name_of)                                   \
	static int reader(const struct bind *at, const struct bind_key *key, void *base) \
	{                                                                                \
		const char *names[count];                                                \
		int value = 0, ret;                                                      \
                                                                                         \
		for (int i = 0; i < (count); i++)                                        \
			names[i] = name_of((enum type)i);                                \
		ret = bind_word(at, names, count, &value);                               \
		if (ret == 0)                                                            \
			*(enum type *)((char *)base + key->offset) = (enum type)value;   \
		return ret;                                                              \
	}

/* The places of an entry and of an element; node may be NULL for an entry. */
struct bind bind_entry(const struct bind *at, const char *key, const struct yaml_node *node);
struct bind bind_element(const struct bind *at, size_t index);

/* Sets "file:line: path: " and "found ..., expected " in front of fmt, and returns -EINVAL. */
int bind_expected(const struct bind *at, const char *fmt, ...)
	__attribute__((format(printf, 2, 3), cold));

/* The same without "found ..., expected". */
int bind_fail(const struct bind *at, const char *fmt, ...)
	__attribute__((format(printf, 2, 3), cold));

#endif
