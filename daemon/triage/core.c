// SPDX-License-Identifier: GPL-2.0-or-later
/* Finding cores. */
#include "triage/core.h"

#include <errno.h>
#include <glob.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/names.h"
#include "base/pattern.h"

#define PATTERN_FILE "/proc/sys/kernel/core_pattern"
#define USES_PID_FILE "/proc/sys/kernel/core_uses_pid"

/* The kernel's own limit is 128. */
#define PATTERN_MAX 256

static const char *const route_names[] = {
	[CORE_FILE] = "file",
	[CORE_COREDUMPCTL] = "coredumpctl",
	[CORE_LOST] = "lost",
};
NAMES_COMPLETE(route_names, CORE_ROUTE_COUNT);

const char *core_route_name(enum core_route route)
{
	return route_names[route];
}

static char *read_line(const char *path)
{
	char line[PATTERN_MAX] = "";
	auto_fclose FILE *f = fopen(path, "re");

	if (f && !fgets(line, sizeof(line), f))
		*line = '\0';
	line[strcspn(line, "\n")] = '\0';
	return mem_strdup(line);
}

static void put_literal(FILE *out, const char *text)
{
	auto_free char *literal = pattern_literal(text);

	fputs(literal, out);
}

/* One letter behind a '%'. What depends on the thread that died, on the signal, the time or the initial
 * namespaces is a wildcard. */
static void put_specifier(FILE *out, char letter, pid_t pid)
{
	struct utsname host;

	if (letter == '%') {
		fputc('%', out);
	} else if (letter == 'p') {
		fprintf(out, "%d", (int)pid);
	} else if (letter == 'h') {
		uname(&host);
		put_literal(out, host.nodename);
	} else {
		fputc('*', out);
	}
}

/* cwd: without a slash at its end. */
static char *make_glob(const char *pattern, bool uses_pid, const char *cwd, pid_t pid)
{
	bool has_pid = strstr(pattern, "%p");
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		abort();
	if (*pattern != '/') {
		put_literal(out, cwd);
		fputc('/', out);
	}
	for (; *pattern; pattern++) {
		char literal[2] = { *pattern };

		if (*pattern != '%')
			put_literal(out, literal);
		else if (pattern[1])
			put_specifier(out, *++pattern, pid);
	}
	if (uses_pid && !has_pid)
		fprintf(out, ".%d", (int)pid);
	fclose(out);
	return text;
}

void core_locate(const char *pattern, bool uses_pid, int64_t hard_limit, const char *cwd, pid_t pid,
		 struct core_place *ret_place)
{
	struct core_place place = { .route = CORE_LOST };

	if (!*pattern)
		place.why = mem_strdup("kernel.core_pattern is empty: no core is written");
	else if (*pattern == '|' && strstr(pattern, "systemd-coredump"))
		place.route = CORE_COREDUMPCTL;
	else if (*pattern == '|')
		place.why =
			mem_printf("kernel.core_pattern hands cores to %.*s, which qsoak cannot "
				   "ask: a file, or systemd-coredump, would be right",
				   (int)strcspn(pattern + 1, " "), pattern + 1);
	else if (!hard_limit)
		place.why = mem_strdup("the hard limit of the size of a core is 0 (ulimit -Hc, "
				       "LimitCORE=)");
	else
		place.route = CORE_FILE;
	if (place.route == CORE_FILE) {
		place.glob = make_glob(pattern, uses_pid, cwd ?: "", pid);
		/* Or the folder is its own. */
		place.names_pid = uses_pid || strstr(pattern, "%p") || (cwd && *pattern != '/');
	}
	*ret_place = place;
}

void core_locate_here(const char *cwd, pid_t pid, struct core_place *ret_place)
{
	auto_free char *pattern = read_line(PATTERN_FILE);
	auto_free char *uses_pid = read_line(USES_PID_FILE);
	struct rlimit limit = { 0 };

	getrlimit(RLIMIT_CORE, &limit);
	core_locate(pattern, !strcmp(uses_pid, "1"),
		    limit.rlim_max > INT64_MAX ? INT64_MAX : (int64_t)limit.rlim_max, cwd, pid,
		    ret_place);
}

void core_place_finish(struct core_place *place)
{
	free(place->glob);
	free(place->why);
	*place = (struct core_place){ 0 };
}

static int64_t modified_ns(const struct stat *st)
{
	return st->st_mtim.tv_sec * CLOCK_NS_PER_S + st->st_mtim.tv_nsec;
}

int core_find(const char *pattern, int64_t since_unix_ns, char **ret_path, struct err *err)
{
	int64_t newest_ns = since_unix_ns;
	const char *newest = NULL;
	glob_t found = { 0 };

	glob(pattern, GLOB_NOSORT, NULL, &found);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		struct stat st;

		/* Anybody may put something of that name into /tmp. */
		if (lstat(found.gl_pathv[i], &st) < 0 || !S_ISREG(st.st_mode) ||
		    st.st_uid != geteuid() || modified_ns(&st) < newest_ns)
			continue;
		newest = found.gl_pathv[i];
		newest_ns = modified_ns(&st);
	}
	if (newest)
		*ret_path = mem_strdup(newest);
	globfree(&found);
	return newest ? 0 : err_set(err, -ENOENT, "there is no core %s of this process", pattern);
}
