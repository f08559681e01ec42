// SPDX-License-Identifier: GPL-2.0-or-later
/* Reading the rules of a release gate. */
#include "report/gate-rules.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bind.h"
#include "base/mem.h"
#include "base/names.h"
#include "base/size.h"
#include "campaign/profile-keys.h"
#include "op/metric.h"

/* Shares are read exactly, in millionths. */
#define MILLION 1000000
#define SHARE_DIGITS 6

static const char *const ignored_names[] = {
	[GATE_IGNORE_KNOWN] = "known",
	[GATE_IGNORE_EXPECTED] = "expected",
};
NAMES_COMPLETE(ignored_names, GATE_IGNORED_COUNT);

/* "0.05" or "5%" as millionths; -1: it is neither, or finer. */
static int64_t parse_millionths(const char *text)
{
	int64_t value = 0;
	size_t whole = strspn(text, "0123456789"), fraction = 0;
	const char *end = text + whole;
	int digits = SHARE_DIGITS;

	if (whole < 1 || whole > 3 || (whole > 1 && *text == '0'))
		return -1;
	if (*end == '.') {
		fraction = strspn(end + 1, "0123456789");
		if (!fraction)
			return -1;
		end += 1 + fraction;
	}
	if (*end == '%')
		digits -= 2;
	if (end[*end == '%'] || (int)fraction > digits)
		return -1;
	for (const char *c = text; c < end; c++)
		if (*c != '.')
			value = 10 * value + (*c - '0');
	for (int i = (int)fraction; i < digits; i++)
		value *= 10;
	return value;
}

/* Without zeros at the end; the caller frees. */
static char *format_millionths(int64_t value)
{
	char *text = mem_printf("%.*f", SHARE_DIGITS, (double)value / MILLION);
	size_t length = strlen(text);

	while (text[length - 1] == '0')
		text[--length] = '\0';
	if (text[length - 1] == '.')
		text[--length] = '\0';
	return text;
}

/* A double; the range of the key is in millionths. */
static int read_share(const struct bind *at, const struct bind_key *key, void *base)
{
	auto_free char *min = format_millionths(key->min), *max = format_millionths(key->max);
	auto_free char *expected = mem_printf("%s to %s, like 0.05 or 5%%", min, max);
	const char *text = NULL;
	int ret = bind_scalar(at, expected, &text);
	int64_t value;

	if (ret < 0)
		return ret;
	value = parse_millionths(text);
	if (value < key->min || value > key->max)
		return bind_expected(at, "%s", expected);
	*(double *)((char *)base + key->offset) = (double)value / MILLION;
	return 0;
}

/* KIND.NAME, both of lower-case letters, digits and '-'. */
static bool is_metric(const char *text)
{
	return metric_find(text) != NULL;
}

static const struct bind_text metric_text = {
	is_metric, "a metric of qsoak-statistics(7), like snapshot-save.duration"
};

static int read_ignore(const struct bind *at, const struct bind_key *key, void *base)
{
	bool *ignore = (bool *)((char *)base + key->offset);
	int value = 0, ret = 0;

	if (!at->node || at->node->type != YAML_SEQUENCE) {
		ret = bind_word(at, ignored_names, GATE_IGNORED_COUNT, &value);
		if (ret == 0)
			ignore[value] = true;
		return ret;
	}
	for (size_t i = 0; ret == 0 && i < at->node->count; i++) {
		struct bind element = bind_element(at, i);

		ret = bind_word(&element, ignored_names, GATE_IGNORED_COUNT, &value);
		if (ret == 0)
			ignore[value] = true;
	}
	return ret;
}

#define BIND_SHARE(owner, member) .read = read_share, .offset = BIND_FIELD(owner, member, double)

static const struct bind_key failures_keys[] = {
	{ "below", BIND_SHARE(struct gate_failures, below), .min = 1, .max = MILLION - 1 },
	{ "confidence", BIND_SHARE(struct gate_failures, confidence), .min = MILLION / 2 + 1,
	  .max = MILLION - 1 },
	{ "builds", BIND_STRINGS(struct gate_failures, builds), .text = &profile_name_text,
	  .min = 1, .max = GATE_BUILDS_MAX },
	{ "ignore", .read = read_ignore,
	  .offset = BIND_FIELD(struct gate_failures, ignore, bool[GATE_IGNORED_COUNT]) },
	{ "worse", BIND_BOOL(struct gate_failures, worse) },
	{ 0 }
};

static int read_failures(const struct bind *at, const struct bind_key *key, void *base)
{
	static const struct bind_key level = { .keys = failures_keys };
	struct gate_rules *rules = base;

	(void)key;
	rules->failures.given = true;
	return bind_mapping(at, &level, &rules->failures);
}

#define MARGIN_KEY .min = 0, .max = MILLION

/* Metrics are keys here, so that the binder has no table of them. */
static int read_metrics(const struct bind *at, const struct bind_key *key, void *base)
{
	static const struct bind_key margin_key = { "margin",
						    BIND_SHARE(struct gate_margin, margin),
						    MARGIN_KEY };
	struct gate_slower *slower = base;
	int ret = 0;

	(void)key;
	if (!at->node || at->node->type != YAML_MAPPING)
		return bind_expected(at, "a mapping of metrics to margins");
	if (at->node->count > GATE_METRICS_MAX)
		return bind_fail(at, "found %zu entries, expected at most %d", at->node->count,
				 GATE_METRICS_MAX);
	slower->metrics = mem_zalloc(at->node->count * sizeof(*slower->metrics));
	for (size_t i = 0; ret == 0 && i < at->node->count; i++) {
		const struct yaml_node *child = &at->node->children[i];
		char shown[SIZE_SHOWN_MAX];
		struct bind entry = bind_entry(at, size_shown(shown, child->key), child);
		struct gate_margin *margin = &slower->metrics[i];

		if (!is_metric(child->key))
			return bind_fail(&entry, "unknown key, expected %s", metric_text.expected);
		margin->metric = mem_strdup(child->key);
		slower->metric_count++;
		ret = read_share(&entry, &margin_key, margin);
	}
	return ret;
}

static const struct bind_key slower_keys[] = { { "margin", BIND_SHARE(struct gate_slower, margin),
						 MARGIN_KEY },
					       { "metrics", .read = read_metrics },
					       { 0 } };

static int read_slower(const struct bind *at, const struct bind_key *key, void *base)
{
	static const struct bind_key level = { .keys = slower_keys };
	struct gate_rules *rules = base;

	(void)key;
	rules->slower.given = true;
	return bind_mapping(at, &level, &rules->slower);
}

/* "any", or the word that is stricter. */
static int read_any(const struct bind *at, const char *strict, bool *ret_any)
{
	const char *const names[] = { strict, "any" };
	int value = 0, ret = bind_word(at, names, ARRAY_SIZE(names), &value);

	if (ret == 0)
		*ret_any = value == 1;
	return ret;
}

static int read_end(const struct bind *at, const struct bind_key *key, void *base)
{
	(void)key;
	return read_any(at, "complete", &((struct gate_rules *)base)->any_end);
}

static int read_environment(const struct bind *at, const struct bind_key *key, void *base)
{
	(void)key;
	return read_any(at, "same", &((struct gate_rules *)base)->any_environment);
}

#define COUNT_MAX 1000000000

static const struct bind_key rules_keys[] = {
	{ "failures", .read = read_failures },
	{ "slower", .read = read_slower },
	{ "need", BIND_STRINGS(struct gate_rules, need), .text = &metric_text, .min = 1,
	  .max = GATE_METRICS_MAX },
	{ "min-loops", BIND_COUNT(struct gate_rules, min_loops), .min = 1, .max = COUNT_MAX },
	{ "min-blocks", BIND_COUNT(struct gate_rules, min_blocks), .min = 1, .max = COUNT_MAX },
	{ "end", .read = read_end },
	{ "environment", .read = read_environment },
	{ 0 }
};

void gate_rules_init(struct gate_rules *rules)
{
	*rules = (struct gate_rules){
		.failures = { .given = true, .below = 0.01, .confidence = 0.95, .worse = true },
		.slower = { .given = true, .margin = -1 },
	};
}

static void strings_free(char **strings)
{
	for (size_t i = 0; strings && strings[i]; i++)
		free(strings[i]);
	free(strings);
}

void gate_rules_finish(struct gate_rules *rules)
{
	for (size_t i = 0; i < rules->slower.metric_count; i++)
		free(rules->slower.metrics[i].metric);
	free(rules->slower.metrics);
	strings_free(rules->failures.builds);
	strings_free(rules->need);
	free(rules->name);
	*rules = (struct gate_rules){ 0 };
}

int gate_rules_read(struct gate_rules *ret_rules, const char *text, size_t size, const char *name,
		    struct err *err)
{
	static const struct bind_key root_key = { .keys = rules_keys };
	struct bind root = { .file = name, .err = err };
	struct yaml_node *tree = NULL;
	int ret;

	gate_rules_init(ret_rules);
	ret_rules->name = mem_strdup(name);
	ret_rules->failures.given = ret_rules->slower.given = false;
	if (size > GATE_RULES_TEXT_MAX)
		return err_set(err, -EINVAL, "%s:1: found %zu bytes, expected at most %d", name,
			       size, GATE_RULES_TEXT_MAX);
	ret = yaml_parse(text, size, name, &tree, err);
	if (ret < 0)
		return ret;
	root.node = tree;
	ret = bind_mapping(&root, &root_key, ret_rules);
	/* A gate without rules would let everything through. */
	if (ret == 0 && !ret_rules->failures.given && !ret_rules->slower.given && !ret_rules->need)
		ret = bind_fail(&root, "found no rule, expected failures, slower or need");
	yaml_node_free(tree);
	return ret;
}
