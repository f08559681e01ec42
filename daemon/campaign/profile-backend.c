// SPDX-License-Identifier: GPL-2.0-or-later
/* The keys of who runs the QEMUs: `backend` and `uris`. */
#include <errno.h>
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

/* What of an operation goes only with QEMUs of our own. */
static int check_operation(const struct bind *at, const struct profile *profile,
			   const struct profile_operation *operation)
{
	const struct op_migration *how = &operation->migration;

	if (operation->kind != OP_MIGRATE && operation->kind != OP_MIGRATE_CANCEL)
		return 0;
	if (!profile->uris[1])
		return bind_fail(at, "%s takes two `uris`", op_kind_name(operation->kind));
	if (how->dirty_bitmaps || how->block || how->compression != OP_COMPRESSION_NONE ||
	    how->transport != OP_TRANSPORT_UNIX)
		return bind_fail(at, "dirty-bitmaps, block, compression and transport take "
				     "`backend: direct`");
	return 0;
}

/* And what only with libvirt's. */
static int check_direct_operation(const struct bind *at, const struct profile *profile,
				  const struct profile_operation *operation)
{
	(void)profile;
	if (op_kind_of_libvirt(operation->kind))
		return bind_fail(at, "%s takes `backend: libvirt`", op_kind_name(operation->kind));
	if (operation->migration.peer_to_peer)
		return bind_fail(at, "peer-to-peer takes `backend: libvirt`");
	return 0;
}

static size_t count_of(char **list)
{
	size_t count = 0;

	while (list && list[count])
		count++;
	return count;
}

static int check_operations(const struct bind *at, const struct profile *profile,
			    int (*check)(const struct bind *at, const struct profile *profile,
					 const struct profile_operation *operation))
{
	struct bind list = bind_entry(at, "operations", yaml_get(at->node, "operations"));
	int r = 0;

	for (size_t i = 0; r == 0 && i < profile->operation_count; i++) {
		struct bind operation = bind_element(&list, i);

		r = check(&operation, profile, &profile->operations[i]);
	}
	return r;
}

/* qemu:///embed?root=...: libvirt's driver within a qsoak-domain, of which only one may have that root. */
static bool is_embedded(const char *uri)
{
	static const char embedded[] = "qemu:///embed";

	return !strncmp(uri, embedded, sizeof(embedded) - 1);
}

/* What the driver of one process has, no other one sees. */
static int check_embedded(const struct bind *at, const struct bind *uris,
			  const struct profile *profile)
{
	struct bind list = bind_entry(at, "operations", yaml_get(at->node, "operations"));

	if (profile->uris[1] || profile->vms != 1)
		return bind_fail(uris, "qemu:///embed is for one VM: no other URI, and `vms: 1`");
	for (size_t i = 0; i < profile->operation_count; i++) {
		enum op_kind kind = profile->operations[i].kind;
		struct bind operation = bind_element(&list, i);

		if (kind == OP_LIBVIRT_SAVE_RESTORE || kind == OP_LIBVIRT_SNAPSHOT_INTERNAL)
			return bind_fail(&operation, "%s takes a libvirtd, not qemu:///embed",
					 op_kind_name(kind));
	}
	return 0;
}

static bool any_embedded(const struct profile *profile)
{
	for (char **uri = profile->uris; *uri; uri++)
		if (is_embedded(*uri))
			return true;
	return false;
}

int profile_check_backend(const struct bind *at, const struct profile *profile)
{
	struct bind uris = bind_entry(at, "uris", yaml_get(at->node, "uris"));
	struct bind peers = bind_entry(at, "peer-uris", yaml_get(at->node, "peer-uris"));
	struct bind builds = bind_entry(at, "builds", yaml_get(at->node, "builds"));

	if (profile->backend == BACKEND_DIRECT && profile->uris)
		return bind_fail(&uris, "they take `backend: libvirt`");
	if (profile->backend == BACKEND_DIRECT && profile->peer_uris)
		return bind_fail(&peers, "they take `backend: libvirt`");
	if (profile->backend == BACKEND_DIRECT)
		return check_operations(at, profile, check_direct_operation);
	if (!profile->uris)
		return bind_fail(&uris,
				 "`backend: libvirt` takes a list, like [qemu:///system]");
	for (size_t i = 0; i < profile->build_count; i++) {
		struct bind build = bind_element(&builds, i);

		if (*profile->builds[i].wrapper)
			return bind_fail(&build, "a wrapper takes `backend: direct`");
	}
	if (profile->peer_uris && count_of(profile->peer_uris) != count_of(profile->uris))
		return bind_fail(&peers, "there have to be as many as `uris`, in their order");
	if (any_embedded(profile) && check_embedded(at, &uris, profile) < 0)
		return -EINVAL;
	return check_operations(at, profile, check_operation);
}
