/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What tests of profiles share: a small profile to change, and the rules that errors quote. */
#ifndef QSOAK_TESTS_UNIT_PROFILE_TEXT_H
#define QSOAK_TESTS_UNIT_PROFILE_TEXT_H

#include "tests/unit/helper.h"

#include "campaign/profile.h"

/* The lines are counted by the errors below. */
static const char minimal[] = "name: quick\n"					      /* 1 */
			      "machine: {type: pc-q35-7.2, accel: tcg, ram: 32MiB}\n" /* 2 */
			      "guest: {name: pflash-hammer}\n"			      /* 3 */
			      "builds:\n"					      /* 4 */
			      "  - {name: stock, binary: /usr/bin/qemu}\n"	      /* 5 */
			      "fleet: {vms: 4}\n"				      /* 6 */
			      "operations:\n"					      /* 7 */
			      "  - {operation: snapshot-save}\n"		      /* 8 */
			      "  - {operation: snapshot-load}\n"		      /* 9 */
			      "  - {operation: snapshot-delete}\n"		      /* 10 */
			      "  - {operation: migrate}\n"			      /* 11 */
			      "stop: {loops: 1000}\n";				      /* 12 */

/* minimal with its one `from` replaced by `to`. */
static inline char *edited(const char *from, const char *to)
{
	const char *at = strstr(minimal, from);

	if (!at || strstr(at + 1, from))
		fail_msg("\"%s\" is not once in the profile", from);
	return mem_printf("%.*s%s%s", (int)(at - minimal), minimal, to, at + strlen(from));
}

static inline struct profile *parse(const char *text, size_t size)
{
	struct profile *profile = NULL;
	struct err err = { 0 };
	/* A copy of exactly that size, so that a read behind it is seen. */
	char *copy = mem_zalloc(size);
	int ret;

	memcpy(copy, text, size);
	ret = profile_parse(copy, size, "t.yaml", &profile, &err);
	free(copy);
	if (ret < 0)
		fail_msg("%s", err.text);
	return profile;
}

static inline struct profile *parse_edited(const char *from, const char *to)
{
	auto_free char *text = edited(from, to);

	return parse(text, strlen(text));
}

static inline void refused_bytes(const char *text, size_t size, const char *expected)
{
	struct profile *profile = (void *)0x1;
	struct err err = { 0 };
	char *copy = mem_zalloc(size);
	int ret;

	memcpy(copy, text, size);
	ret = profile_parse(copy, size, "t.yaml", &profile, &err);
	free(copy);
	assert_string_equal(err.text, expected);
	assert_int_equal(ret, -EINVAL);
	assert_int_equal(err.code, -EINVAL);
	assert_ptr_equal(profile, (void *)0x1);
}

/* A way to be refused: minimal with one thing replaced, and the error behind "t.yaml:". */
struct bad_edit {
	const char *from, *to, *error;
};

static inline void refused_edits(const struct bad_edit *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		auto_free char *text = edited(cases[i].from, cases[i].to);
		auto_free char *error = mem_printf("t.yaml:%s", cases[i].error);

		refused_bytes(text, strlen(text), error);
	}
}

#define NAME_RULE                                                                                  \
	"expected a name of up to 64 letters, digits, '.', '_' and '-' that begins with a letter " \
	"or digit"
#define DURATION_RULE "expected a number with its unit ms, s, m or h, like 90s or 1.5m"
#define BYTES_RULE "expected an integer with its unit KiB, MiB or GiB, like 32MiB"
#define BINARY_RULE "expected the absolute path of a QEMU binary"
#define GUEST_RULE "expected the name of a guest, like pflash-hammer: letters, digits and '-'"
#define KINDS                                                                               \
	"expected snapshot-save, snapshot-load, snapshot-delete, migrate, migrate-cancel, " \
	"stop-cont, reset, libvirt-save-restore, libvirt-snapshot-internal or "             \
	"libvirt-snapshot-external"

#endif
