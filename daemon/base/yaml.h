/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * YAML text to a tree of nodes that know their line, for input that nobody vouches for.
 *
 * A subset: one document of mappings with plain string keys, sequences and scalars. Aliases,
 * anchors, tags, duplicate keys and more than one document are refused; depth, size and number of
 * nodes are limited. Scalars stay text: the reader of a key knows its type, so `no` is no boolean
 * where a name is expected.
 */
#ifndef QSOAK_BASE_YAML_H
#define QSOAK_BASE_YAML_H

#include <stddef.h>

#include "base/err.h"

#define YAML_TEXT_MAX (1024 * 1024)
#define YAML_NODES_MAX 10000 /* keys count, too */
#define YAML_DEPTH_MAX 16    /* the root counts */

enum yaml_type {
	YAML_SCALAR,
	YAML_SEQUENCE,
	YAML_MAPPING,
};

struct yaml_node {
	enum yaml_type type;
	int line;     /* from 1 */
	char *key;    /* NULL unless an entry of a mapping */
	int key_line; /* of the key, from 1; line of the value where there is no key */
	char *scalar; /* YAML_SCALAR; "" for an empty value */
	struct yaml_node *children; /* elements, or entries in the order of the text */
	size_t count;
};

/* text need not end in NUL. name is the file's, for error texts ("name:line: what was found, what
 * would be right"). The root is a mapping; the caller frees it. -EINVAL: not of the subset. */
int yaml_parse(const char *text, size_t size, const char *name, struct yaml_node **ret_root,
	       struct err *err);

/* Takes NULL. Not called yaml_free(): libyaml exports, and itself calls, a function of that name. */
void yaml_node_free(struct yaml_node *root);

/* The entry of a mapping, or NULL. */
const struct yaml_node *yaml_get(const struct yaml_node *mapping, const char *key);

#endif
