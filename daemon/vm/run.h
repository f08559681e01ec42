/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A run: one QEMU process from spawn to exit, with QMP over an inherited socket pair and its RAM in a memfd: nothing
 * of it has a name in the file system but its images. It is a child of qsoakd, or libvirt's, whom a child of qsoakd
 * speaks for (vm/backend.h).
 */
#ifndef QSOAK_VM_RUN_H
#define QSOAK_VM_RUN_H

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/cgroup.h"
#include "base/child.h"
#include "base/err.h"
#include "base/record.h"
#include "guests/config.h"
#include "qmp/qmp.h"
#include "vm/build.h"
#include "vm/telemetry.h"

/* So much of the disk a core leaves free. */
#define RUN_CORE_RESERVE_BYTES (256ull << 20)

struct libvirt;

/* The machine that all VMs of a campaign are; strings are borrowed and outlive every run. */
struct machine {
	const char *type; /* versioned: pc-q35-7.2 */
	const char *accel;
	int64_t ram_bytes;
	int64_t disk_bytes; /* of a disk beside the flash; 0: there is none */
	unsigned vcpus;
	const char *firmware;	   /* absolute path of the guest's image for pflash unit 0 */
	bool dumps_core;	   /* when it is ended by a signal */
	struct cgroups *cgroups;   /* in which each VM gets one; NULL: none is delegated */
	struct cgroup_limits limits; /* of a VM */
	const struct libvirt *libvirt; /* which runs the QEMUs; NULL: they are our own children */
	struct guest_config guest; /* header and seed are filled in for each VM */
};

struct run;

struct run_spec {
	const struct machine *machine;
	const struct build *build;
	const char *folder; /* holds the images; becomes QEMU's working directory */
	const char *uri;    /* of the libvirt that runs it, or NULL */
	const char *uuid;   /* of the VM, if libvirt runs it */
	const struct cgroup *cgroup; /* or NULL */
	bool incoming;	    /* wait for migrate-incoming instead of booting */
	struct records *records;
	int64_t campaign_id;
	int slot, vm; /* numbers, for the record and the name */
};

/* Who wants to know what happens to a run. All members may be NULL. Roles are called in their
 * order. A run must not be freed from within. */
enum run_role {
	RUN_ROLE_WATCH,	    /* the guard: before the operation moves on */
	RUN_ROLE_OPERATION, /* the operation in progress */
	RUN_ROLE_OWNER,	    /* the slot */
	RUN_ROLE_COUNT,
};

struct run_listener {
	void (*greeting)(void *ctx, struct run *run);
	void (*event)(void *ctx, struct run *run, const struct qmp_event *event);
	/* The connection ended although the process may live. */
	void (*closed)(void *ctx, struct run *run, const struct err *err);
	/* All events that the process sent have been delivered before. */
	void (*exited)(void *ctx, struct run *run);
	void *ctx;
};

/* Spawns QEMU and emits RECORD_RUN_BEGIN. */
int run_start(struct ev_loop *loop, const struct run_spec *spec, struct run **ret_run,
	      struct err *err);

/* Kills what is alive (see child_free()), emits RECORD_RUN_END; NULL is fine. */
void run_free(struct run *run);

/* listener NULL: nobody. */
void run_listen(struct run *run, enum run_role role, const struct run_listener *listener);

int64_t run_id(const struct run *run);
const struct build *run_build(const struct run *run);
const char *run_uri(const struct run *run); /* of the libvirt that runs it, or NULL */
const char *run_peer_uri(const struct run *run);   /* likewise: by which another host reaches it */
const char *run_domain_xml(const struct run *run); /* likewise: what its domain is to be */
const struct ram *run_ram(const struct run *run);
struct qmp *run_qmp(const struct run *run);

/* Of its QEMU; 0: not known yet, or it runs on another host. */
pid_t run_pid(const struct run *run);
int64_t run_spawned_ns(const struct run *run); /* CLOCK_MONOTONIC */
const char *const *run_argv(const struct run *run);

/* NULL while the process is alive. Both status -1 and signal 0: nobody tells us how it ended. */
const struct child_exit *run_exited(const struct run *run);

/* What took a run from us, once it has exited. */
enum run_loss {
	RUN_LOSS_PROCESS,      /* run_exited() says how it ended */
	RUN_LOSS_UNTOLD,       /* its QEMU has gone, and only its last words may say why */
	RUN_LOSS_DESTROYED,    /* by another client of libvirt */
	RUN_LOSS_LIBVIRT_GONE, /* the connection ended; the QEMU may live */
	RUN_LOSS_LIBVIRT_HANGS,
	RUN_LOSS_SPEAKER, /* what speaks for it was ended; the QEMU may live */
};

enum run_loss run_loss(const struct run *run);

/* See child_output(). */
char *run_output(const struct run *run, size_t *ret_size);

/* Whether the QMP connection ended, and why (then the code is not 0). */
const struct err *run_closed(const struct run *run);

/* Whether its QEMU runs: of what libvirt runs the greeting comes first. */
bool run_arrived(const struct run *run);

/* Once it has arrived: whether its process is QEMU itself, and of the build that was identified. One that cannot be
 * seen is taken for it, and so is one that has ended: how it ended says more. */
int run_check(const struct run *run, struct err *err);

/* After qmp_capabilities: whether out-of-band commands are legal, in-band ones too. */
void run_set_negotiated(struct run *run, bool oob);
bool run_negotiated(const struct run *run);
bool run_oob(const struct run *run);

/* From now on its exit is what we asked for, e.g. after quit. */
void run_expect_exit(struct run *run);

bool run_exit_expected(const struct run *run);

/* The same, and it may fail as well: the destination of a migration that we cancelled. */
void run_expect_failure(struct run *run);

/* Whether it has exited by itself, as it was asked to. */
bool run_exited_well(const struct run *run);

/* SIGTERM (what libvirt runs is destroyed), and its exit is expected from now on. */
void run_terminate(struct run *run);

/* SIGKILL; its exit is expected from now on. exited is called when it has gone. Nothing happens if
 * it has gone by itself. */
void run_kill(struct run *run);

/* How long that may take; after it one who waits goes on. */
int64_t run_kill_limit_ns(const struct run *run);

#endif
