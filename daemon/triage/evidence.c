// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: what is there is read from the folder once, when the daemon starts, and followed
 * from then on. An incident's time is that of its folder, its signature that of its manifest; one whose
 * manifest cannot be read has the empty signature, as all of those have.
 */
#include "triage/evidence.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/folder.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/names.h"
#include "triage/bundle.h"

struct kept {
	int64_t number;
	int64_t bytes;
	int64_t at_unix_ns;
	size_t group;
};

/* Incidents of one signature. */
struct group {
	char *signature;
	size_t count;
};

struct evidence {
	char *folder;
	struct kept *kept; /* by number, ascending */
	size_t count;
	struct group *groups;
	size_t group_count;
	int64_t bytes;
	int64_t highest;
	struct evidence_rules host_rules;
};

const struct evidence_rules evidence_rules_default = {
	.bytes = 1ll << 30,
	.incidents = 1000,
	.age_ns = 90ll * 24 * 3600 * CLOCK_NS_PER_S,
	.cores = EVIDENCE_CORES_STACKS,
};

const struct evidence_rules evidence_rules_none = {
	.bytes = INT64_MAX,
	.incidents = INT64_MAX,
	.age_ns = INT64_MAX,
};

static const char *const cores_names[] = {
	[EVIDENCE_CORES_NONE] = "none",
	[EVIDENCE_CORES_STACKS] = "stacks",
	[EVIDENCE_CORES_KEEP] = "keep",
};
NAMES_COMPLETE(cores_names, EVIDENCE_CORES_COUNT);

const char *evidence_cores_name(enum evidence_cores cores)
{
	return names_of(cores_names, EVIDENCE_CORES_COUNT, cores);
}

/* What the files of a folder, which has no folders in it, take on the disk. */
static int64_t folder_bytes(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	struct stat st;
	int64_t bytes = 0;

	while (dir && (entry = readdir(dir)))
		if (fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    S_ISREG(st.st_mode))
			bytes += (int64_t)st.st_blocks * 512;
	if (dir)
		closedir(dir);
	return bytes;
}

static char *incident_path(const struct evidence *evidence, int64_t number)
{
	return mem_printf("%s/%" PRId64, evidence->folder, number);
}

static size_t find_group(struct evidence *evidence, const char *signature)
{
	size_t i = 0;

	while (i < evidence->group_count && strcmp(evidence->groups[i].signature, signature))
		i++;
	if (i == evidence->group_count) {
		evidence->groups = mem_realloc(evidence->groups, i + 1, sizeof(*evidence->groups));
		evidence->groups[i] = (struct group){ .signature = mem_strdup(signature) };
		evidence->group_count++;
	}
	return i;
}

static void append(struct evidence *evidence, int64_t number, const char *signature)
{
	auto_free char *path = incident_path(evidence, number);
	struct kept kept = { .number = number };
	struct stat st;

	if (stat(path, &st) < 0)
		return;
	kept.at_unix_ns = st.st_mtim.tv_sec * CLOCK_NS_PER_S;
	kept.bytes = folder_bytes(path);
	kept.group = find_group(evidence, signature);
	evidence->groups[kept.group].count++;
	evidence->kept = mem_realloc(evidence->kept, evidence->count + 1, sizeof(kept));
	evidence->kept[evidence->count++] = kept;
	evidence->bytes += kept.bytes;
	if (number > evidence->highest)
		evidence->highest = number;
}

static void append_found(struct evidence *evidence, int64_t number)
{
	auto_free char *path =
		mem_printf("%s/%" PRId64 "/" BUNDLE_MANIFEST, evidence->folder, number);
	auto_json json_t *manifest = json_load_file(path, JSON_REJECT_DUPLICATES, NULL);
	const char *signature = json_string_value(json_object_get(manifest, "signature"));

	append(evidence, number, signature ? signature : "");
}

static int compare_kept(const void *a, const void *b)
{
	const struct kept *x = a, *y = b;

	return x->number < y->number ? -1 : x->number > y->number;
}

struct evidence *evidence_new(const char *folder)
{
	struct evidence *evidence = mem_new(struct evidence);
	DIR *dir = opendir(folder);
	struct dirent *entry;

	evidence->folder = mem_strdup(folder);
	evidence->host_rules = evidence_rules_none;
	while (dir && (entry = readdir(dir))) {
		auto_free char *path = mem_printf("%s/%s", folder, entry->d_name);
		char *end;
		int64_t number = strtoll(entry->d_name, &end, 10);

		if (number > 0 && !strcmp(end, BUNDLE_INCOMPLETE)) {
			folder_remove(path);
			evidence->highest = number > evidence->highest ? number : evidence->highest;
		} else if (number > 0 && !*end) {
			append_found(evidence, number);
		}
	}
	if (dir)
		closedir(dir);
	if (evidence->count)
		qsort(evidence->kept, evidence->count, sizeof(*evidence->kept), compare_kept);
	return evidence;
}

void evidence_free(struct evidence *evidence)
{
	if (!evidence)
		return;
	for (size_t i = 0; i < evidence->group_count; i++)
		free(evidence->groups[i].signature);
	free(evidence->groups);
	free(evidence->kept);
	free(evidence->folder);
	free(evidence);
}

int64_t evidence_highest(const struct evidence *evidence)
{
	return evidence->highest;
}

void evidence_add(struct evidence *evidence, int64_t number, const char *signature)
{
	append(evidence, number, signature);
}

static void drop(struct evidence *evidence, size_t at)
{
	struct kept *kept = &evidence->kept[at];
	auto_free char *path = incident_path(evidence, kept->number);

	log_info("evidence of incident %" PRId64 " is removed: the limits of evidence are reached",
		 kept->number);
	folder_remove(path);
	evidence->bytes -= kept->bytes;
	evidence->groups[kept->group].count--;
	memmove(kept, kept + 1, (evidence->count - at - 1) * sizeof(*kept));
	evidence->count--;
}

/* The first of the signature that has the most; of two that have as many, the one with the older
 * first. Never the newest: where it is alone, another one is as good. */
static size_t next_to_go(const struct evidence *evidence)
{
	size_t found = 0;

	for (size_t i = 1; i < evidence->count; i++)
		if (evidence->groups[evidence->kept[i].group].count >
		    evidence->groups[evidence->kept[found].group].count)
			found = i;
	return found;
}

static int64_t smaller(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

void evidence_prune(struct evidence *evidence, const struct evidence_rules *rules)
{
	const struct evidence_rules *host = &evidence->host_rules;
	const struct evidence_rules *own = rules ? rules : host;
	int64_t oldest = clock_unix_cautious_ns() - smaller(own->age_ns, host->age_ns);
	int64_t bytes = smaller(own->bytes, host->bytes);
	int64_t incidents = smaller(own->incidents, host->incidents);

	for (size_t i = 0; i + 1 < evidence->count;) {
		if (evidence->kept[i].at_unix_ns < oldest)
			drop(evidence, i);
		else
			i++;
	}
	while (evidence->count > 1 &&
	       (evidence->bytes > bytes || (int64_t)evidence->count > incidents))
		drop(evidence, next_to_go(evidence));
}

void evidence_set_host_rules(struct evidence *evidence, const struct evidence_rules *rules)
{
	evidence->host_rules = *rules;
	evidence_prune(evidence, NULL);
}

int64_t evidence_bytes(const struct evidence *evidence)
{
	return evidence->bytes;
}

int64_t evidence_incidents(const struct evidence *evidence)
{
	return (int64_t)evidence->count;
}
