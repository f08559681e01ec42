/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Records: typed facts that lower layers emit and the store, campaign and control subscribe to.
 *
 * This is how a layer writes results without knowing who keeps them. A record and all it points to
 * are borrowed for the duration of records_emit(); a subscriber copies what it keeps. Names (kind,
 * outcome, class, place, step) are the words of the store. All durations are monotonic nanoseconds,
 * all *_unix_ns are nanoseconds since the epoch; -1 means "not measured". Ids are unique within one
 * store, above 0; 0 means "none".
 */
#ifndef QSOAK_BASE_RECORD_H
#define QSOAK_BASE_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum record_type {
	RECORD_CAMPAIGN_BEGIN,
	RECORD_CAMPAIGN_RESUME,
	RECORD_CAMPAIGN_STOP,
	RECORD_CAMPAIGN_END,
	RECORD_BUILD,
	RECORD_LEFT_OUT,
	RECORD_RUN_BEGIN,
	RECORD_RUN_END,
	RECORD_OPERATION_BEGIN,
	RECORD_OPERATION_END,
	RECORD_LOOP_END,
	RECORD_VM_END,
	RECORD_FAILURE,
	RECORD_COMPARISON,
	RECORD_ENVIRONMENT,
	RECORD_LOOK,
	RECORD_GAP,
	RECORD_GAP_END,
};

struct record_campaign_begin {
	int64_t id;
	int64_t began_unix_ns;
	const char *name;	  /* of the profile */
	const char *profile_text; /* as the user wrote it */
	const char *seed;	  /* decimal: a seed has 64 unsigned bits, an SQL integer 63 */
	const char *accel; /* "tcg" or "kvm"; "unknown": it was interrupted before one was found */
	const char *accel_reason; /* why not KVM where that was left to us, or NULL */
	const char *machine;	  /* versioned machine type */
	int64_t ram_bytes;
	int64_t vms;
	int64_t loops_per_build; /* that each build is to do; 0: as many as come */
	/* the host, as uname(2) and /proc/cpuinfo say it */
	const char *host_name;
	const char *host_kernel;
	const char *host_cpu;
	int64_t host_cpus;
	const char *request; /* JSON: what its begin said besides the profile */
	const char *qsoak;   /* version of qsoakd */
	const char *boot;    /* of the host: its boot_id, or NULL */
};

/* One that was interrupted goes on. */
struct record_campaign_resume {
	int64_t id;
	const char *accel, *accel_reason; /* as above, by now */
	const char *qsoak, *boot;
};

/* A user wants its end: it does not go on by itself, whatever comes before that. */
struct record_campaign_stop {
	int64_t id;
};

struct record_campaign_end {
	int64_t id;
	int64_t ended_unix_ns;
	const char *end; /* "complete", "interrupted", "host" */
	int64_t exit_code;
	int64_t operations; /* that ended ok or failed; -1: not known */
};

struct record_build {
	int64_t id;
	int64_t campaign_id;
	const char *name;
	const char *binary;   /* absolute path */
	const char *version;  /* what --version says in its first line */
	const char *build_id; /* GNU build-id in hex, or NULL */
	const char *sha256;   /* of the binary, in hex */
	bool sandbox;	      /* runs with -sandbox on */
	const char *origin;   /* where it came from, or NULL */
};

/* An operation of the profile that a build cannot do. */
struct record_left_out {
	int64_t campaign_id;
	int64_t build_id;
	int position; /* in the profile's list */
	const char *kind;
	const char *reason;
};

struct record_run_begin {
	int64_t id;
	int64_t campaign_id;
	int64_t build_id;
	int64_t slot;
	int64_t vm; /* number of the VM in its slot, from 0 */
	int64_t pid;
	int64_t began_unix_ns;
	const char *argv; /* JSON array */
	const char *uri;  /* of the libvirt that runs it, or NULL */
};

struct record_run_end {
	int64_t id;
	int64_t ended_unix_ns;
	int64_t exit_status; /* 0-255, or -1: ended by a signal, or not known */
	int64_t signal;	     /* 0: exited by itself */
	bool expected;	     /* ended because qsoak asked for it */
	bool unseen;	     /* it ran, and nobody could look at its guest's memory */
};

struct record_operation_begin {
	int64_t id;
	int64_t campaign_id;
	int64_t src_run_id;
	int64_t slot;
	int64_t vm;
	int64_t loop;	  /* within the VM, from 0; -1: not part of a loop (boot, shutdown) */
	const char *kind; /* "snapshot-save", ... */
	int64_t began_unix_ns;
};

struct record_step {
	const char *name;
	int64_t duration_ns;
};

struct record_measure {
	const char *name; /* with its unit: "downtime_ms" */
	double value;
};

struct record_operation_end {
	int64_t id;
	int64_t src_run_id;  /* boot: known only now */
	int64_t dst_run_id;  /* migrate: the destination, else 0 */
	const char *outcome; /* "ok", "failed", "interrupted" */
	int64_t duration_ns;
	int64_t stall_ns; /* STOP to RESUME by QEMU's own stamps */
	const struct record_step *steps;
	size_t step_count;
	const struct record_measure *measures;
	size_t measure_count;
};

struct record_loop_end {
	int64_t campaign_id;
	int64_t slot;
	int64_t vm;
	int64_t loop;
};

/* All its processes have gone, and all that it did was recorded. */
struct record_vm_end {
	int64_t campaign_id;
	int64_t slot;
	int64_t vm;
};

/* How a campaign compares its two builds. */
struct record_metric {
	const char *name; /* of op/metric.h */
	double margin;	  /* share */
};

struct record_comparison {
	int64_t campaign_id;
	int64_t a_build_id, b_build_id;
	int64_t loops_per_vm;
	int64_t warm_up_loops; /* the first ones of a VM, which do not count */
	const unsigned *looks; /* numbers of blocks, ascending */
	size_t look_count;
	const struct record_metric *metrics; /* the primary ones */
	size_t metric_count;
};

/* What the timings depend on, besides the build. */
struct record_environment {
	int64_t campaign_id;
	int64_t build_id; /* 0: of the host */
	const char *key;
	const char *value;
};

/* So many blocks are complete, as many as the comparison looks at. */
struct record_look {
	int64_t campaign_id;
	int64_t blocks;
	int64_t at_unix_ns;
};

/* A campaign in progress does nothing: it is paused, or there is no qsoakd. One at a time. */
struct record_gap {
	int64_t campaign_id;
	int64_t began_unix_ns;
	int64_t ended_unix_ns; /* 0: it goes on */
	const char *reason;
};

/* The one that goes on. */
struct record_gap_end {
	int64_t campaign_id;
	int64_t ended_unix_ns;
};

/* Its other title is from the frames of the stacks; of a crash whose signature is from these, it is by the
 * operation. */
struct record_failure {
	int64_t id;
	int64_t campaign_id;
	int64_t operation_id; /* 0: between operations */
	int64_t src_run_id;
	int64_t dst_run_id;
	int64_t slot;
	int64_t vm;
	int64_t loops; /* loops the VM had finished: loops to failure */
	int64_t at_unix_ns;
	const char *class;	 /* "assertion", "crash", ... */
	const char *place;	 /* of a hang or a corruption, or NULL */
	const char *kind;	 /* of the operation, or NULL */
	const char *step;	 /* or NULL */
	const char *build;	 /* name; of a migrate between two "SOURCE -> DESTINATION" */
	const char *signature;	 /* normalised title */
	const char *alternative; /* another title of it, or NULL */
	const char *detail;	 /* one line for people */
	const char *incident;	 /* directory with the evidence, relative to the state directory */
	bool expected;		 /* by the profile */
};

struct record {
	enum record_type type;
	union {
		struct record_campaign_begin campaign_begin;
		struct record_campaign_resume campaign_resume;
		struct record_campaign_stop campaign_stop;
		struct record_campaign_end campaign_end;
		struct record_build build;
		struct record_left_out left_out;
		struct record_run_begin run_begin;
		struct record_run_end run_end;
		struct record_operation_begin operation_begin;
		struct record_operation_end operation_end;
		struct record_loop_end loop_end;
		struct record_vm_end vm_end;
		struct record_failure failure;
		struct record_comparison comparison;
		struct record_environment environment;
		struct record_look look;
		struct record_gap gap;
		struct record_gap_end gap_end;
	};
};

/* Called on the loop once the record survives a crash of the daemon and of the host. */
struct record_durable {
	void (*fn)(void *ctx);
	void *ctx;
};

/* A subscriber. Returns true if it will call durable->fn (only asked where durable is not NULL);
 * at most one subscriber does. */
typedef bool (*record_fn)(void *ctx, const struct record *record,
			  const struct record_durable *durable);

struct records;

/* first_id: the first id that the store has not used. */
struct records *records_new(int64_t first_id);
void records_free(struct records *records);

/* A subscriber stays until records_free(). */
void records_subscribe(struct records *records, record_fn fn, void *ctx);

int64_t records_new_id(struct records *records);

void records_emit(struct records *records, const struct record *record);

/* Like records_emit(); durable.fn is called exactly once, later or (without a store) at once. */
void records_emit_durable(struct records *records, const struct record *record,
			  struct record_durable durable);

/* Like records_emit(), but stored without delay, and all before it. */
void records_emit_synced(struct records *records, const struct record *record);

#endif
