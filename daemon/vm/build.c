// SPDX-License-Identifier: GPL-2.0-or-later
/* Identity of a QEMU binary: version, GNU build-id, SHA-256. */
#include "vm/build.h"

#include <errno.h>
#include <fcntl.h>
#include <nettle/sha2.h>
#include <string.h>
#include <unistd.h>

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

int build_identify(const char *name, const char *binary, const char *const *args,
		   struct build *ret_build, struct err *err)
{
	const char *argv[] = { binary, "--version", NULL };
	auto_close int fd = open(binary, O_RDONLY | O_CLOEXEC);
	auto_free char *output = NULL, *sha256 = NULL;
	size_t count = 0;
	int r;

	if (fd < 0) {
		err_set_errno(err, errno, "build %s: cannot open %s", name, binary);
		return err->code = -EINVAL;
	}
	r = read_sha256(fd, binary, &sha256, err);
	if (r == 0)
		r = child_run(argv, NULL, BUILD_VERSION_LIMIT_NS, &output, err);
	if (r < 0) {
		err_prefix(err, "build %s", name);
		return err->code = -EINVAL;
	}
	while (args && args[count])
		count++;
	*ret_build = (struct build){
		.name = mem_strdup(name),
		.binary = mem_strdup(binary),
		.args = mem_zalloc((count + 1) * sizeof(char *)),
		.version = mem_strndup(output, strcspn(output, "\n")),
		.build_id = elf_build_id(fd),
		.sha256 = mem_steal(sha256),
	};
	for (size_t i = 0; i < count; i++)
		ret_build->args[i] = mem_strdup(args[i]);
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
	*build = (struct build){ 0 };
}
