// SPDX-License-Identifier: GPL-2.0-or-later
/* Folders made and removed, and the janitor that removes one when its parent has gone. */
#include "tests/unit/helper.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/janitor.h"
#include "base/log.h"

/* A nobody, who may not do what root may. */
#define NOBODY 65534

struct place {
	char *root; /* exists, empty */
	char *path; /* "folder" in it, does not */
};

static int begin(void **state)
{
	struct place *place = mem_new(struct place);

	place->root = helper_scratch();
	place->path = mem_printf("%s/folder", place->root);
	*state = place;
	return 0;
}

static int end(void **state)
{
	struct place *place = *state;

	helper_scratch_finish(place->root);
	free(place->path);
	free(place);
	return 0;
}

static bool exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

static void write_file(const char *folder, const char *name)
{
	auto_free char *path = mem_printf("%s/%s", folder, name);
	auto_close int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, "x", 1) != 1)
		fail_msg("cannot write %s", path);
}

static void make(const char *path)
{
	struct err err = { 0 };

	if (folder_make(path, 0700, &err) < 0)
		fail_msg("%s", err.text);
}

static void a_folder_is_made_with_all_above_it_in_the_mode_asked_for(void **state)
{
	struct place *place = *state;
	auto_free char *deep = mem_printf("%s/a/b", place->path);
	struct stat top, bottom;
	mode_t mask = umask(0);
	struct err err = { 0 };

	assert_int_equal(folder_make(deep, 0750, &err), 0);
	umask(mask);
	assert_int_equal(stat(place->path, &top), 0);
	assert_int_equal(stat(deep, &bottom), 0);
	assert_int_equal(top.st_mode, S_IFDIR | 0750);
	assert_int_equal(bottom.st_mode, S_IFDIR | 0750);
}

static void a_folder_that_is_there_is_fine_and_keeps_its_mode(void **state)
{
	struct place *place = *state;
	struct stat st;
	struct err err = { 0 };

	make(place->path);
	write_file(place->path, "kept");
	assert_int_equal(folder_make(place->path, 0755, &err), 0);
	assert_int_equal(stat(place->path, &st), 0);
	assert_int_equal(st.st_mode, S_IFDIR | 0700);
	assert_int_equal(folder_make("/", 0755, &err), 0);
	assert_int_equal(folder_make("/tmp/", 0755, &err), 0);
}

static void slashes_too_many_and_dots_are_no_matter(void **state)
{
	struct place *place = *state;
	auto_free char *path = mem_printf("%s//./folder/../folder/a//", place->root);
	auto_free char *made = mem_printf("%s/a", place->path);

	make(path);
	assert_true(exists(made));
}

static void a_relative_folder_is_made_where_we_are(void **state)
{
	struct place *place = *state;
	auto_close int here = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	auto_free char *made = mem_printf("%s/b", place->path);

	assert_int_equal(chdir(place->root), 0);
	make("folder/b");
	assert_int_equal(fchdir(here), 0);
	assert_true(exists(made));
}

static void a_file_in_the_way_is_an_error_that_names_it(void **state)
{
	struct place *place = *state;
	auto_free char *below = mem_printf("%s/file/a/b", place->root);
	auto_free char *named = mem_printf("cannot make %s/file: ", place->root);
	struct err err = { 0 };

	write_file(place->root, "file");
	assert_int_equal(folder_make(below, 0700, &err), -ENOTDIR);
	assert_non_null(strstr(err.text, named));
}

static void a_file_that_has_the_name_is_no_folder(void **state)
{
	struct place *place = *state;
	struct err err = { 0 };

	write_file(place->root, "folder");
	assert_true(folder_make(place->path, 0700, &err) < 0);
	assert_non_null(strstr(err.text, place->path));
}

static void a_folder_goes_with_all_below_it(void **state)
{
	struct place *place = *state;
	auto_free char *deep = mem_strdup(place->path);

	/* Deeper than descriptors are used at a time. */
	for (int i = 0; i < 40; i++) {
		char *deeper = mem_printf("%s/d", deep);

		make(deep);
		write_file(deep, "file");
		write_file(deep, ".hidden");
		free(deep);
		deep = deeper;
	}
	folder_remove(place->path);
	assert_false(exists(place->path));
	/* Nothing there: nothing to do. */
	folder_remove(place->path);
}

static void what_a_link_points_at_stays(void **state)
{
	struct place *place = *state;
	auto_free char *other = mem_printf("%s/other", place->root);
	auto_free char *kept = mem_printf("%s/kept", other);
	auto_free char *link = mem_printf("%s/link", place->path);
	auto_free char *dangling = mem_printf("%s/dangling", place->path);

	make(place->path);
	make(other);
	write_file(other, "kept");
	assert_int_equal(symlink(other, link), 0);
	assert_int_equal(symlink("/nowhere/at/all", dangling), 0);
	folder_remove(place->path);
	assert_false(exists(place->path));
	assert_true(exists(kept));
}

static struct story logged;

static void sink(enum log_level level, const char *text, const struct log_event *event)
{
	assert_int_equal(level, LOG_LEVEL_WARNING);
	assert_null(event);
	story_add(&logged, "%s\n", text);
}

static void what_cannot_be_removed_stays_and_the_log_says_so(void **state)
{
	struct place *place = *state;
	auto_free char *locked = mem_printf("%s/locked", place->path);
	auto_free char *kept = mem_printf("%s/kept", locked);
	auto_free char *line = mem_printf("cannot remove %s: Permission denied\n", kept);

	make(locked);
	write_file(locked, "kept");
	chmod(place->root, 0755);
	chmod(place->path, 0755);
	chmod(locked, 0555);
	story_begin_anew(&logged);
	log_set_sink(sink, LOG_LEVEL_WARNING);
	if (geteuid() == 0)
		assert_int_equal(seteuid(NOBODY), 0);
	folder_remove(place->path);
	if (getuid() == 0)
		assert_int_equal(seteuid(0), 0);
	log_set_sink(NULL, LOG_LEVEL_ERROR);
	chmod(locked, 0755);
	assert_true(exists(kept));
	assert_non_null(strstr(logged.text, line));
}

static void the_janitor_removes_the_folder_when_it_is_let(void **state)
{
	struct place *place = *state;
	struct janitor *janitor;
	struct err err = { 0 };

	make(place->path);
	write_file(place->path, "image");
	assert_int_equal(janitor_start(place->path, -1, -1, &janitor, &err), 0);
	assert_true(exists(place->path));
	janitor_finish(janitor);
	assert_false(exists(place->path));
	/* It has been reaped. */
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
	janitor_finish(NULL);
}

static void a_folder_that_has_gone_already_is_fine(void **state)
{
	struct place *place = *state;
	struct janitor *janitor;
	struct err err = { 0 };

	assert_int_equal(janitor_start(place->path, -1, -1, &janitor, &err), 0);
	janitor_finish(janitor);
	assert_false(exists(place->path));
}

/* Waits until the janitor, our only child, has taken its name, and returns its pid. */
static pid_t janitor_pid(void)
{
	int64_t give_up_ns = clock_now_ns() + HELPER_LIMIT_NS;
	char name[32] = "";
	int pid = 0;

	do {
		auto_fclose FILE *children = fopen("/proc/thread-self/children", "re");
		auto_free char *path = NULL;
		auto_fclose FILE *comm = NULL;

		if (!children || fscanf(children, "%d", &pid) != 1)
			continue;
		path = mem_printf("/proc/%d/comm", pid);
		comm = fopen(path, "re");
		if (!comm || !fgets(name, sizeof(name), comm))
			name[0] = '\0';
		sched_yield();
	} while (strcmp(name, "qsoak-janitor\n") && clock_now_ns() < give_up_ns);
	assert_string_equal(name, "qsoak-janitor\n");
	return pid;
}

static void polite_signals_do_not_end_the_janitor(void **state)
{
	static const int polite[] = { SIGINT, SIGTERM, SIGHUP };
	struct place *place = *state;
	struct janitor *janitor;
	struct err err = { 0 };
	pid_t pid;

	make(place->path);
	assert_int_equal(janitor_start(place->path, -1, -1, &janitor, &err), 0);
	pid = janitor_pid();
	assert_int_equal(getsid(pid), pid);
	for (size_t i = 0; i < ARRAY_SIZE(polite); i++)
		assert_int_equal(kill(pid, polite[i]), 0);
	assert_true(exists(place->path));
	janitor_finish(janitor);
	assert_false(exists(place->path));
}

static void the_janitor_keeps_none_of_our_descriptors(void **state)
{
	struct place *place = *state;
	struct janitor *janitor;
	struct err err = { 0 };
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(janitor_start(place->path, -1, -1, &janitor, &err), 0);
	close(ends[1]);
	/* End of file, though the janitor lives. */
	assert_int_equal(poll(&(struct pollfd){ .fd = ends[0] }, 1, 10000), 1);
	close(ends[0]);
	janitor_finish(janitor);
}

/* Waits until `name` has gone from a folder that is watched. */
static void await_removal(int watch_fd, const char *path)
{
	struct pollfd change = { .fd = watch_fd, .events = POLLIN };
	char events[4096];

	while (exists(path)) {
		assert_int_equal(poll(&change, 1, 10000), 1);
		assert_true(read(watch_fd, events, sizeof(events)) > 0);
	}
}

/* Forks a parent with a janitor; returns when both are there. */
static pid_t fork_parent(const char *folder)
{
	pid_t parent;
	char byte;
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	parent = fork();
	if (parent == 0) {
		struct janitor *janitor;
		struct err err = { 0 };

		if (janitor_start(folder, -1, -1, &janitor, &err) < 0 ||
		    write(ends[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(ends[1]);
	assert_int_equal(read(ends[0], &byte, 1), 1);
	close(ends[0]);
	return parent;
}

static void when_its_parent_is_killed_the_janitor_removes_the_folder(void **state)
{
	struct place *place = *state;
	auto_close int watch_fd = inotify_init1(IN_CLOEXEC);
	pid_t parent;

	make(place->path);
	write_file(place->path, "image");
	assert_true(inotify_add_watch(watch_fd, place->root, IN_DELETE) >= 0);
	parent = fork_parent(place->path);
	assert_true(exists(place->path));
	kill(parent, SIGKILL);
	waitpid(parent, NULL, 0);
	await_removal(watch_fd, place->path);
}

/* As a QEMU that is still dying: it writes on until it sees the janitor at work, and then a while. */
static void the_janitor_wins_over_one_who_still_writes(void **state)
{
	struct place *place = *state;
	auto_close int watch_fd = inotify_init1(IN_CLOEXEC);
	auto_free char *image = mem_printf("%s/image", place->path);
	bool gone = false;
	pid_t parent;
	int more = 100;

	make(place->path);
	write_file(place->path, "image");
	assert_true(inotify_add_watch(watch_fd, place->root, IN_DELETE) >= 0);
	parent = fork_parent(place->path);
	kill(parent, SIGKILL);
	waitpid(parent, NULL, 0);
	for (int i = 0; more > 0 && !gone; i++) {
		auto_free char *path = mem_printf("%s/%d", place->path, i % 10);
		auto_close int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

		gone = fd < 0;
		more -= !exists(image);
	}
	await_removal(watch_fd, place->path);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_folder_is_made_with_all_above_it_in_the_mode_asked_for),
		TEST(a_folder_that_is_there_is_fine_and_keeps_its_mode),
		TEST(slashes_too_many_and_dots_are_no_matter),
		TEST(a_relative_folder_is_made_where_we_are),
		TEST(a_file_in_the_way_is_an_error_that_names_it),
		TEST(a_file_that_has_the_name_is_no_folder),
		TEST(a_folder_goes_with_all_below_it),
		TEST(what_a_link_points_at_stays),
		TEST(what_cannot_be_removed_stays_and_the_log_says_so),
		TEST(the_janitor_removes_the_folder_when_it_is_let),
		TEST(a_folder_that_has_gone_already_is_fine),
		TEST(polite_signals_do_not_end_the_janitor),
		TEST(the_janitor_keeps_none_of_our_descriptors),
		TEST(when_its_parent_is_killed_the_janitor_removes_the_folder),
		TEST(the_janitor_wins_over_one_who_still_writes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
