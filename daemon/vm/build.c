// SPDX-License-Identifier: GPL-2.0-or-later
/* Identity of a QEMU binary: version, GNU build-id, SHA-256. */
#include "vm/build.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/ascii.h"
#include "base/child.h"
#include "base/mem.h"
#include "vm/audition.h"
#include "vm/elf.h"

static const size_t lists[] = {
	offsetof(struct build_spec, args),    offsetof(struct build_spec, data),
	offsetof(struct build_spec, env),     offsetof(struct build_spec, trace),
	offsetof(struct build_spec, wrapper),
};

static char ***list_of(struct build_spec *spec, size_t list)
{
	return (char ***)((char *)spec + lists[list]);
}

void build_spec_init(struct build_spec *spec)
{
	*spec = (struct build_spec){ 0 };
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
		*list_of(spec, i) = mem_new(char *);
}

static void free_list(char **list)
{
	for (char **word = list; word && *word; word++)
		free(*word);
	free(list);
}

void build_spec_finish(struct build_spec *spec)
{
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
		free_list(*list_of(spec, i));
	free(spec->name);
	free(spec->binary);
	free(spec->origin);
	*spec = (struct build_spec){ 0 };
}

static char **copy_list(char *const *list)
{
	size_t count = 0;
	char **copy;

	while (list[count])
		count++;
	copy = mem_zalloc((count + 1) * sizeof(*copy));
	for (size_t i = 0; i < count; i++)
		copy[i] = mem_strdup(list[i]);
	return copy;
}

void build_spec_copy(const struct build_spec *spec, struct build_spec *ret_copy)
{
	*ret_copy = (struct build_spec){
		.name = mem_strdup(spec->name),
		.binary = mem_strdup(spec->binary),
		.origin = spec->origin ? mem_strdup(spec->origin) : NULL,
		.line = spec->line,
	};
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
		*list_of(ret_copy, i) = copy_list(*list_of((struct build_spec *)spec, i));
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

/* What a service does not find, its unit may hide: ProtectHome= and PrivateTmp= of systemd.exec(5). */
static int fail_find(const char *what, const char *path, int code, struct err *err)
{
	static const char *const folders[] = { "/home/", "/root/", "/run/user/", "/tmp/",
					       "/var/tmp/" };
	int r = err_set_errno(err, code, "%s %s", what, path);

	if (!getenv("NOTIFY_SOCKET") || (code != ENOENT && code != EACCES))
		return r;
	for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
		if (!strncmp(path, folders[i], strlen(folders[i])))
			return err_set(
				err, r,
				"%s %s: %s; if it is there, the unit of qsoakd hides it: use "
				"`qsoak run --local`, or BindReadOnlyPaths= in a drop-in",
				what, path, strerror(code));
	return r;
}

static int open_program(const char *path, int *ret_fd, struct err *err)
{
	/* Without O_NONBLOCK a FIFO would keep us for ever. */
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;

	if (fd < 0)
		return fail_find("cannot open", path, errno, err);
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return err_set(err, -EINVAL, "%s is not a program", path);
	*ret_fd = fd_steal(&fd);
	return 0;
}

const char **build_argv(const struct build_spec *spec, const char *const *options)
{
	size_t count = 0, wrapper = 0;
	const char **argv;

	while (spec->wrapper[wrapper])
		wrapper++;
	while (options[count])
		count++;
	argv = mem_zalloc((wrapper + 1 + count + 1) * sizeof(*argv));
	for (size_t i = 0; i < wrapper; i++)
		argv[i] = spec->wrapper[i];
	argv[wrapper] = spec->binary;
	for (size_t i = 0; i < count; i++)
		argv[wrapper + 1 + i] = options[i];
	return argv;
}

/* What the build prints when it is started with these options alone. */
static int ask(const struct build_spec *spec, const char *const *options, char **ret_output,
	       struct err *err)
{
	auto_free const char **argv = build_argv(spec, options);
	struct child_spec child = { .argv = argv, .env = (const char *const *)spec->env };

	return child_run(&child, BUILD_VERSION_LIMIT_NS, ret_output, err);
}

/* Of what --version says: a wrapper may speak first. */
static char *version_line(const char *output)
{
	const char *named = strstr(output, "QEMU emulator version");
	const char *line = named && (named == output || named[-1] == '\n') ? named : output;
	char *copy = mem_strndup(line, strcspn(line, "\n"));

	ascii_only(copy, '?');
	return copy;
}

/* Options are handled in order: before it says its version, a QEMU without seccomp refuses -sandbox. */
static int ask_version(const struct build_spec *spec, bool *ret_sandbox, char **ret_output,
		       struct err *err)
{
	static const char *const sandboxed[] = { "-sandbox", "on", "--version", NULL };
	static const char *const plain[] = { "--version", NULL };
	int r = ask(spec, sandboxed, ret_output, err);

	*ret_sandbox = r == 0;
	return r == -EIO ? ask(spec, plain, ret_output, err) : r;
}

const char *build_arg(const struct build *build, const char *name)
{
	for (char **arg = build->spec.args; *arg; arg++) {
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

/* QEMU says nothing of a directory that is not there. */
static int check_data(const struct build_spec *spec, struct err *err)
{
	struct stat st;

	/* What is there, a wrapper may change. */
	for (char **data = spec->data; *data && !*spec->wrapper; data++) {
		if (stat(*data, &st) < 0)
			return fail_find("data: cannot find", *data, errno, err);
		if (!S_ISDIR(st.st_mode))
			return err_set(err, -EINVAL, "data: %s is not a directory", *data);
	}
	return 0;
}

/* A wrapper may be in the way of the sandbox: valgrind knows no seccomp. */
static int hold_audition(const struct build_spec *spec, bool *sandbox,
			 struct identity *ret_identity, struct err *err)
{
	int r = audition_identify(spec, *sandbox, ret_identity, err);

	if (r != -EIO || !*sandbox)
		return r;
	*sandbox = false;
	return audition_identify(spec, false, ret_identity, err);
}

static int identify(const struct build_spec *spec, bool *ret_sandbox, char **ret_output,
		    char **ret_machines, struct identity *ret_identity, struct err *err)
{
	static const char *const machine_help[] = { "-machine", "help", NULL };
	auto_close int fd = -1;
	int r = check_data(spec, err);

	/* Behind a wrapper the path may mean another file. */
	if (r == 0 && !*spec->wrapper)
		r = open_program(spec->binary, &fd, err);
	if (r == 0)
		r = ask_version(spec, ret_sandbox, ret_output, err);
	if (r == 0)
		r = ask(spec, machine_help, ret_machines, err);
	if (r < 0)
		return r;
	if (fd >= 0 && elf_is(fd))
		return identity_read(fd, spec->binary, ret_identity, err);
	return hold_audition(spec, ret_sandbox, ret_identity, err);
}

int build_identify(const struct build_spec *spec, struct build *ret_build, struct err *err)
{
	auto_free char *output = NULL, *machines = NULL;
	struct identity identity = { 0 };
	bool sandbox = false;
	int r = identify(spec, &sandbox, &output, &machines, &identity, err);

	if (r < 0) {
		/* It names the build by itself. */
		if (r != -ECHILD)
			err_prefix(err, "build %s", spec->name);
		return users_fault(err);
	}
	*ret_build = (struct build){
		.version = version_line(output),
		.machines = mem_steal(machines),
		.identity = identity,
		.schema = schema_new(),
	};
	build_spec_copy(spec, &ret_build->spec);
	ret_build->sandbox = sandboxed(ret_build, sandbox);
	return 0;
}

/* Whether type begins a line of what -machine help says. */
static bool knows_machine(const struct build *build, const char *type, size_t length)
{
	for (const char *line = build->machines; *line; line += *line == '\n') {
		if (strcspn(line, " \t\n") == length && !strncmp(line, type, length))
			return true;
		line += strcspn(line, "\n");
	}
	return false;
}

static bool all_know_machine(const struct build *builds, size_t count, const char *type,
			     size_t length)
{
	for (size_t i = 0; i < count; i++)
		if (!knows_machine(&builds[i], type, length))
			return false;
	return true;
}

/* "a, b, c", in the order of the first build's help, which begins with the newest; the caller frees. */
static char *common_machines(const struct build *builds, size_t count)
{
	static const char family[] = "pc-q35-";
	char *list = NULL;

	for (const char *line = builds[0].machines; *line; line += *line == '\n') {
		size_t length = strcspn(line, " \t\n");

		if (!strncmp(line, family, strlen(family)) &&
		    all_know_machine(builds, count, line, length))
			mem_append(&list, ", ", "%.*s", (int)length, line);
		line += strcspn(line, "\n");
	}
	return list ? list : mem_strdup("");
}

int build_check_machine(const struct build *builds, size_t count, const char *type, struct err *err)
{
	for (size_t i = 0; i < count; i++) {
		auto_free char *common = NULL;

		if (knows_machine(&builds[i], type, strlen(type)))
			continue;
		common = common_machines(builds, count);
		return err_set(
			err, -EINVAL,
			"machine.type: found %s, but build %s does not know it, expected %s%s",
			type, builds[i].spec.name,
			*common ? "one that all builds know: "
				: "builds that have a type in common: there is none",
			common);
	}
	return 0;
}

int build_check_process(const struct build *build, pid_t pid, int ram_fd, struct err *err)
{
	auto_close int fd = -1;
	int r = identity_check_exec(pid, ram_fd, &build->spec, err);

	if (r < 0)
		return r;
	r = identity_open_running(pid, build->spec.binary, &fd, err);
	if (r == 0)
		r = identity_compare(&build->identity, fd, err);
	if (r == -ESTALE)
		err_prefix(err, "the binary of build %s has changed since the campaign began",
			   build->spec.name);
	return r;
}

void build_spec_default(struct build_spec *spec, struct build_spec *from)
{
	if (!spec->binary) {
		spec->binary = mem_steal(from->binary);
		if (!spec->origin)
			spec->origin = mem_steal(from->origin);
	}
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		char ***list = list_of(spec, i), ***other = list_of(from, i), **own = *list;

		if (**list)
			continue;
		*list = *other;
		*other = own;
	}
}

void build_finish(struct build *build)
{
	build_spec_finish(&build->spec);
	free(build->version);
	free(build->machines);
	identity_finish(&build->identity);
	schema_free(build->schema);
	*build = (struct build){ 0 };
}
