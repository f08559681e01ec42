/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One domain, through libvirt's API. Calls block for as long as libvirt likes, so none is for the loop; the
 * handlers are called from libvirt's own thread, or from a call. Errors are negative errno values with libvirt's words;
 * -EOPNOTSUPP: this libvirt, or its driver, cannot do it; -ECANCELED: host_abort().
 */
#ifndef QSOAK_DOMAIN_HOST_H
#define QSOAK_DOMAIN_HOST_H

#include <jansson.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"

/* The element by which a domain says whose it is: nobody else's is ever touched. */
#define HOST_METADATA_URI "urn:qsoak:vm"
#define HOST_NAME_PREFIX "qsoak-"

struct host_spec {
	const char *uri;
	const char *owner; /* of the element, as the two numbers are */
	int qsoakd;	   /* pid */
	int slot;
	const char *name; /* begins with HOST_NAME_PREFIX */
	const char *uuid;
	const char *xml; /* NULL: the domain comes by a migration */
};

struct host_handler {
	/* An event of QEMU, with its stamp; data is JSON or NULL. */
	void (*event)(void *ctx, const char *name, long long seconds, unsigned microseconds,
		      const char *data);
	/* The domain runs here; once. */
	void (*started)(void *ctx);
	/* It does not run here any more; detail is a virDomainEventStoppedDetailType. */
	void (*stopped)(void *ctx, int detail);
	/* The connection has ended; reason is a virConnectCloseReason. */
	void (*closed)(void *ctx, int reason);
};

struct host;

/* Starts libvirt's event loop; once in a process. */
int host_start_events(struct err *err);

/* Connects. -ECONNREFUSED: libvirt is not there now. */
int host_open(const char *uri, const struct host_handler *handler, void *ctx,
	      struct host **ret_host, struct err *err);

/* Destroys what was left behind: domains with our element and this owner, but those of other slots of this qsoakd. Of
 * a spec the owner counts, and the numbers, which may be -1. Returns how many, or an error. */
int host_sweep(struct host *host, const struct host_spec *spec, struct err *err);

/* From now on the handlers tell of the domain with this uuid; xml, if not NULL, starts it. */
int host_start(struct host *host, const char *uuid, const char *xml, struct err *err);

/* A command of QMP without an id; the answer has "return" or "error". */
int host_command(struct host *host, const char *command, json_t **ret_answer, struct err *err);

/* As QMP's query-version says it, of the QEMU that is libvirt's default here. */
int host_version(struct host *host, json_t **ret_version, struct err *err);

/* A live migration to the libvirt at uri. */
struct host_migration {
	const char *uri;
	bool peer_to_peer;	 /* libvirtd connects to it, not we */
	const char *xml;	 /* what the domain is to be there; NULL: as it is here */
	int channels;		 /* of multifd; 0: without */
	int64_t bandwidth_bytes; /* a second; 0: libvirt's default */
	int64_t downtime_limit_ms;
};

int host_migrate(struct host *host, const struct host_migration *how, struct err *err);

/* The job in progress, above all a migration, whose own call fails then. */
int host_abort(struct host *host, struct err *err);

/* What QEMU counted in the migration that has brought the domain here, by the names of qsoak-statistics(7); what libvirt
 * does not tell is left out. */
int host_migrated(struct host *host, json_t **ret_figures, struct err *err);

/* The domain goes into a file, and comes back from it. */
int host_save(struct host *host, const char *file, struct err *err);
int host_restore(struct host *host, const char *file, struct err *err);

/* A snapshot of the running domain's memory, in a file, which libvirt forgets at once. disk: the target of the one that
 * libvirt knows of, or NULL. */
int host_snapshot_external(struct host *host, const char *file, const char *disk, struct err *err);

/* A snapshot in the images. It is reverted to by another QEMU, which libvirt starts (9.0), so by who awaits that. */
int host_snapshot_internal(struct host *host, struct err *err);
int host_snapshot_revert(struct host *host, struct err *err);
int host_snapshot_delete(struct host *host, struct err *err);

/* Whether libvirt answers, and what it says of its monitor: ok, job, occupied, error, or none: there is no domain yet. Answers also while a
 * command is in progress. */
int host_probe(struct host *host, const char **ret_state, struct err *err);

/* Whether the domain has come yet. */
bool host_has_domain(const struct host *host);

/* Ends the domain, as by SIGKILL. -ENOENT: there is none. Not while host_start() is at work. */
int host_destroy(struct host *host, struct err *err);

#endif
