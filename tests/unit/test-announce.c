// SPDX-License-Identifier: GPL-2.0-or-later
/* What a campaign that compares says of itself first: what it compares, and its environment. */
#include "tests/unit/profile-small.h"

#include "campaign/announce.h"

/* Of the long arguments of a build: how they end, and what was told of them. */
static char last = 'x', told_args[1024];

/* A line for each record that is looked at. */
static bool hear(void *ctx, const struct record *record, const struct record_durable *durable)
{
	struct story *story = ctx;
	const struct record_comparison *c = &record->comparison;
	const struct record_environment *e = &record->environment;

	(void)durable;
	if (record->type == RECORD_CAMPAIGN_BEGIN)
		story_add(story, "campaign %lld\n", (long long)record->campaign_begin.id);
	if (record->type == RECORD_BUILD)
		story_add(story, "build %lld\n", (long long)record->build.id);
	if (record->type == RECORD_COMPARISON) {
		story_add(story, "compare %lld with %lld: %lld loops, %lld of warm-up, looks",
			  (long long)c->a_build_id, (long long)c->b_build_id,
			  (long long)c->loops_per_vm, (long long)c->warm_up_loops);
		for (size_t i = 0; i < c->look_count; i++)
			story_add(story, " %u", c->looks[i]);
		for (size_t i = 0; i < c->metric_count; i++)
			story_add(story, ", %s %g", c->metrics[i].name, c->metrics[i].margin);
		story_add(story, "\n");
	}
	if (record->type == RECORD_ENVIRONMENT) {
		/* What this host is differs from host to host. */
		static const char *const told[] = { "accelerator", "machine", "ram", "vcpus",
						    "guest" };
		bool known = e->build_id;

		assert_true(e->value[0]);
		for (size_t i = 0; i < ARRAY_SIZE(told); i++)
			known |= !strcmp(e->key, told[i]);
		if (known)
			story_add(story, "%lld %s: %.24s%s\n", (long long)e->build_id, e->key,
				  e->value, strlen(e->value) > 24 ? "..." : "");
		if (strlen(e->value) > 24)
			assert_in_range(strlen(e->value), 0, 1023);
		if (e->build_id == 8 && !strcmp(e->key, "args"))
			snprintf(told_args, sizeof(told_args), "%s", e->value);
	}
	return false;
}

static void told_of(struct story *story, const char *compare)
{
	auto_free char *more = mem_printf(" %s", compare);
	auto_free char *one = helper_fill('x', 4000);
	struct profile *profile = text_accepted(
		text_profile("{vms: 2, loops-per-vm: 5}", TEXT_SNAPSHOTS, "{duration: 1h}", more));
	struct machine machine = { .accel = "tcg" };
	char *args[] = { "-smp", "2", NULL }, *long_args[] = { one, NULL }, *none[] = { NULL };
	char *env[] = { "A=b c", NULL }, *wrapper[] = { "/usr/bin/nice", NULL };
	struct build builds[] = {
		{ .id = 7,
		  .spec = { "stock", "/b", .args = args, .env = env, .trace = none,
			    .wrapper = none },
		  .version = "QEMU",
		  .sandbox = true,
		  .identity = { .sha256 = "",
				.libraries = "libasan.so.8 libc.so.6 libubsan.so.1" } },
		{ .id = 8,
		  .spec = { "foil", "/c", .args = long_args, .env = none, .trace = none,
			    .wrapper = wrapper },
		  .version = "QEMU",
		  .identity = { .sha256 = "" } },
	};
	struct announcement announcement = {
		.records = records_new(1),
		.campaign_id = 6,
		.profile = profile,
		.machine = &machine,
		.builds = builds,
	};

	one[strlen(one) - 1] = last;
	records_subscribe(announcement.records, hear, story);
	announce(&announcement);
	records_free(announcement.records);
	profile_free(profile);
}

static const char environment[] = "0 accelerator: tcg\n"
				  "0 machine: pc-q35-7.2\n"
				  "0 ram: 16 MiB\n"
				  "0 vcpus: 1\n"
				  "7 sandbox: on\n"
				  "7 args: -smp 2\n"
				  "7 env: A=b c\n"
				  "7 sanitizers: libasan.so.8 libubsan.so...\n"
				  "7 libraries: libasan.so.8 libc.so.6 l...\n"
				  "8 sandbox: off\n"
				  "8 args: xxxxxxxxxxxxxxxxxxxxxxxx...\n"
				  "8 wrapper: /usr/bin/nice\n"
				  "0 guest: g\n";

static void what_is_compared_and_in_which_environment(void **state)
{
	struct story story = { 0 };
	auto_free char *expected = mem_printf("campaign 6\nbuild 7\nbuild 8\n"
					      "compare 7 with 8: 5 loops, 2 of warm-up, looks 10 "
					      "40, snapshot-save.duration 0.1\n%s",
					      environment);

	(void)state;
	told_of(&story, "compare: {warm-up: 2, looks: [10], metrics: [{metric: "
			"snapshot-save.duration, margin: 10%}]}");
	assert_string_equal(story.text, expected);
}

static void a_campaign_that_compares_nothing_has_its_environment_too(void **state)
{
	struct story story = { 0 };
	auto_free char *expected = mem_printf("campaign 6\nbuild 7\nbuild 8\n%s", environment);

	(void)state;
	told_of(&story, "on-failure: go-on");
	assert_string_equal(story.text, expected);
}

static void what_is_too_long_still_differs(void **state)
{
	struct story story = { 0 };
	char before[sizeof(told_args)];

	(void)state;
	told_of(&story, "on-failure: go-on");
	memcpy(before, told_args, sizeof(before));
	last = 'y';
	told_of(&story, "on-failure: go-on");
	assert_string_not_equal(before, told_args);
	last = 'x';
	told_of(&story, "on-failure: go-on");
	assert_string_equal(before, told_args);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_compared_and_in_which_environment),
		cmocka_unit_test(a_campaign_that_compares_nothing_has_its_environment_too),
		cmocka_unit_test(what_is_too_long_still_differs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
