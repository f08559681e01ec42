// SPDX-License-Identifier: GPL-2.0-or-later
/* qsoakd.conf: what each key does, what is refused and in which words, and who has the last say. */
#include "tests/unit/helper.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/folder.h"
#include "base/mem.h"
#include "config/config.h"

static int add(struct config *config, const char *text, struct err *err)
{
	return config_add(config, text, strlen(text), "c", err);
}

static void every_key_is_taken(void **state)
{
	struct config config;
	struct err err = { 0 };

	(void)state;
	config_init(&config);
	assert_int_equal(add(&config,
			     "control: {group: root, readers: [root]}\n"
			     "http: {listen: 127.0.0.1:9191}\n"
			     "fleet: {vms: 8, memory: 4GiB, cpus: 1.5}\n"
			     "disk: {pause-below: 1GiB, resume-above: 2GiB}\n"
			     "memory: {pause-below: 512MiB}\n"
			     "evidence: {size: 10GiB, incidents: 50, age: 48h}\n"
			     "hooks:\n"
			     "- {on: new-signature, command: [/bin/true, a b], limit: 5s}\n"
			     "store: {upstream: 'postgresql://me@h/d', push-every: 5m}\n"
			     "log: {level: debug}\n",
			     &err),
			 0);
	assert_string_equal(config.upstream, "postgresql://me@h/d");
	assert_int_equal(config.upstream_every_ns, 300 * CLOCK_NS_PER_S);
	assert_int_equal(config.access.group, 0);
	assert_int_equal(config.access.reader_count, 1);
	assert_string_equal(config.http, "127.0.0.1:9191");
	assert_int_equal(config.fleet.vms, 8);
	assert_int_equal(config.fleet.memory_bytes, 4ll << 30);
	assert_true(config.fleet.cpus == 1.5);
	assert_int_equal(config.disk.pause_below, 1 << 30);
	assert_int_equal(config.disk.resume_above, 2ll << 30);
	assert_int_equal(config.memory.pause_below, 512 << 20);
	assert_int_equal(config.evidence.bytes, 10ll << 30);
	assert_int_equal(config.evidence.incidents, 50);
	assert_int_equal(config.evidence.age_ns, 48 * 3600 * CLOCK_NS_PER_S);
	assert_int_equal(config.hook_count, 1);
	assert_int_equal(config.hooks[0].on, HOOK_NEW_SIGNATURE);
	assert_string_equal(config.hooks[0].command[1], "a b");
	assert_int_equal(config.hooks[0].limit_ns, 5 * CLOCK_NS_PER_S);
	assert_int_equal(config.log_level, LOG_LEVEL_DEBUG);
	config_finish(&config);
}

static void a_later_text_has_the_last_say(void **state)
{
	struct config config;
	struct err err = { 0 };

	(void)state;
	config_init(&config);
	assert_int_equal(add(&config,
			     "control: {readers: everyone}\nhttp: {listen: 127.0.0.1:1}\n"
			     "fleet: {vms: 8, cpus: 2}\n"
			     "hooks: [{on: failure, command: [/bin/true]}]\n",
			     &err),
			 0);
	assert_true(config.access.everyone_reads);
	assert_int_equal(add(&config,
			     "control: {readers: []}\nhttp: {listen: none}\nfleet: {vms: 4}\n"
			     "hooks: []\n",
			     &err),
			 0);
	assert_false(config.access.everyone_reads);
	assert_null(config.http);
	assert_int_equal(config.fleet.vms, 4);
	assert_true(config.fleet.cpus == 2);
	assert_int_equal(config.hook_count, 0);
	config_finish(&config);
}

static void comments_alone_say_nothing(void **state)
{
	struct config config;
	struct err err = { 0 };

	(void)state;
	config_init(&config);
	assert_int_equal(add(&config, "# one\n\n  # two", &err), 0);
	assert_int_equal(add(&config, "", &err), 0);
	assert_int_equal(config.access.group, LISTENER_NO_GROUP);
	config_finish(&config);
}

static void what_is_wrong_is_said(void **state)
{
	static const char *const cases[][2] = {
		{ "fleet: {vm: 3}", "c:1: fleet.vm: unknown key, expected vms, memory or cpus" },
		{ "\nfleet: {vms: 0}", "c:2: fleet.vms: found 0, expected 1 to 256" },
		{ "fleet: {cpus: x}", "c:1: fleet.cpus: found x, expected 0.05 to 1024, like 1.5" },
		{ "control: {group: no-such-group}", "c:1: control.group: found no-such-group, "
						     "expected the name of a group of this host" },
		{ "control: {readers: [no-such-group]}",
		  "c:1: control.readers[0]: found no-such-group, expected the name of a group of "
		  "this host" },
		{ "control: {readers: all}", "c:1: control.readers: found all, expected everyone" },
		{ "http: {listen: 0.0.0.0:80}", "c:1: http.listen: found \"0.0.0.0:80\", expected "
						"none, or a loopback address like "
						"127.0.0.1:9191" },
		{ "disk: {pause-below: 2GiB, resume-above: 1GiB}",
		  "c:1: disk: resume-above is to be more than pause-below" },
		{ "memory: {resume-above: 1GiB}",
		  "c:1: memory: resume-above goes with pause-below" },
		{ "hooks: [{on: failure}]", "c:1: hooks[0]: expected either command or url" },
		{ "hooks: [{on: failure, command: [/bin/true], url: http://a}]",
		  "c:1: hooks[0]: expected either command or url" },
		{ "hooks: [{on: failure, command: [true]}]",
		  "c:1: hooks[0].command: found a list, expected a program with its whole path "
		  "first" },
		{ "hooks: [{on: failure, command: [/no/such]}]",
		  "c:1: hooks[0].command: /no/such: No such file or directory" },
		{ "hooks: [{on: failure, url: file:///etc/passwd}]",
		  "c:1: hooks[0].url: found \"file:///etc/passwd\", expected a URL that begins "
		  "with "
		  "http:// or https://" },
		{ "hooks: [{command: [/bin/true]}]",
		  "c:1: hooks[0].on: missing, expected new-signature, failure, "
		  "campaign-ended or paused" },
		{ "store: {upstream: 'http://h/d'}",
		  "c:1: store.upstream: found \"http://h/d\", expected none, or a URL like "
		  "postgresql://HOST/DATABASE, in printable ASCII" },
		{ "store: {upstream: 'postgresql://me:secret@h/d'}",
		  "c:1: store.upstream: a password is not for the URL, which others can read: put "
		  "it into ~/.pgpass, or a file that PGPASSFILE names" },
		{ "store: {push-every: 1ms}",
		  "c:1: store.push-every: found 1ms, expected 1s to 24h" },
		{ "log: {level: loud}",
		  "c:1: log.level: found loud, expected error, warning, info or debug" },
		{ "colour: blue", "c:1: colour: unknown key, expected control, http, fleet, disk, "
				  "memory, evidence, hooks, store or log" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct config config;
		struct err err = { 0 };

		config_init(&config);
		assert_int_equal(add(&config, cases[i][0], &err), -EINVAL);
		assert_string_equal(err.text, cases[i][1]);
		config_finish(&config);
	}
}

static void limits_hold(void **state)
{
	auto_free char *hooks = mem_strdup("hooks: [");
	struct config config;
	struct err err = { 0 };

	(void)state;
	for (int i = 0; i <= CONFIG_HOOKS_MAX; i++) {
		char *more = mem_printf("%s{on: failure, command: [/bin/true]}, ", hooks);

		free(hooks);
		hooks = more;
	}
	hooks[strlen(hooks) - 2] = ']';
	config_init(&config);
	assert_int_equal(add(&config, hooks, &err), -EINVAL);
	assert_string_equal(err.text, "c:1: hooks: found 17 entries, expected 0 to 16");
	config_finish(&config);
}

static void write_file(const char *folder, const char *name, const char *text)
{
	auto_free char *path = mem_printf("%s/%s", folder, name);
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void drop_ins_come_in_the_order_of_their_names(void **state)
{
	char folder[] = "/tmp/test-config-XXXXXX";
	auto_free char *path = NULL, *drop_ins = NULL;
	struct config config;
	struct err err = { 0 };

	(void)state;
	assert_non_null(mkdtemp(folder));
	path = mem_printf("%s/qsoakd.conf", folder);
	drop_ins = mem_printf("%s.d", path);
	assert_int_equal(config_read(path, false, &config, &err), 0);
	config_finish(&config);
	assert_int_equal(config_read(path, true, &config, &err), -EINVAL);
	config_finish(&config);

	err = (struct err){ 0 };
	assert_int_equal(mkdir(drop_ins, 0700), 0);
	write_file(folder, "qsoakd.conf", "fleet: {vms: 1, cpus: 1}\n");
	write_file(drop_ins, "20-b.conf", "fleet: {vms: 3}\n");
	write_file(drop_ins, "10-a.conf", "fleet: {vms: 2}\n");
	write_file(drop_ins, "30-c.off", "fleet: {vms: 4}\n");
	assert_int_equal(config_read(path, true, &config, &err), 0);
	assert_int_equal(config.fleet.vms, 3);
	assert_true(config.fleet.cpus == 1);
	assert_int_equal(json_array_size(config.files), 3);
	config_finish(&config);

	write_file(drop_ins, "40-d.conf", "fleet: {vms: many}\n");
	assert_int_equal(config_read(path, true, &config, &err), -EINVAL);
	assert_non_null(strstr(err.text, "40-d.conf:1: fleet.vms: found many"));
	assert_int_equal(config.fleet.vms, 0);
	config_finish(&config);
	folder_remove(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_key_is_taken),
		cmocka_unit_test(a_later_text_has_the_last_say),
		cmocka_unit_test(comments_alone_say_nothing),
		cmocka_unit_test(what_is_wrong_is_said),
		cmocka_unit_test(limits_hold),
		cmocka_unit_test(drop_ins_come_in_the_order_of_their_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
