// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Elements of libvirt wherever it has them. Its firmware elements are not among them: libvirt 9.0 opens a flash of
 * qcow2 as raw, so the flash, which is what we soak, comes as QEMU's own options. Domain XML: libvirt,
 * docs/formatdomain.rst and docs/drvqemu.rst.
 */
#include "vm/libvirt.h"

#include <ctype.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/xml.h"
#include "domain/bridge.h"
#include "domain/exit.h"
#include "vm/backend.h"
#include "vm/direct.h"

/* What QEMU calls its memfds: backends/hostmem-memfd.c. A domain has this one. */
#define RAM_NAME "memory-backend-memfd"

/* As text and as an attribute in single quotes. Control characters are in no name that got so far. */
static void print_text(FILE *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '\'')
			fputs("&apos;", out);
		else
			xml_print(*text, out);
	}
}

static void print(FILE *out, const char *before, const char *text, const char *after)
{
	fputs(before, out);
	print_text(out, text);
	fputs(after, out);
}

static void print_options(FILE *out, const struct run_spec *spec)
{
	const struct build *build = spec->build;
	auto_free char *folder = mem_printf("%s/", spec->folder);
	auto_free char *flash = NULL;
	struct machine machine = *spec->machine;
	struct words words = { 0 };

	/* The disk is an element. */
	machine.disk_bytes = 0;
	flash = direct_flash_option(&machine);
	direct_add_build(&words, build);
	direct_add_guest(&words, &machine, folder);
	words_add(&words, "-machine");
	words_add(&words, "%s", flash);
	for (char **arg = build->spec.args; *arg; arg++)
		words_add(&words, "%s", *arg);
	fputs("  <qemu:commandline>\n", out);
	for (char **word = words.word; *word; word++)
		print(out, "    <qemu:arg value='", *word, "'/>\n");
	for (char **env = build->spec.env; *env; env++) {
		auto_free char *name = mem_strndup(*env, strcspn(*env, "="));

		print(out, "    <qemu:env name='", name, "'");
		print(out, " value='", *env + strlen(name) + 1, "'/>\n");
	}
	fputs("  </qemu:commandline>\n", out);
	words_free(words.word);
}

const char *libvirt_peer_uri(const struct libvirt *libvirt, const char *uri)
{
	for (size_t i = 0; libvirt->peer_uris && i < libvirt->uri_count; i++)
		if (libvirt->uris[i] == uri)
			return libvirt->peer_uris[i];
	return uri;
}

/* Only of a disk that it knows does libvirt make snapshots. */
static void print_disk(FILE *out, const struct run_spec *spec)
{
	auto_free char *file = mem_printf("%s/" DIRECT_NODE_DISK ".qcow2", spec->folder);

	if (!spec->machine->disk_bytes)
		return;
	print(out,
	      "    <disk type='file' device='disk'><driver name='qemu' type='qcow2'/>"
	      "<source file='",
	      file, "'/><target dev='" LIBVIRT_DISK_TARGET "' bus='virtio'/></disk>\n");
}

static void print_owner(FILE *out, const char *text)
{
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (isascii(c) && (isalnum(c) || strchr("/._-", c)))
			fputc(c, out);
		else
			fprintf(out, "%%%02x", c);
	}
}

char *libvirt_owner(const char *host, const char *state)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		abort();
	print_owner(out, host);
	fputc(':', out);
	print_owner(out, state);
	fclose(out);
	return text;
}

char *libvirt_xml(const struct run_spec *spec, const char *name)
{
	const struct machine *machine = spec->machine;
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		abort();
	fprintf(out, "<domain type='%s' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>\n",
		strcmp(machine->accel, "kvm") ? "qemu" : "kvm");
	print(out, "  <name>", name, "</name>\n");
	fprintf(out, "  <uuid>%s</uuid>\n", spec->uuid);
	print(out, "  <metadata><qsoak:vm xmlns:qsoak='urn:qsoak:vm' owner='",
	      machine->libvirt->owner, "'");
	fprintf(out, " qsoakd='%d' slot='%d'/></metadata>\n", (int)getpid(), spec->slot);
	fprintf(out, "  <memory unit='b'>%" PRId64 "</memory>\n", machine->ram_bytes);
	/* A sealed memfd, as the direct backend makes it. */
	fputs("  <memoryBacking><source type='memfd'/><access mode='shared'/></memoryBacking>\n",
	      out);
	fprintf(out, "  <vcpu>%u</vcpu>\n", machine->vcpus);
	print(out, "  <os><type arch='x86_64' machine='", machine->type, "'>hvm</type></os>\n");
	fputs("  <features><acpi/></features>\n", out);
	/* A QEMU that has crashed is gone, and its words are in the log. */
	fputs("  <on_crash>destroy</on_crash>\n", out);
	fputs("  <devices>\n", out);
	print(out, "    <emulator>", spec->build->spec.binary, "</emulator>\n");
	print_disk(out, spec);
	fputs("    <controller type='usb' model='none'/>\n"
	      "    <memballoon model='none'/>\n"
	      "  </devices>\n",
	      out);
	print_options(out, spec);
	fputs("</domain>\n", out);
	fclose(out);
	return text;
}

static int prepare(const struct run_spec *spec, int qmp_fd, struct backend_child *ret_child,
		   struct err *err)
{
	const struct libvirt *libvirt = spec->machine->libvirt;
	auto_free char *name = mem_printf("qsoak-%d-%d-%d", (int)getpid(), spec->slot, spec->vm);
	struct words words = { 0 };

	(void)err;
	words_add(&words, "%s", libvirt->program);
	words_add(&words, "--uri");
	words_add(&words, "%s", spec->uri);
	words_add(&words, "--owner");
	words_add(&words, "%s", libvirt->owner);
	words_add(&words, "--qsoakd");
	words_add(&words, "%d", (int)getpid());
	words_add(&words, "--slot");
	words_add(&words, "%d", spec->slot);
	words_add(&words, "--name");
	words_add(&words, "%s", name);
	words_add(&words, "--uuid");
	words_add(&words, "%s", spec->uuid);
	words_add(&words, "--qmp");
	words_add(&words, "%d", qmp_fd);
	if (spec->incoming)
		words_add(&words, "--incoming");
	ret_child->xml = libvirt_xml(spec, name);
	ret_child->reads_xml = !spec->incoming;
	ret_child->argv = words.word;
	ret_child->ram = ram_unseen();
	return 0;
}

static void find_ram(const struct machine *machine, pid_t pid, struct ram *ram)
{
	struct err err = { 0 };

	if (!pid || ram_find(ram, pid, RAM_NAME, machine->ram_bytes, &err) < 0)
		log_info("a guest cannot be seen: %s",
			 pid ? err.text : "its QEMU is no process of this host");
}

static enum run_loss loss(struct child_exit *how)
{
	if (how->signal) {
		log_warning("qsoak-domain was ended by signal %d, not from qsoakd", how->signal);
		*how = (struct child_exit){ .status = -1 };
		return RUN_LOSS_SPEAKER;
	}
	switch (how->status) {
	case DOMAIN_EXIT_CRASHED:
		how->status = -1;
		return RUN_LOSS_UNTOLD;
	case DOMAIN_EXIT_DESTROYED:
		return RUN_LOSS_DESTROYED;
	case DOMAIN_EXIT_LIBVIRT_GONE:
		return RUN_LOSS_LIBVIRT_GONE;
	case DOMAIN_EXIT_LIBVIRT_HANGS:
		return RUN_LOSS_LIBVIRT_HANGS;
	default:
		return RUN_LOSS_PROCESS;
	}
}

const struct backend backend_libvirt = {
	.prepare = prepare,
	.find_ram = find_ram,
	.loss = loss,
	.kill_signal = SIGTERM,
	/* libvirt itself gives a QEMU that hangs 10 s before it kills it. */
	.kill_limit_ns = BRIDGE_DESTROY_LIMIT_NS + 5 * CLOCK_NS_PER_S,
	.death_signal = SIGTERM,
};
