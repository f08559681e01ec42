// SPDX-License-Identifier: GPL-2.0-or-later
/* A domain's XML: what of a build, and of a run, stands where. */
#include "tests/unit/helper.h"

#include "vm/libvirt.h"

static char *none[] = { NULL };

/* The domain of a build; the caller frees. */
static char *xml_of(const struct build *build, const char *folder)
{
	const struct libvirt libvirt = { .owner = (char *)"box:/var/lib/q's <&>" };
	const struct machine machine = { .type = "pc-q35-7.2",
					 .accel = "tcg",
					 .ram_bytes = 32 << 20,
					 .vcpus = 2,
					 .firmware = "/guest.bin",
					 .libvirt = &libvirt };
	const struct run_spec spec = {
		.machine = &machine, .build = build, .folder = folder, .uuid = "uuid", .slot = 3, .vm = 5
	};

	return libvirt_xml(&spec, "qsoak-1-3-5");
}

static void has(const char *text, const char *words)
{
	if (!strstr(text, words))
		fail_msg("no \"%s\" in %s", words, text);
}

static void a_domain_says_whose_it_is(void **state)
{
	const struct build build = { .spec = { .binary = (char *)"/opt/qemu",
					       .args = none,
					       .data = none,
					       .env = none,
					       .trace = none,
					       .wrapper = none } };
	auto_free char *text = xml_of(&build, "/work/3-5");
	auto_free char *owner =
		mem_printf("xmlns:qsoak='urn:qsoak:vm' "
			   "owner='box:/var/lib/q&apos;s &lt;&amp;&gt;' qsoakd='%d' "
			   "slot='3'/>",
			   (int)getpid());

	(void)state;
	has(text, "<domain type='qemu' ");
	has(text, "<name>qsoak-1-3-5</name>");
	has(text, "<uuid>uuid</uuid>");
	has(text, owner);
	has(text, "<memory unit='b'>33554432</memory>");
	has(text, "<vcpu>2</vcpu>");
	has(text, "machine='pc-q35-7.2'>hvm<");
	has(text, "<emulator>/opt/qemu</emulator>");
	has(text, "<qemu:arg value='pflash0=code,pflash1=vars'/>");
	has(text, "&quot;filename&quot;:&quot;/work/3-5/vars.qcow2&quot;");
	has(text, "<qemu:arg value='name=opt/qsoak/config,file=/work/3-5/guest-config'/>");
}

static void no_two_state_folders_have_one_owner(void **state)
{
	auto_free char *plain = libvirt_owner("box-1", "/var/lib/q_soak.2");
	auto_free char *odd = libvirt_owner("box", "/a\"b'<&>\n%\xc3\xa4\xff:");

	(void)state;
	assert_string_equal(plain, "box-1:/var/lib/q_soak.2");
	assert_string_equal(odd, "box:/a%22b%27%3c%26%3e%0a%25%c3%a4%ff%3a");
}

static void what_a_build_brings_along_is_in_it(void **state)
{
	char *args[] = { (char *)"-global", (char *)"a.b=<x>", NULL };
	char *data[] = { (char *)"/opt/pc-bios", NULL };
	char *env[] = { (char *)"A=b=c", NULL };
	char *trace[] = { (char *)"migrate_*", NULL };
	const struct build build = { .spec = { .binary = (char *)"/opt/qemu",
					       .args = args,
					       .data = data,
					       .env = env,
					       .trace = trace,
					       .wrapper = none } };
	auto_free char *text = xml_of(&build, "/wo,rk");

	(void)state;
	has(text, "<qemu:arg value='-global'/>\n    <qemu:arg value='a.b=&lt;x&gt;'/>");
	has(text, "<qemu:arg value='-L'/>\n    <qemu:arg value='/opt/pc-bios'/>");
	has(text, "<qemu:arg value='-trace'/>\n    <qemu:arg value='enable=migrate_*'/>");
	has(text, "<qemu:env name='A' value='b=c'/>");
	/* In an option a comma is doubled, in JSON it is none. */
	has(text, "file=/wo,,rk/guest-config");
	has(text, "/wo,rk/vars.qcow2");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_domain_says_whose_it_is),
		cmocka_unit_test(no_two_state_folders_have_one_owner),
		cmocka_unit_test(what_a_build_brings_along_is_in_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
