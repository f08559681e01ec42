// SPDX-License-Identifier: GPL-2.0-or-later
/* Control groups: which tree is ours, and what is written to its knobs. The tree is one of plain files here;
 * tests/fake/test-cgroups.sh has the kernel's. */
#include "tests/unit/helper.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "base/cgroup.h"
#include "base/file.h"
#include "base/folder.h"

struct tree {
	char root[32], *proc, *ours, *vm;
	struct cgroups *cgroups;
};

static void put(const char *folder, const char *name, const char *text)
{
	auto_free char *path = mem_printf("%s/%s", folder, name);
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void assert_knob(const char *folder, const char *name, const char *text)
{
	auto_free char *path = mem_printf("%s/%s", folder, name), *found = NULL;
	struct err err = { 0 };
	size_t size;

	assert_int_equal(file_read_bytes(path, 100, &found, &size, &err), 0);
	assert_string_equal(found, text);
}

static char *make(const char *above, const char *name)
{
	char *path = mem_printf("%s/%s", above, name);
	struct err err = { 0 };

	assert_int_equal(folder_make(path, 0755, &err), 0);
	return path;
}

/* A group as the kernel makes one. */
static void fill(const char *folder)
{
	static const char *const knobs[] = { "cgroup.procs",	 "cgroup.subtree_control",
					     "cgroup.kill",	 "memory.max",
					     "memory.oom.group", "cpu.max",
					     "pids.max" };

	for (size_t i = 0; i < ARRAY_SIZE(knobs); i++)
		put(folder, knobs[i], "");
	put(folder, "cgroup.controllers", "cpu memory hugetlb\n");
	put(folder, "cgroup.events", "populated 0\nfrozen 0\n");
	put(folder, "memory.events", "low 0\nhigh 0\nmax 0\noom 0\noom_kill 0\n");
}

static void mark_as_delegated(const char *folder)
{
	if (geteuid() == 0)
		assert_int_equal(setxattr(folder, "trusted.delegate", "1", 1, 0), 0);
}

static int open_tree(void **state)
{
	struct tree *tree = mem_new(struct tree);
	auto_free char *mount = NULL, *leaf = NULL, *mounts = NULL;

	snprintf(tree->root, sizeof(tree->root), "/tmp/qsoak-cgroup-XXXXXX");
	if (!mkdtemp(tree->root))
		return -1;
	tree->proc = make(tree->root, "proc");
	mount = make(tree->root, "cgroup");
	tree->ours = make(tree->root, "cgroup/system.slice/qsoakd.service");
	leaf = make(tree->ours, CGROUP_LEAF);
	tree->vm = make(tree->ours, CGROUP_FLEET "/0-1");
	fill(tree->ours);
	fill(leaf);
	fill(tree->vm);
	free(make(tree->ours, CGROUP_FLEET));
	{
		auto_free char *fleet = mem_printf("%s/" CGROUP_FLEET, tree->ours);

		fill(fleet);
	}
	mounts = mem_printf("22 1 0:21 / /proc rw - proc proc rw\n"
			    "30 1 0:26 / /none rw,nosuid shared:9 - tmpfs cgroup2 rw\n"
			    "31 1 0:27 / %s rw,nosuid shared:9 - cgroup2 cgroup2 rw\n",
			    mount);
	put(tree->proc, "mountinfo", mounts);
	put(tree->proc, "cgroup", "1:name=systemd:/other\n0::/system.slice/qsoakd.service\n");
	mark_as_delegated(tree->ours);
	*state = tree;
	return 0;
}

static int close_tree(void **state)
{
	struct tree *tree = *state;

	cgroups_close(tree->cgroups);
	folder_remove(tree->root);
	free(tree->proc);
	free(tree->ours);
	free(tree->vm);
	free(tree);
	return 0;
}

static void assert_refused(struct tree *tree, const char *words)
{
	struct err err = { 0 };

	assert_int_equal(cgroups_open(tree->proc, &tree->cgroups, &err), -ENOTSUP);
	assert_non_null(strstr(err.text, words));
	assert_null(tree->cgroups);
}

static void without_version_2_there_is_nothing(void **state)
{
	struct tree *tree = *state;

	put(tree->proc, "cgroup", "4:memory:/a\n1:name=systemd:/b\n");
	assert_refused(tree, "in no control group of version 2");
	put(tree->proc, "cgroup", "0::/system.slice/qsoakd.service\n");
	put(tree->proc, "mountinfo", "22 1 0:21 / /proc rw - proc proc rw\n");
	assert_refused(tree, "in no control group of version 2");
}

static void what_is_above_our_mount_is_not_ours(void **state)
{
	struct tree *tree = *state;

	put(tree->proc, "cgroup", "0::/../other\n");
	assert_refused(tree, "in no control group of version 2");
}

static void what_nobody_delegated_is_not_ours(void **state)
{
	struct tree *tree = *state;

	if (geteuid() != 0)
		skip(); /* the folder is our user's */
	removexattr(tree->ours, "trusted.delegate");
	assert_refused(tree, "is not delegated to us");
	setxattr(tree->ours, "trusted.delegate", "0", 1, 0);
	assert_refused(tree, "is not delegated to us");
}

static void where_others_live_we_do_not(void **state)
{
	struct tree *tree = *state;
	auto_free char *two = mem_printf("%d\n1\n", (int)getpid());

	put(tree->ours, "cgroup.procs", two);
	assert_refused(tree, "others live in");
	put(tree->ours, "cgroup.procs", "1\n");
	assert_refused(tree, "others live in");
}

static void we_move_and_pass_controllers_on(void **state)
{
	struct tree *tree = *state;
	auto_free char *us = mem_printf("%d", (int)getpid());
	auto_free char *alone = mem_printf("%s\n", us);
	auto_free char *leaf = mem_printf("%s/" CGROUP_LEAF, tree->ours);
	auto_free char *fleet = mem_printf("%s/" CGROUP_FLEET, tree->ours);
	struct err err = { 0 };

	put(tree->ours, "cgroup.procs", alone);
	assert_int_equal(cgroups_open(tree->proc, &tree->cgroups, &err), 0);
	assert_knob(leaf, "cgroup.procs", us);
	/* What another qsoakd left. */
	assert_knob(fleet, "cgroup.kill", "1");
	assert_true(cgroups_have(tree->cgroups, CGROUP_MEMORY));
	assert_true(cgroups_have(tree->cgroups, CGROUP_CPU));
	assert_false(cgroups_have(tree->cgroups, CGROUP_PIDS));
	assert_true(cgroups_kill_fd(tree->cgroups) >= 0);
	assert_int_equal(cgroups_limit_fleet(
				 tree->cgroups,
				 &(struct cgroup_limits){ .memory_bytes = 1ll << 30, .cpus = 0.5 },
				 &err),
			 0);
	assert_knob(fleet, "memory.max", "1073741824");
	assert_knob(fleet, "cpu.max", "50000 100000");
}

static void we_may_be_in_the_leaf_already(void **state)
{
	struct tree *tree = *state;
	struct err err = { 0 };

	put(tree->proc, "cgroup", "0::/system.slice/qsoakd.service/" CGROUP_LEAF "\n");
	assert_int_equal(cgroups_open(tree->proc, &tree->cgroups, &err), 0);
}

static void a_mount_may_show_a_part(void **state)
{
	struct tree *tree = *state;
	auto_free char *mounts =
		mem_printf("31 1 0:27 /box %s/cgroup rw - cgroup2 none rw\n", tree->root);
	struct err err = { 0 };

	put(tree->proc, "mountinfo", mounts);
	assert_refused(tree, "in no control group of version 2");
	put(tree->proc, "cgroup", "0::/boxes/system.slice/qsoakd.service\n");
	assert_refused(tree, "in no control group of version 2");
	put(tree->proc, "cgroup", "0::/box/system.slice/qsoakd.service\n");
	assert_int_equal(cgroups_open(tree->proc, &tree->cgroups, &err), 0);
}

static void a_vm_has_limits_and_tells_who_killed_it(void **state)
{
	struct tree *tree = *state;
	const struct cgroup_limits limits = { 256ll << 20, 1.5, 4096 };
	struct cgroup *cgroup;
	struct err err = { 0 };

	assert_int_equal(cgroups_open(tree->proc, &tree->cgroups, &err), 0);
	assert_int_equal(cgroup_new(tree->cgroups, "0-1", &limits, &cgroup, &err), 0);
	assert_knob(tree->vm, "memory.max", "268435456");
	assert_knob(tree->vm, "cpu.max", "150000 100000");
	assert_knob(tree->vm, "memory.oom.group", "1");
	/* There is no such controller. */
	assert_knob(tree->vm, "pids.max", "");
	assert_true(cgroup_fd(cgroup) > 2);
	assert_int_equal(cgroup_oom(cgroup), CGROUP_OOM_NONE);
	put(tree->vm, "memory.events", "low 0\nhigh 0\nmax 9\noom 0\noom_kill 1\n");
	assert_int_equal(cgroup_oom(cgroup), CGROUP_OOM_OTHERS);
	put(tree->vm, "memory.events", "low 0\nhigh 0\nmax 9\noom 1\noom_kill 1\noom_group_kill 1");
	assert_int_equal(cgroup_oom(cgroup), CGROUP_OOM_OWN);
	put(tree->vm, "memory.events", "oom_killed");
	assert_int_equal(cgroup_oom(cgroup), CGROUP_OOM_NONE);
	cgroup_free(cgroup);
	assert_knob(tree->vm, "cgroup.kill", "1");
}

static void a_knob_that_is_missing_is_an_error(void **state)
{
	struct tree *tree = *state;
	auto_free char *knob = mem_printf("%s/memory.max", tree->vm);
	struct cgroup *cgroup = NULL;
	struct err err = { 0 };

	assert_int_equal(cgroups_open(tree->proc, &tree->cgroups, &err), 0);
	unlink(knob);
	assert_int_equal(
		cgroup_new(tree->cgroups, "0-1", &(struct cgroup_limits){ 0 }, &cgroup, &err),
		-ENOENT);
	assert_non_null(strstr(err.text, "memory.max"));
	assert_null(cgroup);
}

static void nothing_is_fine(void **state)
{
	(void)state;
	cgroups_close(NULL);
	cgroup_free(NULL);
	assert_false(cgroups_have(NULL, CGROUP_MEMORY));
	assert_int_equal(cgroup_fd(NULL), 0);
	assert_int_equal(cgroups_kill_fd(NULL), -1);
	assert_int_equal(cgroup_oom(NULL), CGROUP_OOM_NONE);
}

#define WITH_TREE(test) cmocka_unit_test_setup_teardown(test, open_tree, close_tree)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_TREE(without_version_2_there_is_nothing),
		WITH_TREE(what_is_above_our_mount_is_not_ours),
		WITH_TREE(what_nobody_delegated_is_not_ours),
		WITH_TREE(where_others_live_we_do_not),
		WITH_TREE(we_move_and_pass_controllers_on),
		WITH_TREE(we_may_be_in_the_leaf_already),
		WITH_TREE(a_mount_may_show_a_part),
		WITH_TREE(a_vm_has_limits_and_tells_who_killed_it),
		WITH_TREE(a_knob_that_is_missing_is_an_error),
		cmocka_unit_test(nothing_is_fine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
