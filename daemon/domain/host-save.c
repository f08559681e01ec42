// SPDX-License-Identifier: GPL-2.0-or-later
/* Saving and restoring, and libvirt's own snapshots. libvirt's docs/formatsnapshot.rst. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/xml.h"
#include "domain/host-connection.h"

/* There is at most one at a time. */
#define SNAPSHOT_NAME "qsoak"

int host_save(struct host *host, const char *file, struct err *err)
{
	return virDomainSaveFlags(host->domain, file, NULL, VIR_DOMAIN_SAVE_RUNNING) < 0
		       ? host_error(err, -EIO, "the save")
		       : 0;
}

int host_restore(struct host *host, const char *file, struct err *err)
{
	return virDomainRestoreFlags(host->connection, file, NULL, 0) < 0
		       ? host_error(err, -EIO, "the restore")
		       : 0;
}

/* Of memory in that file, and of no disk: QEMU writes on to the images that it has. */
static char *external_xml(const char *file, const char *disk)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		abort();
	fputs("<domainsnapshot><memory snapshot='external' file=\"", out);
	for (; *file; file++)
		xml_print(*file, out);
	fputs("\"/>", out);
	if (disk)
		fprintf(out, "<disks><disk name='%s' snapshot='no'/></disks>", disk);
	fputs("</domainsnapshot>", out);
	fclose(out);
	return text;
}

int host_snapshot_external(struct host *host, const char *file, const char *disk, struct err *err)
{
	auto_free char *xml = external_xml(file, disk);
	virDomainSnapshotPtr snapshot = virDomainSnapshotCreateXML(
		host->domain, xml,
		VIR_DOMAIN_SNAPSHOT_CREATE_NO_METADATA | VIR_DOMAIN_SNAPSHOT_CREATE_LIVE);

	if (!snapshot)
		return host_error(err, -EIO, "the snapshot");
	virDomainSnapshotFree(snapshot);
	return 0;
}

int host_snapshot_internal(struct host *host, struct err *err)
{
	virDomainSnapshotPtr snapshot = virDomainSnapshotCreateXML(
		host->domain,
		"<domainsnapshot><name>" SNAPSHOT_NAME "</name><memory snapshot='internal'/>"
		"</domainsnapshot>",
		0);

	if (!snapshot)
		return host_error(err, -EIO, "the snapshot");
	virDomainSnapshotFree(snapshot);
	return 0;
}

/* domain: of this libvirt, or NULL. */
static int with_snapshot(virDomainPtr domain, int (*call)(virDomainSnapshotPtr snapshot),
			 const char *what, struct err *err)
{
	virDomainSnapshotPtr snapshot =
		domain ? virDomainSnapshotLookupByName(domain, SNAPSHOT_NAME, 0) : NULL;
	int r = snapshot && call(snapshot) == 0 ? 0 : host_error(err, -EIO, what);

	if (snapshot)
		virDomainSnapshotFree(snapshot);
	return r;
}

static int revert(virDomainSnapshotPtr snapshot)
{
	return virDomainRevertToSnapshot(snapshot, VIR_DOMAIN_SNAPSHOT_REVERT_RUNNING);
}

static int delete (virDomainSnapshotPtr snapshot)
{
	return virDomainSnapshotDelete(snapshot, 0);
}

int host_snapshot_revert(struct host *host, struct err *err)
{
	virDomainPtr domain = virDomainLookupByUUIDString(host->connection, host->uuid);
	int r = with_snapshot(domain, revert, "the revert", err);

	if (domain)
		virDomainFree(domain);
	return r;
}

int host_snapshot_delete(struct host *host, struct err *err)
{
	return with_snapshot(host->domain, delete, "the snapshot's deletion", err);
}
