// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From libyaml's events to a tree.
 *
 * Events rather than libyaml's document: the document resolves aliases before anyone can refuse
 * them, and forgets anchors. The events come while the text is read, so a text that nests without
 * end is given up at the limit.
 */
#include "base/yaml.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <yaml.h>

#include "base/mem.h"
#include "base/size.h"

struct reader {
	yaml_parser_t parser;
	yaml_event_t event; /* the current one; owned */
	const char *text;
	size_t size;
	const char *name;
	size_t nodes;
	struct err *err;
};

static int read_value(struct reader *r, struct yaml_node *node, unsigned depth);

#define fail(r, line, fmt, ...) \
	err_set((r)->err, -EINVAL, "%s:%d: " fmt, (r)->name, line, ##__VA_ARGS__)

static int line_of(const yaml_mark_t *mark)
{
	return (int)mark->line + 1;
}

/* Whether the indentation of a line, counted from 0, has a tab. */
static bool indents_with_tab(const struct reader *r, size_t line)
{
	const char *s = r->text, *end = s + r->size;

	for (; line; line--) {
		s = memchr(s, '\n', (size_t)(end - s));
		if (!s)
			return false;
		s++;
	}
	while (s < end && *s == ' ')
		s++;
	return s < end && *s == '\t';
}

/* Turns libyaml's complaint into ours. */
static int fail_parser(struct reader *r)
{
	const yaml_parser_t *p = &r->parser;
	int line = line_of(&p->problem_mark);

	switch (p->error) {
	case YAML_MEMORY_ERROR:
		return err_set(r->err, -ENOMEM, "%s: out of memory", r->name);
	case YAML_READER_ERROR:
		/* Comes with the offset of a byte only. */
		line = 1;
		for (size_t i = 0; i < p->problem_offset && i < r->size; i++)
			line += r->text[i] == '\n';
		return fail(r, line, "not UTF-8 text: %s", p->problem);
	default:
		if (p->error == YAML_SCANNER_ERROR && indents_with_tab(r, p->problem_mark.line))
			return fail(r, line, "found a tab, expected spaces as indentation");
		return fail(r, line, "not YAML: %s%s%s", p->problem, p->context ? " " : "",
			    p->context ? p->context : "");
	}
}

static int next_event(struct reader *r)
{
	yaml_event_delete(&r->event);
	return yaml_parser_parse(&r->parser, &r->event) ? 0 : fail_parser(r);
}

/* Refuses what the subset leaves out of the node that the current event begins. */
static int check_node(struct reader *r)
{
	const yaml_event_t *e = &r->event;
	const yaml_char_t *anchor = NULL, *tag = NULL;
	int line = line_of(&e->start_mark);
	char shown[SIZE_SHOWN_MAX];

	switch (e->type) {
	case YAML_ALIAS_EVENT:
		return fail(r, line, "found alias *%s, expected the value itself",
			    size_shown(shown, (const char *)e->data.alias.anchor));
	case YAML_SCALAR_EVENT:
		anchor = e->data.scalar.anchor;
		tag = e->data.scalar.tag;
		break;
	case YAML_SEQUENCE_START_EVENT:
		anchor = e->data.sequence_start.anchor;
		tag = e->data.sequence_start.tag;
		break;
	case YAML_MAPPING_START_EVENT:
		anchor = e->data.mapping_start.anchor;
		tag = e->data.mapping_start.tag;
		break;
	default:
		break;
	}
	if (anchor)
		return fail(r, line, "found anchor &%s, expected none",
			    size_shown(shown, (const char *)anchor));
	if (tag)
		return fail(r, line, "found tag %s, expected none",
			    size_shown(shown, (const char *)tag));
	if (++r->nodes > YAML_NODES_MAX)
		return fail(r, line, "found more than %d values, expected at most that many",
			    YAML_NODES_MAX);
	return 0;
}

/* Copies the scalar of the current event. */
static int read_scalar(struct reader *r, char **ret_text)
{
	const char *value = (const char *)r->event.data.scalar.value;
	size_t length = r->event.data.scalar.length;

	if (memchr(value, 0, length))
		return fail(r, line_of(&r->event.start_mark),
			    "found a NUL character, expected text without");
	*ret_text = mem_strndup(value, length);
	return 0;
}

/* Sizes grow by powers of two; the new child is zeroed. */
static struct yaml_node *append_child(struct yaml_node *node)
{
	if (!(node->count & (node->count - 1)))
		node->children = mem_realloc(node->children, node->count ? 2 * node->count : 1,
					     sizeof(*node->children));
	memset(&node->children[node->count], 0, sizeof(*node->children));
	return &node->children[node->count++];
}

/* Reads the key of the current event into the new last entry of a mapping. */
static int read_key(struct reader *r, struct yaml_node *mapping, struct yaml_node *entry)
{
	char shown[SIZE_SHOWN_MAX];
	int ret = check_node(r);

	if (ret < 0)
		return ret;
	entry->key_line = line_of(&r->event.start_mark);
	if (r->event.type != YAML_SCALAR_EVENT)
		return fail(r, entry->key_line, "found a %s as key, expected a name",
			    r->event.type == YAML_MAPPING_START_EVENT ? "mapping" : "list");
	ret = read_scalar(r, &entry->key);
	if (ret < 0)
		return ret;
	if (!*entry->key)
		return fail(r, entry->key_line, "found an empty key, expected a name");
	for (const struct yaml_node *other = mapping->children; other != entry; other++)
		if (!strcmp(other->key, entry->key))
			return fail(r, entry->key_line,
				    "found key %s again, expected it once (line %d has it)",
				    size_shown(shown, entry->key), other->key_line);
	return 0;
}

/* Reads the children of the collection that the current event begins, up to its end. */
static int read_children(struct reader *r, struct yaml_node *node, unsigned depth)
{
	bool mapping = node->type == YAML_MAPPING;
	yaml_event_type_t end = mapping ? YAML_MAPPING_END_EVENT : YAML_SEQUENCE_END_EVENT;

	if (depth >= YAML_DEPTH_MAX)
		return fail(r, node->line, "found too many levels, expected at most %d",
			    YAML_DEPTH_MAX);
	for (;;) {
		struct yaml_node *child;
		int ret = next_event(r);

		if (ret < 0)
			return ret;
		if (r->event.type == end)
			return 0;
		child = append_child(node);
		if (mapping) {
			ret = read_key(r, node, child);
			if (ret == 0)
				ret = next_event(r);
		}
		if (ret == 0)
			ret = read_value(r, child, depth + 1);
		if (ret < 0)
			return ret;
	}
}

/* Reads the node that the current event begins. depth: how many collections are around it. */
static int read_value(struct reader *r, struct yaml_node *node, unsigned depth)
{
	int ret = check_node(r);

	if (ret < 0)
		return ret;
	node->line = line_of(&r->event.start_mark);
	if (!node->key)
		node->key_line = node->line;

	switch (r->event.type) {
	case YAML_SEQUENCE_START_EVENT:
		node->type = YAML_SEQUENCE;
		return read_children(r, node, depth);
	case YAML_MAPPING_START_EVENT:
		node->type = YAML_MAPPING;
		return read_children(r, node, depth);
	default:
		node->type = YAML_SCALAR;
		return read_scalar(r, &node->scalar);
	}
}

static int read_document(struct reader *r, struct yaml_node *root)
{
	int ret = next_event(r); /* begin of the stream */

	if (ret == 0)
		ret = next_event(r);
	if (ret < 0)
		return ret;
	if (r->event.type == YAML_STREAM_END_EVENT)
		return fail(r, line_of(&r->event.start_mark),
			    "found an empty text, expected a mapping");
	ret = next_event(r);
	if (ret == 0)
		ret = read_value(r, root, 0);
	if (ret < 0)
		return ret;
	if (root->type != YAML_MAPPING)
		return fail(r, root->line, "found a %s, expected a mapping",
			    root->type == YAML_SEQUENCE ? "list" : "scalar");
	ret = next_event(r); /* end of the document */
	if (ret == 0)
		ret = next_event(r);
	if (ret < 0)
		return ret;
	if (r->event.type != YAML_STREAM_END_EVENT)
		return fail(r, line_of(&r->event.start_mark),
			    "found a second document, expected one");
	return 0;
}

int yaml_parse(const char *text, size_t size, const char *name, struct yaml_node **ret_root,
	       struct err *err)
{
	struct reader r = { .text = text, .size = size, .name = name, .err = err };
	struct yaml_node *root;
	int ret;

	if (size > YAML_TEXT_MAX)
		return fail(&r, 1, "found %zu bytes, expected at most %d", size, YAML_TEXT_MAX);
	if (!yaml_parser_initialize(&r.parser))
		return err_set(err, -ENOMEM, "%s: out of memory", name);
	/* Without this libyaml guesses, and would read UTF-16 as well. */
	yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&r.parser, (const unsigned char *)text, size);

	root = mem_new(struct yaml_node);
	ret = read_document(&r, root);
	yaml_event_delete(&r.event);
	yaml_parser_delete(&r.parser);
	if (ret < 0) {
		yaml_node_free(root);
		return ret;
	}
	*ret_root = root;
	return 0;
}

/* Depth is limited, so recursion is. */
static void free_content(struct yaml_node *node)
{
	for (size_t i = 0; i < node->count; i++)
		free_content(&node->children[i]);
	free(node->children);
	free(node->key);
	free(node->scalar);
}

void yaml_node_free(struct yaml_node *root)
{
	if (!root)
		return;
	free_content(root);
	free(root);
}

const struct yaml_node *yaml_get(const struct yaml_node *mapping, const char *key)
{
	if (mapping->type != YAML_MAPPING)
		return NULL;
	for (size_t i = 0; i < mapping->count; i++)
		if (!strcmp(mapping->children[i].key, key))
			return &mapping->children[i];
	return NULL;
}
