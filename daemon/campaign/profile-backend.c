// SPDX-License-Identifier: GPL-2.0-or-later
/* The keys of who runs the QEMUs: `backend` and `uris`. */
#include <string.h>

#include "base/ascii.h"
#include "base/names.h"
#include "campaign/profile-keys.h"
#include "campaign/profile.h"

static const char *const backend_names[] = {
	[BACKEND_DIRECT] = "direct",
	[BACKEND_LIBVIRT] = "libvirt",
};
NAMES_COMPLETE(backend_names, BACKEND_COUNT);

static const char *name_of(enum profile_backend backend)
{
	return names_of(backend_names, BACKEND_COUNT, backend);
}

BIND_ENUM_READER(read_backend, profile_backend, BACKEND_COUNT, name_of)

int profile_read_backend(const struct bind *at, const struct bind_key *key, void *base)
{
	return read_backend(at, key, base);
}

/* qemu:///system, qemu+unix:///session?socket=..., qemu+tls://host/system: drivers of anything else run no QEMU. */
static bool is_uri(const char *text)
{
	size_t length = strlen(text);

	if (length > PROFILE_URI_MAX || (strncmp(text, "qemu:", 5) && strncmp(text, "qemu+", 5)))
		return false;
	for (const char *c = text; *c; c++)
		if (!isascii((unsigned char)*c) || !isgraph((unsigned char)*c))
			return false;
	return strstr(text, "://");
}

const struct bind_text profile_uri_text = {
	is_uri, "a URI of libvirt's QEMU driver, like qemu:///system or qemu+tls://host/system"
};

static int check_operations(const struct bind *at, const struct profile *profile)
{
	const struct yaml_node *node = yaml_get(at->node, "operations");
	struct bind list = bind_entry(at, "operations", node);

	for (size_t i = 0; i < profile->operation_count; i++) {
		enum op_kind kind = profile->operations[i].kind;
		struct bind operation;

		if (kind != OP_MIGRATE && kind != OP_MIGRATE_CANCEL)
			continue;
		operation = bind_element(&list, i);
		return bind_fail(&operation, "%s takes `backend: direct`", op_kind_name(kind));
	}
	return 0;
}

int profile_check_backend(const struct bind *at, const struct profile *profile)
{
	struct bind uris = bind_entry(at, "uris", yaml_get(at->node, "uris"));
	struct bind builds = bind_entry(at, "builds", yaml_get(at->node, "builds"));

	if (profile->backend == BACKEND_DIRECT)
		return profile->uris ? bind_fail(&uris, "they take `backend: libvirt`") : 0;
	if (!profile->uris)
		return bind_fail(&uris,
				 "`backend: libvirt` takes a list of one, like [qemu:///system]");
	for (size_t i = 0; i < profile->build_count; i++) {
		struct bind build = bind_element(&builds, i);

		if (*profile->builds[i].wrapper)
			return bind_fail(&build, "a wrapper takes `backend: direct`");
	}
	return check_operations(at, profile);
}
