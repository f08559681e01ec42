// SPDX-License-Identifier: GPL-2.0-or-later
/* The direct backend: command line and images. */
#include "vm/direct.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

#include "base/child.h"
#include "base/clock.h"
#include "base/mem.h"
#include "vm/backend.h"

/* The node's image is the file NODE.qcow2. */
struct image {
	const char *node;
	int64_t bytes; /* 0: the machine has none */
};

#define IMAGES_MAX 3

static void list_images(const struct machine *machine, struct image *ret_images)
{
	ret_images[0] = (struct image){ DIRECT_NODE_FLASH, DIRECT_FLASH_BYTES };
	ret_images[1] = (struct image){ DIRECT_NODE_VMSTATE, DIRECT_VMSTATE_BYTES };
	ret_images[2] = (struct image){ DIRECT_NODE_DISK, machine->disk_bytes };
}

/* Text as a value of an option, in which commas are doubled; the caller frees. */
static char *option_text(const char *text)
{
	char *copy = mem_zalloc(2 * strlen(text) + 1), *to = copy;

	for (; *text; text++) {
		if (*text == ',')
			*to++ = ',';
		*to++ = *text;
	}
	return copy;
}

/* Adds `-blockdev JSON`: JSON because file names may hold commas. Steals node. */
static void add_blockdev(struct words *words, json_t *node)
{
	auto_free char *text = json_dumps(node, JSON_COMPACT);

	words_add(words, "-blockdev");
	words_add(words, "%s", text);
	json_decref(node);
}

/* Names of files are relative to before, which ends in a slash or is empty. */
static void add_qcow2(struct words *words, const char *before, const char *node)
{
	auto_free char *file = mem_printf("%s%s.qcow2", before, node);

	add_blockdev(words, json_pack("{s:s, s:s, s:{s:s, s:s}}", "driver", "qcow2", "node-name",
				      node, "file", "driver", "file", "filename", file));
}

/* A node with a block backend of a name, NODE-drive: block migration finds images by that name alone. */
static void add_drive(struct words *words, const char *before, const char *node)
{
	auto_free char *folder = option_text(before);

	words_add(words, "-drive");
	words_add(words,
		  "if=none,id=%s-drive,node-name=%s,driver=qcow2,file.driver=file,"
		  "file.filename=%s%s.qcow2",
		  node, node, folder, node);
}

static void add_images(struct words *words, const struct machine *machine, const char *before)
{
	struct image images[IMAGES_MAX];

	list_images(machine, images);
	for (size_t i = 0; i < IMAGES_MAX; i++) {
		if (!images[i].bytes)
			continue;
		if (machine->disk_bytes)
			add_drive(words, before, images[i].node);
		else
			add_qcow2(words, before, images[i].node);
	}
}

void direct_add_build(struct words *words, const struct build *build)
{
	for (char **data = build->spec.data; *data; data++) {
		words_add(words, "-L");
		words_add(words, "%s", *data);
	}
	for (char **pattern = build->spec.trace; *pattern; pattern++) {
		words_add(words, "-trace");
		words_add(words, "enable=%s", *pattern);
	}
}

void direct_add_guest(struct words *words, const struct machine *machine, const char *before)
{
	auto_free char *folder = option_text(before);

	add_blockdev(words, json_pack("{s:s, s:s, s:b, s:{s:s, s:s, s:b}}", "driver", "raw",
				      "node-name", "code", "read-only", 1, "file", "driver", "file",
				      "filename", machine->firmware, "read-only", 1));
	add_images(words, machine, before);
	words_add(words, "-fw_cfg");
	words_add(words, "name=" GUEST_CONFIG_FILE ",file=%s" DIRECT_CONFIG_FILE, folder);
}

char *direct_flash_option(const struct machine *machine)
{
	return mem_printf("pflash0=code,pflash1=" DIRECT_NODE_FLASH "%s",
			  machine->disk_bytes ? "-drive" : "");
}

char **direct_argv(const struct run_spec *spec, int qmp_fd, int ram_fd)
{
	const struct machine *machine = spec->machine;
	const struct build *build = spec->build;
	auto_free char *flash = direct_flash_option(machine);
	struct words words = { 0 };

	for (char **word = build->spec.wrapper; *word; word++)
		words_add(&words, "%s", *word);
	words_add(&words, "%s", build->spec.binary);
	words_add(&words, "-name");
	words_add(&words, "guest=qsoak-%d-%d,debug-threads=on", spec->slot, spec->vm);
	words_add(&words, "-nodefaults");
	words_add(&words, "-no-user-config");
	words_add(&words, "-display");
	words_add(&words, "none");
	if (build->sandbox && !build_arg(build, "sandbox")) {
		words_add(&words, "-sandbox");
		words_add(&words, "on");
	}
	direct_add_build(&words, build);
	words_add(&words, "-machine");
	words_add(&words, "%s,accel=%s,memory-backend=ram,dump-guest-core=off,%s", machine->type,
		  machine->accel, flash);
	words_add(&words, "-smp");
	words_add(&words, "%u", machine->vcpus);
	words_add(&words, "-m");
	words_add(&words, "%" PRId64 "M", machine->ram_bytes >> 20);
	words_add(&words, "-object");
	words_add(&words,
		  "memory-backend-file,id=ram,size=%" PRId64 ",share=on,mem-path=/proc/self/fd/%d",
		  machine->ram_bytes, ram_fd);
	direct_add_guest(&words, machine, "");
	words_add(&words, "-chardev");
	words_add(&words, "socket,id=qmp,fd=%d", qmp_fd);
	words_add(&words, "-mon");
	words_add(&words, "chardev=qmp,mode=control");
	if (spec->incoming) {
		words_add(&words, "-incoming");
		words_add(&words, "defer");
	}
	for (char **arg = build->spec.args; *arg; arg++)
		words_add(&words, "%s", *arg);
	return words.word;
}

static int prepare(const struct run_spec *spec, int qmp_fd, struct backend_child *ret_child,
		   struct err *err)
{
	struct ram *ram = NULL;
	int r = ram_new(spec->machine->ram_bytes, &ram, err);

	if (r < 0)
		return r;
	ret_child->argv = direct_argv(spec, qmp_fd, ram_fd(ram));
	ret_child->ram = ram;
	ret_child->inherits_ram = true;
	return 0;
}

static enum run_loss loss(struct child_exit *how)
{
	(void)how;
	return RUN_LOSS_PROCESS;
}

const struct backend backend_direct = {
	.prepare = prepare,
	.loss = loss,
	.kill_signal = SIGKILL,
	/* It takes effect at once, but for threads in D state. */
	.kill_limit_ns = 5 * CLOCK_NS_PER_S,
	.death_signal = SIGKILL,
	.is_qemu = true,
};

static int make_image(const struct image *image, const char *folder, struct err *err)
{
	auto_free char *file = mem_printf("%s.qcow2", image->node);
	auto_free char *size = mem_printf("%" PRId64, image->bytes);
	const char *argv[] = { DIRECT_QEMU_IMG, "create", "-q", "-f", "qcow2", file, size, NULL };
	int r = child_run(&(struct child_spec){ .argv = argv, .cwd = folder },
			  DIRECT_IMAGE_LIMIT_NS, NULL, err);

	return r < 0 ? err_prefix(err, "cannot make %s/%s", folder, file) : 0;
}

int direct_make_images(const struct machine *machine, const char *folder, struct err *err)
{
	struct image images[IMAGES_MAX];
	int r = 0;

	list_images(machine, images);
	for (size_t i = 0; r == 0 && i < IMAGES_MAX; i++)
		if (images[i].bytes)
			r = make_image(&images[i], folder, err);
	return r;
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

static int copy_image(const char *node, const char *from, const char *to, struct err *err)
{
	auto_free char *source = mem_printf("%s/%s.qcow2", from, node);
	auto_free char *target = mem_printf("%s/%s.qcow2", to, node);

	return copy_file(source, target, err);
}

int direct_copy_images(const struct machine *machine, const char *from, const char *to,
		       struct err *err)
{
	struct image images[IMAGES_MAX];
	int r = 0;

	list_images(machine, images);
	for (size_t i = 0; r == 0 && i < IMAGES_MAX; i++)
		if (images[i].bytes)
			r = copy_image(images[i].node, from, to, err);
	return r;
}

char *direct_flash_path(const char *folder)
{
	return mem_printf("%s/" DIRECT_NODE_FLASH ".qcow2", folder);
}

char *direct_config_path(const char *folder)
{
	return mem_printf("%s/" DIRECT_CONFIG_FILE, folder);
}

int direct_write_config(const struct guest_config *config, uint64_t seed, const char *folder,
			struct err *err)
{
	auto_free char *path = direct_config_path(folder);
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
