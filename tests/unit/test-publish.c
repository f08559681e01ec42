// SPDX-License-Identifier: GPL-2.0-or-later
/* Files that appear whole, or not at all. */
#include "tests/unit/helper.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/publish.h"

static char *scratch, *path;

static int setup(void **state)
{
	(void)state;
	scratch = helper_scratch();
	path = mem_printf("%s/file", scratch);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	free(path);
	helper_scratch_finish(scratch);
	return 0;
}

static void write_before(const char *text)
{
	FILE *f = fopen(path, "w");

	fputs(text, f);
	fclose(f);
}

static void assert_text(const char *expected)
{
	auto_free char *text = NULL;
	struct err err = { 0 };
	size_t size;

	if (file_read(path, "the file", 100, &text, &size, &err) < 0)
		fail_msg("%s", err.text);
	assert_string_equal(text, expected);
}

static size_t count_files(void)
{
	DIR *folder = opendir(scratch);
	size_t count = 0;

	while (readdir(folder))
		count++;
	closedir(folder);
	return count - 2;
}

static void begin(struct publish *publish)
{
	struct err err = { 0 };

	if (publish_begin(path, "the file", publish, &err) < 0)
		fail_msg("%s", err.text);
}

static void a_file_appears_when_it_is_whole(void **state)
{
	struct publish publish;
	struct err err = { 0 };

	(void)state;
	begin(&publish);
	fputs("new", publish.out);
	fflush(publish.out);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(publish_end(&publish, &err), 0);
	assert_text("new");
	assert_int_equal(count_files(), 1);
}

static void what_was_there_stays_until_then_with_its_mode(void **state)
{
	struct publish publish;
	struct err err = { 0 };
	struct stat st;

	(void)state;
	write_before("old");
	chmod(path, 0604);
	begin(&publish);
	fputs("newer", publish.out);
	fflush(publish.out);
	assert_text("old");
	assert_int_equal(publish_end(&publish, &err), 0);
	assert_text("newer");
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0604);
}

static void what_is_cancelled_leaves_nothing(void **state)
{
	struct publish publish;

	(void)state;
	write_before("old");
	begin(&publish);
	fputs("new", publish.out);
	publish_cancel(&publish);
	publish_cancel(&publish);
	assert_text("old");
	assert_int_equal(count_files(), 1);
}

static void what_cannot_be_written_whole_leaves_what_was_there(void **state)
{
	struct publish publish;
	struct err err = { 0 };
	int full = open("/dev/full", O_WRONLY);

	(void)state;
	write_before("old");
	begin(&publish);
	dup2(full, fileno(publish.out));
	close(full);
	fputs("new", publish.out);
	assert_int_equal(publish_end(&publish, &err), -ENOSPC);
	assert_text("old");
	assert_int_equal(count_files(), 1);
}

static void a_link_stays_one(void **state)
{
	auto_free char *link = mem_printf("%s/link", scratch);
	struct publish publish;
	struct err err = { 0 };
	struct stat st;

	(void)state;
	write_before("old");
	assert_int_equal(symlink("file", link), 0);
	assert_int_equal(publish_begin(link, "the file", &publish, &err), 0);
	fputs("new", publish.out);
	assert_int_equal(publish_end(&publish, &err), 0);
	assert_text("new");
	assert_int_equal(lstat(link, &st), 0);
	assert_true(S_ISLNK(st.st_mode));
}

static void a_device_is_written_to(void **state)
{
	struct publish publish;
	struct err err = { 0 };
	struct stat st;

	(void)state;
	assert_int_equal(publish_begin("/dev/null", "the file", &publish, &err), 0);
	fputs("new", publish.out);
	assert_int_equal(publish_end(&publish, &err), 0);
	assert_int_equal(stat("/dev/null", &st), 0);
	assert_true(S_ISCHR(st.st_mode));
	assert_int_equal(publish_begin("/dev/full", "the file", &publish, &err), 0);
	fputs("new", publish.out);
	assert_int_equal(publish_end(&publish, &err), -ENOSPC);
}

static void a_pipe_is_written_to(void **state)
{
	struct publish publish;
	struct err err = { 0 };
	char text[8] = "";
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	free(path);
	path = mem_printf("/dev/fd/%d", ends[1]);
	begin(&publish);
	fputs("new", publish.out);
	assert_int_equal(publish_end(&publish, &err), 0);
	assert_int_equal(read(ends[0], text, sizeof(text)), 3);
	assert_string_equal(text, "new");
	close(ends[0]);
	close(ends[1]);
}

static void a_file_that_another_writes_is_appended_to(void **state)
{
	auto_free char *number = NULL;
	struct publish publish;
	struct err err = { 0 };
	int fd;

	(void)state;
	write_before("old ");
	fd = open(path, O_WRONLY | O_APPEND);
	number = mem_printf("/proc/self/fd/%d", fd);
	assert_int_equal(publish_begin(number, "the file", &publish, &err), 0);
	fputs("new", publish.out);
	assert_int_equal(publish_end(&publish, &err), 0);
	close(fd);
	assert_text("old new");
}

static void shared_memory_is_a_folder_as_any_other(void **state)
{
	auto_free char *other = mem_printf("/dev/shm/qsoak-test-%ld", (long)getpid());
	struct publish publish;
	struct err err = { 0 };

	(void)state;
	if (access("/dev/shm", W_OK) < 0)
		skip();
	free(path);
	path = mem_strdup(other);
	write_before("old");
	begin(&publish);
	fputs("new", publish.out);
	assert_int_equal(publish_end(&publish, &err), 0);
	assert_text("new");
	unlink(other);
}

static void what_no_file_can_be_is_refused(void **state)
{
	auto_free char *nowhere = mem_printf("%s/none/file", scratch);
	struct publish publish;
	struct err err = { 0 };

	(void)state;
	assert_int_equal(publish_begin(nowhere, "the report", &publish, &err), -EINVAL);
	assert_non_null(strstr(err.text, "cannot write the report "));
	assert_int_equal(publish_begin(scratch, "the report", &publish, &err), -EINVAL);
	assert_non_null(strstr(err.text, "it is a folder"));
	assert_int_equal(count_files(), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_file_appears_when_it_is_whole),
		TEST(what_was_there_stays_until_then_with_its_mode),
		TEST(what_is_cancelled_leaves_nothing),
		TEST(what_cannot_be_written_whole_leaves_what_was_there),
		TEST(a_link_stays_one),
		TEST(a_device_is_written_to),
		TEST(a_pipe_is_written_to),
		TEST(a_file_that_another_writes_is_appended_to),
		TEST(shared_memory_is_a_folder_as_any_other),
		TEST(what_no_file_can_be_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
