// SPDX-License-Identifier: GPL-2.0-or-later
/* The folder of an incident: appears whole, packs what is large, and notes what is missing. */
#include "tests/unit/helper.h"

#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include "base/file.h"
#include "triage/bundle.h"

struct place {
	char *root, *folder;
};

static int begin(void **state)
{
	struct place *place = mem_new(struct place);

	place->root = helper_scratch();
	place->folder = mem_printf("%s/12", place->root);
	*state = place;
	return 0;
}

static int end(void **state)
{
	struct place *place = *state;

	helper_scratch_finish(place->root);
	free(place->folder);
	free(place);
	return 0;
}

static char *content(const char *folder, const char *name, size_t *ret_size)
{
	auto_free char *path = mem_printf("%s/%s", folder, name);
	struct err err = { 0 };
	char *bytes = NULL;

	if (file_read_bytes(path, 1 << 20, &bytes, ret_size, &err) < 0)
		fail_msg("%s", err.text);
	return bytes;
}

static void assert_content(const char *folder, const char *name, const char *expected)
{
	size_t size;
	auto_free char *bytes = content(folder, name, &size);

	assert_int_equal(size, strlen(expected));
	assert_memory_equal(bytes, expected, size);
}

static void assert_missing(const struct bundle *bundle, const char *expected)
{
	auto_free char *text = json_dumps(bundle_missing(bundle), JSON_COMPACT);

	assert_string_equal(text, expected);
}

static void test_it_appears_whole(void **state)
{
	struct place *place = *state;
	struct bundle *bundle = bundle_new(place->folder);
	auto_json json_t *manifest = json_pack("{s:i}", "n", 1);
	auto_json json_t *better = json_pack("{s:i}", "n", 2);

	bundle_write_manifest(bundle, manifest);
	bundle_write(bundle, "qemu", "output", "words", 5);
	fprintf(bundle_open(bundle, NULL, "plan"), "%d loops", 7);
	bundle_close(bundle);
	bundle_write_manifest(bundle, better);
	assert_int_equal(access(place->folder, F_OK), -1);
	assert_true(bundle_finish(bundle));
	assert_null(bundle_complaint(bundle));
	bundle_free(bundle);
	assert_content(place->folder, "qemu.output", "words");
	assert_content(place->folder, "plan", "7 loops");
	assert_content(place->folder, BUNDLE_MANIFEST, "{\n  \"n\": 2\n}\n");
}

static void test_it_is_not_finished(void **state)
{
	struct place *place = *state;
	struct bundle *bundle = bundle_new(place->folder);

	bundle_write(bundle, NULL, "a", "", 0);
	bundle_free(bundle);
	bundle_free(NULL);
	/* Nothing of it is left, so that its parent is empty. */
	assert_int_equal(rmdir(place->root), 0);
	assert_int_equal(mkdir(place->root, 0700), 0);
}

static void test_large_files_are_packed(void **state)
{
	struct place *place = *state;
	struct bundle *bundle = bundle_new(place->folder);
	auto_free char *small = helper_fill('s', BUNDLE_PACK_MIN_BYTES - 1);
	auto_free char *large = helper_fill('l', BUNDLE_PACK_MIN_BYTES);
	auto_free char *packed = NULL;
	char unpacked[BUNDLE_PACK_MIN_BYTES + 1];
	size_t size;

	bundle_write(bundle, NULL, "small", small, BUNDLE_PACK_MIN_BYTES - 1);
	bundle_write(bundle, NULL, "large", large, BUNDLE_PACK_MIN_BYTES);
	assert_true(bundle_finish(bundle));
	bundle_free(bundle);
	assert_content(place->folder, "small", small);
	packed = content(place->folder, "large" BUNDLE_PACKED, &size);
	assert_int_equal(ZSTD_decompress(unpacked, sizeof(unpacked), packed, size),
			 BUNDLE_PACK_MIN_BYTES);
	assert_memory_equal(unpacked, large, BUNDLE_PACK_MIN_BYTES);
}

static void test_copies(void **state)
{
	struct place *place = *state;
	struct bundle *bundle = bundle_new(place->folder);
	auto_free char *source = mem_printf("%s/source", place->root);
	auto_free char *huge = mem_printf("%s/huge", place->root);
	auto_free char *expected = NULL;
	FILE *f = fopen(source, "we");

	fputs("copied", f);
	fclose(f);
	fclose(fopen(huge, "we"));
	assert_int_equal(truncate(huge, BUNDLE_COPY_MAX_BYTES + 1l), 0);
	bundle_copy(bundle, source, NULL, "copy");
	bundle_copy(bundle, huge, "qemu", "image");
	assert_true(bundle_finish(bundle));
	assert_content(place->folder, "copy", "copied");
	expected =
		mem_printf("[{\"file\":\"qemu.image\",\"reason\":\"%s: longer than %d bytes: not "
			   "the file\"}]",
			   huge, BUNDLE_COPY_MAX_BYTES);
	assert_missing(bundle, expected);
	bundle_free(bundle);
}

static void test_what_is_missing(void **state)
{
	struct place *place = *state;
	struct bundle *bundle = bundle_new(place->folder);
	auto_free char *one = NULL, *two = NULL;

	/* One name, one file. */
	bundle_write(bundle, NULL, "a", "1", 1);
	bundle_write(bundle, NULL, "a", "2", 1);
	one = bundle_complaint(bundle);
	assert_string_equal(one, "a: cannot be made: File exists");
	bundle_miss(bundle, "source", "stacks", "took %d s", 3);
	two = bundle_complaint(bundle);
	assert_string_equal(two, "a: cannot be made: File exists, and 1 more");
	assert_missing(bundle, "[{\"file\":\"a\",\"reason\":\"cannot be made: File exists\"},"
			       "{\"file\":\"source.stacks\",\"reason\":\"took 3 s\"}]");
	assert_true(bundle_finish(bundle));
	bundle_free(bundle);
	assert_content(place->folder, "a", "1");
}

static void test_there_can_be_none(void **state)
{
	struct place *place = *state;
	auto_free char *file = mem_printf("%s/file", place->root);
	auto_free char *below = mem_printf("%s/12", file);
	auto_json json_t *manifest = json_object();
	struct bundle *bundle;

	fclose(fopen(file, "we"));
	bundle = bundle_new(below);
	bundle_write_manifest(bundle, manifest);
	bundle_write(bundle, NULL, "a", "1", 1);
	bundle_copy(bundle, file, NULL, "b");
	fputs("x", bundle_open(bundle, NULL, "c"));
	bundle_close(bundle);
	assert_false(bundle_finish(bundle));
	/* It is said once, not for each file. */
	assert_int_equal(json_array_size(bundle_missing(bundle)), 1);
	bundle_free(bundle);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_it_appears_whole),	   TEST(test_it_is_not_finished),
		TEST(test_large_files_are_packed), TEST(test_copies),
		TEST(test_what_is_missing),	   TEST(test_there_can_be_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
