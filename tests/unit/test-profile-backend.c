// SPDX-License-Identifier: GPL-2.0-or-later
/* Who runs the QEMUs. */
#include "tests/unit/profile-text.h"

/* minimal without its migrate, and with these lines in front of its machine. */
static char *with(const char *lines)
{
	auto_free char *machine = mem_printf("%smachine:", lines);
	auto_free char *text = edited("machine:", machine);
	const char migrate[] = "  - {operation: migrate}\n";
	char *at = strstr(text, migrate);

	memmove(at, at + sizeof(migrate) - 1, strlen(at + sizeof(migrate) - 1) + 1);
	return mem_steal(text);
}

static void refused_with(const char *lines, const char *expected)
{
	auto_free char *text = with(lines);

	refused_bytes(text, strlen(text), expected);
}

static void it_is_qsoakd_where_nobody_is_named(void **state)
{
	struct profile *profile = parse(minimal, strlen(minimal));

	(void)state;
	assert_int_equal(profile->backend, BACKEND_DIRECT);
	assert_null(profile->uris);
	profile_free(profile);
}

static void libvirt_is_found_by_its_uri(void **state)
{
	static const char *const uris[] = { "qemu:///system", "qemu+tls://box.example/system",
					    "qemu+unix:///session?socket=/run/x" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(uris); i++) {
		auto_free char *lines = mem_printf("backend: libvirt\nuris: [\"%s\"]\n", uris[i]);
		auto_free char *text = with(lines);
		struct profile *profile = parse(text, strlen(text));

		assert_int_equal(profile->backend, BACKEND_LIBVIRT);
		assert_string_equal(profile->uris[0], uris[i]);
		assert_null(profile->uris[1]);
		profile_free(profile);
	}
}

static void what_does_not_fit_together_is_refused(void **state)
{
#define URI_RULE \
	"expected a URI of libvirt's QEMU driver, like qemu:///system or qemu+tls://host/system"
	(void)state;
	refused_with("backend: xen\n", "t.yaml:2: backend: found xen, expected direct or libvirt");
	refused_with(
		"backend: libvirt\n",
		"t.yaml:1: uris: `backend: libvirt` takes a list, like [qemu:///system]");
	refused_with("uris: [qemu:///system]\n", "t.yaml:2: uris: they take `backend: libvirt`");
	refused_with("backend: libvirt\nuris: []\n",
		     "t.yaml:3: uris: found 0 entries, expected 1 to 2");
	refused_with("backend: libvirt\nuris: [\"xen:///\"]\n",
		     "t.yaml:3: uris[0]: found \"xen:///\", " URI_RULE);
	refused_with("backend: libvirt\nuris: [\"qemu:system\"]\n",
		     "t.yaml:3: uris[0]: found \"qemu:system\", " URI_RULE);
}

static void refused_with_operation(const char *operation, const char *expected)
{
	auto_free char *entry = mem_printf("{operation: %s}", operation);
	auto_free char *text = edited("{operation: migrate}", entry);
	char *at = strstr(text, "machine:");
	auto_free char *whole = mem_printf(
		"%.*sbackend: libvirt\nuris: [qemu:///system, qemu:///session]\n%s",
		(int)(at - text), text, at);
	auto_free char *error = mem_printf("t.yaml:13: operations[3]: %s", expected);

	refused_bytes(whole, strlen(whole), error);
}

static void what_libvirt_does_not_do_is_refused(void **state)
{
	auto_free char *migrates =
		edited("machine:", "backend: libvirt\nuris: [qemu:///system]\nmachine:");
	auto_free char *wrapped = with("backend: libvirt\nuris: [qemu:///system]\n");
	char *at = strstr(wrapped, "/usr/bin/qemu}");
	auto_free char *text =
		mem_printf("%.*s/usr/bin/qemu, wrapper: [/usr/bin/nice]}%s", (int)(at - wrapped),
			   wrapped, at + strlen("/usr/bin/qemu}"));

	(void)state;
	refused_bytes(migrates, strlen(migrates),
		      "t.yaml:13: operations[3]: migrate takes two `uris`");
	refused_with_operation("migrate, transport: tcp",
			       "dirty-bitmaps, block, compression and transport take "
			       "`backend: direct`");
	refused_bytes(text, strlen(text), "t.yaml:7: builds[0]: a wrapper takes `backend: direct`");
}

/* The keys of libvirt stand before the machine, the operation at the place of the last. */
static void refused_or_read(const char *keys, const char *operation, const char *expected)
{
	auto_free char *entry = mem_printf("{operation: %s}", operation);
	auto_free char *text = edited("{operation: migrate}", entry);
	char *at = strstr(text, "machine:");
	auto_free char *whole = mem_printf("%.*s%s%s", (int)(at - text), text, keys, at);
	struct profile *profile = NULL;
	struct err err = { 0 };

	if (expected) {
		refused_bytes(whole, strlen(whole), expected);
		return;
	}
	assert_int_equal(profile_parse(whole, strlen(whole), "t.yaml", &profile, &err), 0);
	profile_free(profile);
}

static void what_is_of_libvirt_takes_it(void **state)
{
	static const char two[] = "backend: libvirt\nuris: [qemu:///system, qemu:///session]\n";
	static const char peers[] = "backend: libvirt\nuris: [qemu:///system, qemu:///session]\n"
				    "peer-uris: [qemu+tls://a/system, qemu+tls://b/system]\n";

	(void)state;
	refused_or_read(two, "libvirt-save-restore", NULL);
	refused_or_read(two, "libvirt-snapshot-internal", NULL);
	refused_or_read(two, "libvirt-snapshot-external", NULL);
	refused_or_read(two, "migrate-cancel", NULL);
	refused_or_read(peers, "migrate, peer-to-peer: true", NULL);
	refused_or_read("", "libvirt-save-restore",
			"t.yaml:11: operations[3]: libvirt-save-restore takes `backend: libvirt`");
	refused_or_read("", "migrate, peer-to-peer: true",
			"t.yaml:11: operations[3]: peer-to-peer takes `backend: libvirt`");
	refused_or_read("backend: libvirt\nuris: [qemu:///system]\n", "migrate-cancel",
			"t.yaml:13: operations[3]: migrate-cancel takes two `uris`");
	refused_or_read("backend: libvirt\nuris: [qemu:///system, qemu:///session]\n"
			"peer-uris: [qemu+tls://a/system]\n",
			"migrate",
			"t.yaml:4: peer-uris: there have to be as many as `uris`, in their order");
	refused_or_read("backend: libvirt\nuris: [\"qemu:///embed?root=/r\"]\n", "reset",
			"t.yaml:3: uris: qemu:///embed is for one VM: no other URI, and `vms: 1`");
	refused_or_read("peer-uris: [qemu+tls://a/system]\n", "migrate",
			"t.yaml:2: peer-uris: they take `backend: libvirt`");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_qsoakd_where_nobody_is_named),
		cmocka_unit_test(libvirt_is_found_by_its_uri),
		cmocka_unit_test(what_does_not_fit_together_is_refused),
		cmocka_unit_test(what_libvirt_does_not_do_is_refused),
		cmocka_unit_test(what_is_of_libvirt_takes_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
