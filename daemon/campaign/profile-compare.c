// SPDX-License-Identifier: GPL-2.0-or-later
/* The keys of `compare`: which metrics of two builds are compared, over how many blocks. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/size.h"
#include "campaign/profile-keys.h"
#include "campaign/profile.h"

/* "5%", "0.5%": into a double, as a share. */
static int read_percent(const struct bind *at, const struct bind_key *key, void *base)
{
	static const char expected[] = "0.1% to 100%";
	const char *text = NULL;
	double percent;
	char *end;
	int ret = bind_scalar(at, expected, &text);

	if (ret < 0)
		return ret;
	percent = strtod(text, &end);
	/* Half of the last digit, so that both ends are in the range. */
	if (text[strspn(text, "0123456789.%")] || end == text || strcmp(end, "%") ||
	    !(percent / 100 >= PROFILE_MARGIN_MIN * (1 - 1e-12) &&
	      percent / 100 <= PROFILE_MARGIN_MAX))
		return bind_expected(at, "%s", expected);
	*(double *)((char *)base + key->offset) = percent / 100;
	return 0;
}

static int read_metric(const struct bind *at, const struct bind_key *key, void *base)
{
	static const char expected[] =
		"a metric of qsoak-statistics(7), like snapshot-save.duration";
	struct profile_metric *metric = base;
	const char *text = NULL;
	int ret = bind_scalar(at, expected, &text);

	(void)key;
	if (ret < 0)
		return ret;
	metric->metric = metric_find(text);
	return metric->metric ? 0 : bind_expected(at, "%s", expected);
}

static const struct bind_key metric_keys[] = { { "metric", .read = read_metric, .required = true },
					       { "margin", .read = read_percent,
						 .offset = BIND_FIELD(struct profile_metric, margin,
								      double) },
					       { 0 } };

static const struct bind_list metric_list = {
	.keys = metric_keys,
	.size = sizeof(struct profile_metric),
	.count_offset = BIND_FIELD(struct profile, compare.metric_count, size_t),
};

static int read_metrics(const struct bind *at, const struct bind_key *key, void *base)
{
	struct profile_compare *compare = &((struct profile *)base)->compare;
	int ret = bind_list(at, key, base);

	for (size_t i = 0; ret == 0 && i < compare->metric_count; i++)
		for (size_t j = 0; j < i; j++) {
			struct bind second = bind_element(at, i);

			if (compare->metrics[i].metric == compare->metrics[j].metric)
				return bind_fail(&second, "the metric is there already");
		}
	return ret;
}

/* Numbers of blocks; how they relate to `blocks` is seen later. */
static int read_looks(const struct bind *at, const struct bind_key *key, void *base)
{
	static const char expected[] = "a list of up to 15 numbers of blocks";
	struct profile_compare *compare = &((struct profile *)base)->compare;

	(void)key;
	if (at->node->type != YAML_SEQUENCE || at->node->count >= PROFILE_LOOKS_MAX)
		return bind_expected(at, "%s", expected);
	compare->looks = mem_zalloc(PROFILE_LOOKS_MAX * sizeof(*compare->looks));
	for (size_t i = 0; i < at->node->count; i++) {
		struct bind element = bind_element(at, i);
		struct err ignored = { 0 };
		const char *text = NULL;
		uint64_t number;
		int ret = bind_scalar(&element, "a number of blocks", &text);

		if (ret < 0)
			return ret;
		if (size_parse_number(text, &number, &ignored) < 0 || number < PROFILE_BLOCKS_MIN ||
		    number > PROFILE_BLOCKS_MAX)
			return bind_expected(&element, "%d to %d", PROFILE_BLOCKS_MIN,
					     PROFILE_BLOCKS_MAX);
		compare->looks[compare->look_count++] = (unsigned)number;
	}
	return 0;
}

_Static_assert(PROFILE_LOOKS_MAX == 16, "read_looks() says so");

static const struct bind_key compare_keys[] = {
	{ "blocks", BIND_UNSIGNED(struct profile, compare.blocks), .min = PROFILE_BLOCKS_MIN,
	  .max = PROFILE_BLOCKS_MAX },
	{ "warm-up", BIND_UNSIGNED(struct profile, compare.warm_up), .min = 0,
	  .max = PROFILE_LOOPS_PER_VM_MAX - 1 },
	{ "margin", .read = read_percent,
	  .offset = BIND_FIELD(struct profile, compare.margin, double) },
	{ "metrics", .read = read_metrics,
	  .offset = BIND_FIELD(struct profile, compare.metrics, struct profile_metric *),
	  .list = &metric_list, .min = 1, .max = PROFILE_METRICS_MAX },
	{ "looks", .read = read_looks },
	{ "self", BIND_BOOL(struct profile, compare.self) },
	{ 0 }
};

int profile_read_compare(const struct bind *at, const struct bind_key *key, void *base)
{
	static const struct bind_key level = { .keys = compare_keys };
	struct profile_compare *compare = &((struct profile *)base)->compare;

	(void)key;
	compare->on = true;
	compare->blocks = PROFILE_BLOCKS_DEFAULT;
	compare->warm_up = PROFILE_WARM_UP_DEFAULT;
	compare->margin = PROFILE_MARGIN_DEFAULT;
	return bind_mapping(at, &level, base);
}

static bool has_kind(const struct profile *profile, enum op_kind kind)
{
	if (kind == OP_BOOT || kind == OP_SHUTDOWN)
		return true;
	for (size_t i = 0; i < profile->operation_count; i++)
		if (profile->operations[i].kind == kind)
			return true;
	return false;
}

static int check_looks(const struct bind *at, struct profile_compare *compare)
{
	struct bind looks = bind_entry(at, "looks", yaml_get(at->node, "looks"));

	for (size_t i = 0; i < compare->look_count; i++) {
		struct bind look = bind_element(&looks, i);

		if (i && compare->looks[i] <= compare->looks[i - 1])
			return bind_expected(&look, "more than %u, the look before",
					     compare->looks[i - 1]);
		if (compare->looks[i] >= compare->blocks)
			return bind_expected(&look, "fewer than the %u blocks of the whole",
					     compare->blocks);
	}
	if (!compare->looks)
		compare->looks = mem_zalloc(sizeof(*compare->looks));
	compare->looks[compare->look_count++] = compare->blocks;
	return 0;
}

static int check_metrics(const struct bind *at, const struct profile *profile)
{
	const struct profile_compare *compare = &profile->compare;
	struct bind list = bind_entry(at, "metrics", yaml_get(at->node, "metrics"));

	for (size_t i = 0; i < compare->metric_count; i++) {
		struct bind element = bind_element(&list, i);
		struct bind metric =
			bind_entry(&element, "metric", yaml_get(element.node, "metric"));

		if (!has_kind(profile, compare->metrics[i].metric->kind))
			return bind_expected(&metric, "a metric of one of the operations");
	}
	return 0;
}

/* Those that are worth it and can be measured. */
static void choose_metrics(struct profile *profile)
{
	struct profile_compare *compare = &profile->compare;

	compare->metrics = mem_zalloc(METRIC_COUNT * sizeof(*compare->metrics));
	for (size_t i = 0; i < METRIC_COUNT; i++)
		if (metrics[i].primary && has_kind(profile, metrics[i].kind))
			compare->metrics[compare->metric_count++].metric = &metrics[i];
	/* Every VM boots. */
	if (!compare->metric_count)
		compare->metrics[compare->metric_count++].metric = metric_find("boot.duration");
}

int profile_check_compare(const struct bind *at, struct profile *profile)
{
	struct bind compare = bind_entry(at, "compare", yaml_get(at->node, "compare"));
	struct bind warm_up;
	int ret;

	if (!compare.node)
		return 0;
	if (yaml_get(at->node, "order"))
		return bind_fail(&compare,
				 "found `order` beside it, expected all VMs to do the same");
	for (size_t i = 0; i < profile->operation_count; i++)
		if (profile->operations[i].to)
			return bind_fail(&compare,
					 "found operations[%zu].to, expected each VM to "
					 "stay with its build",
					 i);
	warm_up = bind_entry(&compare, "warm-up", yaml_get(compare.node, "warm-up"));
	if (profile->compare.warm_up >= profile->loops_per_vm) {
		if (!warm_up.node)
			return bind_fail(&compare,
					 "expected fleet.loops-per-vm above the %d loops "
					 "of warm-up",
					 PROFILE_WARM_UP_DEFAULT);
		return bind_expected(&warm_up, "fewer than the %u loops of a VM",
				     profile->loops_per_vm);
	}
	ret = check_looks(&compare, &profile->compare);
	if (ret == 0)
		ret = check_metrics(&compare, profile);
	if (ret == 0 && !profile->compare.metric_count)
		choose_metrics(profile);
	for (size_t i = 0; i < profile->compare.metric_count; i++)
		if (!profile->compare.metrics[i].margin)
			profile->compare.metrics[i].margin = profile->compare.margin;
	return ret;
}

/* Those without a binary make room, if there are more than are wanted. */
static void drop_placeholders(struct profile *profile, size_t wanted)
{
	size_t kept = 0;

	if (profile->build_count <= wanted)
		return;
	for (size_t i = 0; i < profile->build_count; i++) {
		if (profile->builds[i].binary)
			profile->builds[kept++] = profile->builds[i];
		else
			build_spec_finish(&profile->builds[i]);
	}
	profile->build_count = kept;
}

/* The same build once more, under a name of its own. */
static void add_twin(struct profile *profile)
{
	static const char suffix[] = "-again";
	struct build_spec *twin;

	profile->builds = mem_realloc(profile->builds, 2, sizeof(*profile->builds));
	twin = &profile->builds[profile->build_count++];
	build_spec_copy(&profile->builds[0], twin);
	free(twin->name);
	twin->name = mem_printf("%.*s%s", (int)(PROFILE_NAME_MAX - strlen(suffix)),
				profile->builds[0].name, suffix);
}

int profile_fill_compare(struct profile *profile, const char *name, struct err *err)
{
	bool self = profile->compare.self;

	if (!profile->compare.on)
		return 0;
	drop_placeholders(profile, self ? 1 : 2);
	/* One without a binary is refused with the others. */
	if (self && profile->build_count == 1 && !profile->builds[0].binary)
		return 0;
	if (self && profile->build_count == 1)
		add_twin(profile);
	else if (self || profile->build_count != 2)
		return err_set(err, -EINVAL,
			       "%s: compare: found %zu builds, expected %s: of the profile, or by "
			       "--build",
			       name, profile->build_count,
			       self ? "one that is compared with itself" : "two");
	return 0;
}

void profile_compare_finish(struct profile *profile)
{
	free(profile->compare.looks);
	free(profile->compare.metrics);
}
