// SPDX-License-Identifier: GPL-2.0-or-later
/* Reading ledgers of known issues, and finding in them. */
#include "report/ledger.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/yaml.h"
#include "campaign/profile-keys.h"
#include "campaign/profile.h"

/* What a text may be that is printed in a line. */
static bool is_line(const char *text, size_t max)
{
	size_t length = strlen(text);

	for (const char *c = text; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			return false;
	return length && length <= max;
}

static bool is_pattern(const char *text)
{
	return is_line(text, PROFILE_SIGNATURE_MAX);
}

static bool is_title(const char *text)
{
	return is_line(text, LEDGER_TITLE_MAX);
}

static bool is_reference(const char *text)
{
	return is_line(text, LEDGER_REFERENCE_MAX);
}

static bool is_version(const char *text)
{
	struct version version;

	return strlen(text) <= VERSION_TEXT_MAX && version_parse(text, &version);
}

static const struct bind_text pattern_text = {
	is_pattern, "a pattern over a whole title of up to 512 characters, like *bdrv_poll_co*"
};
static const struct bind_text title_text = { is_title, "a line of up to 200 characters" };
static const struct bind_text reference_text = { is_reference, "a line of up to 300 characters" };
static const struct bind_text version_text = { is_version,
					       "a version, like 8.2, 7.2.22 or 9.0.0-rc1" };
_Static_assert(PROFILE_SIGNATURE_MAX == 512 && LEDGER_TITLE_MAX == 200 &&
		       LEDGER_REFERENCE_MAX == 300,
	       "the texts above say so");

static const struct bind_key affects_keys[] = {
	{ "from", BIND_STRING(struct ledger_issue, from), .text = &version_text },
	{ "fixed-in", BIND_STRING(struct ledger_issue, fixed_in), .text = &version_text },
	{ 0 }
};

static int read_affects(const struct bind *at, const struct bind_key *key, void *base)
{
	static const struct bind_key level = { .keys = affects_keys };
	struct ledger_issue *issue = base;
	struct version from, fixed_in;
	int ret = bind_mapping(at, &level, base);

	(void)key;
	if (ret < 0)
		return ret;
	if (!issue->from && !issue->fixed_in)
		return bind_fail(at, "found no version, expected from or fixed-in");
	if (issue->from && issue->fixed_in && version_parse(issue->from, &from) &&
	    version_parse(issue->fixed_in, &fixed_in) && version_compare(&from, &fixed_in) >= 0) {
		struct bind fixed = bind_entry(at, "fixed-in", yaml_get(at->node, "fixed-in"));

		return bind_expected(&fixed, "a version above %s, where it begins", issue->from);
	}
	return 0;
}

static const struct bind_key issue_keys[] = {
	{ "signature", BIND_STRING(struct ledger_issue, pattern), .text = &pattern_text,
	  .required = true },
	{ "title", BIND_STRING(struct ledger_issue, title), .text = &title_text, .required = true },
	{ "reference", BIND_STRING(struct ledger_issue, reference), .text = &reference_text },
	{ "affects", .read = read_affects },
	{ "profiles", BIND_STRINGS(struct ledger_issue, profiles), .text = &profile_name_text,
	  .min = 1, .max = LEDGER_PROFILES_MAX },
	{ 0 }
};

static const struct bind_list issue_list = {
	.keys = issue_keys,
	.size = sizeof(struct ledger_issue),
	.count_offset = BIND_FIELD(struct ledger, count, size_t),
};

/* A second issue of the same pattern would never be found. */
static int read_issues(const struct bind *at, const struct bind_key *key, void *base)
{
	struct ledger *ledger = base;
	int ret = bind_list(at, key, base);

	for (size_t i = 0; ret == 0 && i < ledger->count; i++)
		for (size_t j = 0; ret == 0 && j < i; j++) {
			struct bind issue = bind_element(at, i);
			struct bind pattern =
				bind_entry(&issue, "signature", yaml_get(issue.node, "signature"));

			if (!strcmp(ledger->issues[i].pattern, ledger->issues[j].pattern))
				ret = bind_expected(&pattern, "another pattern than issues[%zu]",
						    j);
		}
	return ret;
}

static const struct bind_key ledger_keys[] = {
	{ "issues", .read = read_issues,
	  .offset = BIND_FIELD(struct ledger, issues, struct ledger_issue *), .list = &issue_list,
	  .max = LEDGER_ISSUES_MAX, .required = true },
	{ 0 }
};

void ledger_finish(struct ledger *ledger)
{
	for (size_t i = 0; i < ledger->count; i++) {
		struct ledger_issue *issue = &ledger->issues[i];

		free(issue->pattern);
		free(issue->title);
		free(issue->reference);
		free(issue->from);
		free(issue->fixed_in);
		for (size_t j = 0; issue->profiles && issue->profiles[j]; j++)
			free(issue->profiles[j]);
		free(issue->profiles);
	}
	free(ledger->issues);
	*ledger = (struct ledger){ 0 };
}

/* Moves all of from behind those of ledger. */
static void append(struct ledger *ledger, struct ledger *from)
{
	if (!from->count)
		return;
	ledger->issues =
		mem_realloc(ledger->issues, ledger->count + from->count, sizeof(*ledger->issues));
	memcpy(ledger->issues + ledger->count, from->issues, from->count * sizeof(*from->issues));
	ledger->count += from->count;
	from->count = 0;
}

int ledger_add(struct ledger *ledger, const char *text, size_t size, const char *name,
	       struct err *err)
{
	static const struct bind_key root_key = { .keys = ledger_keys };
	struct bind root = { .file = name, .err = err };
	struct yaml_node *tree = NULL;
	struct ledger more = { 0 };
	int ret;

	if (size > LEDGER_TEXT_MAX)
		return err_set(err, -EINVAL, "%s:1: found %zu bytes, expected at most %d", name,
			       size, LEDGER_TEXT_MAX);
	ret = yaml_parse(text, size, name, &tree, err);
	if (ret < 0)
		return ret;
	root.node = tree;
	ret = bind_mapping(&root, &root_key, &more);
	yaml_node_free(tree);
	if (ret == 0)
		append(ledger, &more);
	ledger_finish(&more);
	return ret;
}

bool ledger_issue_matches(const struct ledger_issue *issue, const char *title, json_t *alternatives)
{
	json_t *alternative;
	size_t i;

	if (title && fnmatch(issue->pattern, title, 0) == 0)
		return true;
	json_array_foreach(alternatives, i, alternative)
		if (json_is_string(alternative) &&
		    fnmatch(issue->pattern, json_string_value(alternative), 0) == 0)
			return true;
	return false;
}

const struct ledger_issue *ledger_match(const struct ledger *ledger, const char *title,
					json_t *alternatives)
{
	for (size_t i = 0; i < ledger->count; i++)
		if (ledger_issue_matches(&ledger->issues[i], title, alternatives))
			return &ledger->issues[i];
	return NULL;
}

bool ledger_is_fixed(const struct ledger_issue *issue, json_t *versions)
{
	struct version fixed_in, version;
	json_t *line;
	size_t i;

	if (!issue->fixed_in || !version_parse(issue->fixed_in, &fixed_in))
		return false;
	json_array_foreach(versions, i, line)
		if (!json_is_string(line) || !version_find(json_string_value(line), &version) ||
		    version_compare(&version, &fixed_in) < 0)
			return false;
	return json_array_size(versions) > 0;
}

bool ledger_affects(const struct ledger_issue *issue, const char *version)
{
	struct version bound, own;

	if (!issue->from && !issue->fixed_in)
		return true;
	if (!version || !version_find(version, &own))
		return false;
	if (issue->from && version_parse(issue->from, &bound) && version_compare(&own, &bound) < 0)
		return false;
	return !issue->fixed_in || !version_parse(issue->fixed_in, &bound) ||
	       version_compare(&own, &bound) < 0;
}
