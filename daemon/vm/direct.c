// SPDX-License-Identifier: GPL-2.0-or-later
/* The direct backend: command line and images. */
#include "vm/direct.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

#include "base/child.h"
#include "base/mem.h"

/* In the folder of a VM: of the guest's configuration. */
#define CONFIG_FILE "guest-config"

static const char *const images[] = { DIRECT_NODE_FLASH ".qcow2", DIRECT_NODE_VMSTATE ".qcow2" };

/* VM states are appended to the image behind its guest-visible size, so the size only has to hold
 * nothing. */
static const int64_t image_bytes[] = { DIRECT_FLASH_BYTES, 1024 * 1024 };

struct words {
	char **word;
	size_t count;
};

__attribute__((format(printf, 2, 3))) static void add(struct words *words, const char *fmt, ...)
{
	va_list ap;
	char *word;

	va_start(ap, fmt);
	if (vasprintf(&word, fmt, ap) < 0)
		abort();
	va_end(ap);
	words->word = mem_realloc(words->word, words->count + 2, sizeof(char *));
	words->word[words->count++] = word;
	words->word[words->count] = NULL;
}

/* Adds `-blockdev JSON`: JSON because file names may hold commas. Steals node. */
static void add_blockdev(struct words *words, json_t *node)
{
	auto_free char *text = json_dumps(node, JSON_COMPACT);

	add(words, "-blockdev");
	add(words, "%s", text);
	json_decref(node);
}

static void add_qcow2(struct words *words, const char *node)
{
	auto_free char *file = mem_printf("%s.qcow2", node);

	add_blockdev(words, json_pack("{s:s, s:s, s:{s:s, s:s}}", "driver", "qcow2", "node-name",
				      node, "file", "driver", "file", "filename", file));
}

char **direct_argv(const struct run_spec *spec, int qmp_fd, int ram_fd)
{
	const struct machine *machine = spec->machine;
	const struct build *build = spec->build;
	struct words words = { 0 };

	for (char **word = build->spec.wrapper; *word; word++)
		add(&words, "%s", *word);
	add(&words, "%s", build->spec.binary);
	add(&words, "-name");
	add(&words, "guest=qsoak-%d-%d,debug-threads=on", spec->slot, spec->vm);
	add(&words, "-nodefaults");
	add(&words, "-no-user-config");
	add(&words, "-display");
	add(&words, "none");
	if (build->sandbox && !build_arg(build, "sandbox")) {
		add(&words, "-sandbox");
		add(&words, "on");
	}
	for (char **data = build->spec.data; *data; data++) {
		add(&words, "-L");
		add(&words, "%s", *data);
	}
	for (char **pattern = build->spec.trace; *pattern; pattern++) {
		add(&words, "-trace");
		add(&words, "enable=%s", *pattern);
	}
	add(&words, "-machine");
	add(&words,
	    "%s,accel=%s,memory-backend=ram,dump-guest-core=off,pflash0=code,"
	    "pflash1=" DIRECT_NODE_FLASH,
	    machine->type, machine->accel);
	add(&words, "-smp");
	add(&words, "%u", machine->vcpus);
	add(&words, "-m");
	add(&words, "%" PRId64 "M", machine->ram_bytes >> 20);
	add(&words, "-object");
	add(&words,
	    "memory-backend-file,id=ram,size=%" PRId64 ",share=on,mem-path=/proc/self/fd/%d",
	    machine->ram_bytes, ram_fd);
	add_blockdev(&words, json_pack("{s:s, s:s, s:b, s:{s:s, s:s, s:b}}", "driver", "raw",
				       "node-name", "code", "read-only", 1, "file", "driver",
				       "file", "filename", machine->firmware, "read-only", 1));
	add_qcow2(&words, DIRECT_NODE_FLASH);
	add_qcow2(&words, DIRECT_NODE_VMSTATE);
	add(&words, "-fw_cfg");
	add(&words, "name=" GUEST_CONFIG_FILE ",file=" CONFIG_FILE);
	add(&words, "-chardev");
	add(&words, "socket,id=qmp,fd=%d", qmp_fd);
	add(&words, "-mon");
	add(&words, "chardev=qmp,mode=control");
	if (spec->incoming) {
		add(&words, "-incoming");
		add(&words, "defer");
	}
	for (char **arg = build->spec.args; *arg; arg++)
		add(&words, "%s", *arg);
	return words.word;
}

void direct_argv_free(char **argv)
{
	for (char **word = argv; word && *word; word++)
		free(*word);
	free(argv);
}

int direct_make_images(const char *folder, struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(images); i++) {
		auto_free char *size = mem_printf("%" PRId64, image_bytes[i]);
		const char *argv[] = { DIRECT_QEMU_IMG, "create",  "-q", "-f",
				       "qcow2",		images[i], size, NULL };
		int r = child_run(&(struct child_spec){ .argv = argv, .cwd = folder },
				  DIRECT_IMAGE_LIMIT_NS, NULL, err);

		if (r < 0)
			return err_prefix(err, "cannot make %s/%s", folder, images[i]);
	}
	return 0;
}

static int copy_file(const char *from, const char *to, struct err *err)
{
	auto_close int in = open(from, O_RDONLY | O_CLOEXEC);
	auto_close int out = -1;
	struct stat st;

	if (in < 0 || fstat(in, &st) < 0)
		return err_set_errno(err, errno, "cannot read %s", from);
	out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (out < 0)
		return err_set_errno(err, errno, "cannot create %s", to);
	for (off_t left = st.st_size; left > 0;) {
		ssize_t n = sendfile(out, in, NULL, (size_t)left);

		if (n <= 0)
			return err_set_errno(err, n ? errno : EIO, "cannot copy %s to %s", from,
					     to);
		left -= n;
	}
	return 0;
}

int direct_copy_images(const char *from, const char *to, struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(images); i++) {
		auto_free char *source = mem_printf("%s/%s", from, images[i]);
		auto_free char *target = mem_printf("%s/%s", to, images[i]);
		int r = copy_file(source, target, err);

		if (r < 0)
			return r;
	}
	return 0;
}

int direct_copy_flash(const char *from, const char *to, struct err *err)
{
	auto_free char *source = mem_printf("%s/" DIRECT_NODE_FLASH ".qcow2", from);
	auto_free char *target = mem_printf("%s/" DIRECT_NODE_FLASH ".qcow2", to);

	return copy_file(source, target, err);
}

int direct_write_config(const struct guest_config *config, uint64_t seed, const char *folder,
			struct err *err)
{
	auto_free char *path = mem_printf("%s/" CONFIG_FILE, folder);
	struct guest_config file = *config;
	auto_fclose FILE *f = fopen(path, "wxe");

	file.magic = GUEST_CONFIG_MAGIC;
	file.version = GUEST_CONFIG_VERSION;
	file.size = sizeof(file);
	file.seed = seed;
	if (!f || fwrite(&file, sizeof(file), 1, f) != 1 || fflush(f) != 0)
		return err_set_errno(err, errno, "cannot write %s", path);
	return 0;
}
