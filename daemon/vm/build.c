// SPDX-License-Identifier: GPL-2.0-or-later
/* Identity of a QEMU binary: version, GNU build-id, SHA-256. */
#include "vm/build.h"

#include <errno.h>
#include <fcntl.h>
#include <nettle/sha2.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/ascii.h"
#include "base/child.h"
#include "base/mem.h"
#include "vm/elf.h"

static int read_sha256(int fd, const char *path, char **ret_text, struct err *err)
{
	uint8_t buffer[65536], digest[SHA256_DIGEST_SIZE];
	struct sha256_ctx sha;
	ssize_t n;

	sha256_init(&sha);
	while ((n = read(fd, buffer, sizeof(buffer))) > 0)
		sha256_update(&sha, (size_t)n, buffer);
	if (n < 0)
		return err_set_errno(err, errno, "cannot read %s", path);
	sha256_digest(&sha, sizeof(digest), digest);
	*ret_text = mem_hex(digest, sizeof(digest));
	return 0;
}

/* That there are too few descriptors or processes is the host's fault, all else the user's. */
static int users_fault(struct err *err)
{
	static const int hosts[] = { -EAGAIN, -EMFILE, -ENFILE, -ENOMEM };

	for (size_t i = 0; i < ARRAY_SIZE(hosts); i++)
		if (err->code == hosts[i])
			return err->code;
	return err->code = -EINVAL;
}

static int open_program(const char *path, int *ret_fd, struct err *err)
{
	/* Without O_NONBLOCK a FIFO would keep us for ever. */
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;

	if (fd < 0)
		return err_set_errno(err, errno, "cannot open %s", path);
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return err_set(err, -EINVAL, "%s is not a program", path);
	*ret_fd = fd_steal(&fd);
	return 0;
}

/* The first line, as far as it can be printed. */
static char *first_line(const char *output)
{
	char *line = mem_strndup(output, strcspn(output, "\n"));

	ascii_only(line, '?');
	return line;
}

/* Options are handled in order: before it says its version, a QEMU without seccomp refuses -sandbox. */
static int ask_version(const char *binary, bool *ret_sandbox, char **ret_output, struct err *err)
{
	const char *sandboxed[] = { binary, "-sandbox", "on", "--version", NULL };
	const char *plain[] = { binary, "--version", NULL };
	int r = child_run(sandboxed, NULL, BUILD_VERSION_LIMIT_NS, ret_output, err);

	*ret_sandbox = r == 0;
	return r == -EIO ? child_run(plain, NULL, BUILD_VERSION_LIMIT_NS, ret_output, err) : r;
}

const char *build_arg(const struct build *build, const char *name)
{
	for (char **arg = build->args; *arg; arg++) {
		size_t dashes = strspn(*arg, "-");

		if (dashes >= 1 && dashes <= 2 && !strcmp(*arg + dashes, name))
			return arg[1] ? arg[1] : "";
	}
	return NULL;
}

/* What the args say comes after ours, and wins. */
static bool sandboxed(const struct build *build, bool can)
{
	const char *arg = build_arg(build, "sandbox");

	return arg ? strcmp(arg, "off") && strcmp(arg, "enable=off") : can;
}

int build_identify(const char *name, const char *binary, const char *const *args,
		   struct build *ret_build, struct err *err)
{
	auto_close int fd = -1;
	auto_free char *output = NULL, *sha256 = NULL;
	size_t count = 0;
	bool sandbox = false;
	int r;

	r = open_program(binary, &fd, err);
	if (r == 0)
		r = read_sha256(fd, binary, &sha256, err);
	if (r == 0)
		r = ask_version(binary, &sandbox, &output, err);
	if (r < 0) {
		err_prefix(err, "build %s", name);
		return users_fault(err);
	}
	while (args && args[count])
		count++;
	*ret_build = (struct build){
		.name = mem_strdup(name),
		.binary = mem_strdup(binary),
		.args = mem_zalloc((count + 1) * sizeof(char *)),
		.version = first_line(output),
		.build_id = elf_build_id(fd),
		.sha256 = mem_steal(sha256),
		.schema = schema_new(),
	};
	for (size_t i = 0; i < count; i++)
		ret_build->args[i] = mem_strdup(args[i]);
	ret_build->sandbox = sandboxed(ret_build, sandbox);
	return 0;
}

void build_finish(struct build *build)
{
	for (size_t i = 0; build->args && build->args[i]; i++)
		free(build->args[i]);
	free(build->args);
	free(build->name);
	free(build->binary);
	free(build->version);
	free(build->build_id);
	free(build->sha256);
	schema_free(build->schema);
	*build = (struct build){ 0 };
}
