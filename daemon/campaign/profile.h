/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The profile: the YAML text that describes a campaign, read, checked and with its defaults.
 */
#ifndef QSOAK_CAMPAIGN_PROFILE_H
#define QSOAK_CAMPAIGN_PROFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "op/choice.h"
#include "op/kind.h"
#include "op/limit.h"
#include "op/metric.h"
#include "triage/evidence.h"
#include "vm/build.h"
#include "watch/guard.h"

#define PROFILE_TEXT_MAX (256 * 1024)
#define PROFILE_BUILDS_MAX 16
#define PROFILE_URIS_MAX 2
#define PROFILE_URI_MAX 256
#define PROFILE_NAME_MAX 64
#define PROFILE_VMS_MAX 256
#define PROFILE_LOOPS_PER_VM_MAX 1000000
#define PROFILE_LOOPS_PER_VM_DEFAULT 20
#define PROFILE_EVERY_MAX 1000000
#define PROFILE_WEIGHT_MAX 1000000
#define PROFILE_OPERATIONS_MAX 64
#define PROFILE_VERIFY_MAX 1000000
#define PROFILE_VERIFY_DEFAULT 50
#define PROFILE_CHANNELS_MAX 64
#define PROFILE_CHANNELS_DEFAULT 4
#define PROFILE_BANDWIDTH_MIN_BYTES (64ll << 10) /* a second */
#define PROFILE_BANDWIDTH_MAX_BYTES (1ll << 40)
#define PROFILE_DOWNTIME_LIMIT_MIN_NS 1000000ll	      /* 1 ms, QEMU's unit */
#define PROFILE_DOWNTIME_LIMIT_MAX_NS 2000000000000ll /* QEMU's own maximum */
#define PROFILE_ARGS_MAX 256
#define PROFILE_WRITES_PER_TURN_MAX 65536
#define PROFILE_PAUSE_MAX_NS 4000000000ll /* 4 s, within the guest's 32 bits */
#define PROFILE_ERASE_EVERY_MAX 1000000000
#define PROFILE_TURNS_PER_PAGE_MAX 1000000000
#define PROFILE_TURNS_PER_WRITE_MAX 1000000000
#define PROFILE_DATA_MAX 16
#define PROFILE_ORIGIN_MAX 256
#define PROFILE_REGISTERED_MAX 8192 /* bytes of the text of a registered build */
#define PROFILE_ENV_MAX 64
#define PROFILE_TRACE_MAX 64
#define PROFILE_TRACE_PATTERN_MAX 128
#define PROFILE_WRAPPER_MAX 64
#define PROFILE_RAM_MIN_BYTES (16ll << 20)
#define PROFILE_RAM_MAX_BYTES (1ll << 40)
#define PROFILE_VM_MEMORY_MAX_BYTES (4ll << 40)
#define PROFILE_VM_CPUS_MIN 0.05
#define PROFILE_VM_CPUS_MAX 1024
#define PROFILE_DISK_MIN_BYTES (1ll << 20)
#define PROFILE_DISK_MAX_BYTES (1ll << 30) /* a VM's image may grow to this */
#define PROFILE_LEAK_FDS_MAX 1000000
#define PROFILE_LEAK_RSS_MIN_BYTES (1ll << 20)
#define PROFILE_EVIDENCE_MIN_BYTES (1ll << 20)
#define PROFILE_EVIDENCE_MAX_BYTES (1ll << 50)
#define PROFILE_EVIDENCE_INCIDENTS_MAX 1000000
#define PROFILE_EVIDENCE_AGE_MIN_NS (60 * 1000000000ll)		  /* a minute */
#define PROFILE_STOP_DURATION_MIN_NS 1000000000ll		  /* 1 s */
#define PROFILE_STOP_DURATION_MAX_NS (8784 * 3600 * 1000000000ll) /* a leap year */
#define PROFILE_STOP_LOOPS_MAX 1000000000000ll
#define PROFILE_STOP_FAILURES_MAX 1000000
#define PROFILE_EXPECT_MAX 64
#define PROFILE_EXPECT_TIMES_MAX 1000000
#define PROFILE_SIGNATURE_MAX 512
#define PROFILE_ATTEMPTS_MAX 10000
#define PROFILE_BLOCKS_MIN 6 /* fewer have no interval of 95 % */
#define PROFILE_BLOCKS_MAX 100000
#define PROFILE_BLOCKS_DEFAULT 40
#define PROFILE_LOOKS_MAX 16
#define PROFILE_METRICS_MAX METRIC_COUNT
#define PROFILE_MARGIN_MIN 0.001
#define PROFILE_MARGIN_MAX 1.0
#define PROFILE_MARGIN_DEFAULT 0.05
#define PROFILE_WARM_UP_DEFAULT 1 /* loops */

/* Who runs the QEMUs. */
enum profile_backend {
	BACKEND_DIRECT, /* qsoakd */
	BACKEND_LIBVIRT,
	BACKEND_COUNT,
};

/* What becomes of a VM that has failed and still has a process. */
enum profile_on_failure {
	ON_FAILURE_GO_ON, /* it is killed */
	ON_FAILURE_HOLD,  /* it is kept for a debugger, unless the failure was expected */
	ON_FAILURE_COUNT,
};

/* What a loop is. */
enum profile_order {
	ORDER_FIXED,	/* the whole list */
	ORDER_WEIGHTED, /* one unit of it: an operation, or all from a save to its delete */
	ORDER_COUNT,
};

/* One entry of the operation list. */
struct profile_operation {
	enum op_kind kind;
	unsigned verify; /* snapshot-save, -load: every n-th is made with the VM stopped, and its
			    images are compared; 0: none */
	unsigned every;	 /* takes part in every n-th loop; 1 for snapshot operations */
	unsigned
		weight; /* of the unit that it begins; 0: it is within one, or the order is fixed */
	/* migrate and migrate-cancel */
	struct op_migration migration;
	bool probe;    /* measure the stall of the main loop */
	bool optional; /* left out on builds that lack what it takes */
	char *to;      /* name of the destination's build; NULL: the source's */
};

/* A failure that is known to come. */
struct profile_expectation {
	char *signature; /* fnmatch(3) pattern over the whole signature */
	char *build;	 /* name of the build that fails; NULL: each of them */
	int build_line;	 /* in the text; 0: nowhere */
	unsigned times;	 /* how often it has to come of each build; 1 to PROFILE_EXPECT_TIMES_MAX */
};

/* A replay: what the slots play instead of their own plans, given with the profile, not by it. */
struct profile_replay {
	unsigned attempts;   /* VMs in all, 1 to PROFILE_ATTEMPTS_MAX; 0: it is none */
	int slot, vm;	     /* numbers of the VM that they are to be like */
	uint64_t first_loop; /* how many its slot had begun when it booted */
};

/* A metric that the comparison is about. */
struct profile_metric {
	const struct metric *metric;
	double margin; /* how much of a change does not matter: 0.05 is 5 %; 0: that of the whole */
};

/* The builds A and B are compared: each slot boots a VM of one and then of the other, in random order. Such
 * two are a block. */
struct profile_compare {
	bool on;
	bool self;	  /* there is one build, which is compared with itself */
	unsigned blocks;  /* that are to be complete in the end, PROFILE_BLOCKS_MIN to _MAX */
	unsigned warm_up; /* loops at a VM's begin that do not count; below loops_per_vm */
	double margin;	  /* PROFILE_MARGIN_MIN to _MAX */
	unsigned *looks;  /* numbers of blocks, ascending, the last one being `blocks` */
	size_t look_count;
	struct profile_metric *metrics; /* the primary ones */
	size_t metric_count;		/* 1 to PROFILE_METRICS_MAX */
};

struct profile {
	char *text; /* as given */
	char *name; /* by the rules of a build's name */

	enum profile_backend backend;
	char **uris; /* of libvirt, NULL-terminated; NULL: none, and the backend is direct */
	char **peer_uris; /* likewise: how the other one reaches each; NULL: by the same */

	char *machine; /* versioned machine type of the q35 family */
	char *accel;   /* "tcg", "kvm", or "auto": kvm if a probe finds that it works */
	int64_t ram_bytes;
	int64_t disk_bytes; /* of a disk beside the flash; 0: there is none */
	unsigned vcpus;	    /* 1 to TELEMETRY_VCPUS_MAX */

	char *guest; /* name of a firmware in the guests folder: letters, digits, '-' */
	/* What it does; 0: its own default. guests/config.h says what each is. */
	unsigned writes_per_turn, turns_per_write, erase_every, turns_per_page;
	int64_t pause_ns, working_set_bytes;

	struct build_spec *builds;
	size_t build_count; /* 1 to PROFILE_BUILDS_MAX */
	bool one_build;	    /* all VMs boot with the first one; see profile_keep_build() */

	unsigned vms; /* size of the fleet, 1 to PROFILE_VMS_MAX */
	/* planned end of a VM: it is shut down and a new one boots; 1 to PROFILE_LOOPS_PER_VM_MAX */
	unsigned loops_per_vm;
	enum op_shutdown shutdown;
	int64_t vm_memory_bytes; /* that all processes of a VM may have; 0: no limit */
	double vm_cpus;		 /* likewise, of CPU time; 0: no limit */
	unsigned boots; /* at once, 1 to PROFILE_VMS_MAX; 0: as many as this host has CPUs */

	enum profile_order order;
	/* Each save is followed by any number of loads and one delete, maybe with a migrate
	 * between them. */
	struct profile_operation *operations; /* one loop, in order */
	size_t operation_count;

	int64_t limit_ns[LIMIT_COUNT]; /* defaults where the profile says nothing */

	struct guard_rules watch;

	struct evidence_rules evidence;

	uint64_t seed; /* meaningful if has_seed */
	bool has_seed;
	int64_t stop_duration_ns; /* 0: no such rule */
	int64_t stop_loops;	  /* of all slots together; 0: no such rule */
	int64_t stop_failures;	  /* that are not expected; 0: no such rule */
	/* Of a build: when its slots together have done so many loops (0: no such rule), or when all
	 * that is expected of it has been seen. */
	int64_t stop_loops_per_build;
	bool stop_expected;

	enum profile_on_failure on_failure;

	struct profile_compare compare;

	struct profile_replay replay;

	struct profile_expectation *expect;
	size_t expect_count;
};

/* Reads and checks text, which need not end in NUL. name is for error texts, which say "name:line:
 * key: what was found, what would be right" with -EINVAL. The caller frees the profile. Does not
 * look at the host: whether a binary exists is seen when the build is identified, whether a guest
 * exists when it is loaded. */
int profile_parse(const char *text, size_t size, const char *name, struct profile **ret_profile,
		  struct err *err);

/* "hold" or "go-on". */
int profile_set_on_failure(struct profile *profile, const char *word, struct err *err);

/* From now on all VMs boot with the build called name. Of the others those stay that a migrate goes to,
 * and so does what is expected of those that stay. -EINVAL: there is no such build. */
int profile_keep_build(struct profile *profile, const char *name, struct err *err);

/* Makes it a search: a failure whose signature the fnmatch(3) pattern matches, `times` of which (1 to
 * PROFILE_EXPECT_TIMES_MAX) end it, as `loops` do. No other rule is left, and nothing else is expected.
 * -EINVAL: the pattern is none. */
int profile_set_search(struct profile *profile, const char *pattern, unsigned times, int64_t loops,
		       struct err *err);

/* Makes it a replay, each VM of which does so many loops, 0 to PROFILE_LOOPS_PER_VM_MAX. It ends by its
 * attempts: no stop rule is left. */
void profile_set_replay(struct profile *profile, const struct profile_replay *replay,
			unsigned loops);

/* Whether each build has a binary, and those that it expects something of are there, once all were
 * added; of a comparison there are two then: of its own those without a binary make room for what was
 * added. -EINVAL as by profile_parse(). */
int profile_check_builds(struct profile *profile, const char *name, struct err *err);

/* Takes NULL, and a profile that was built in part. */
void profile_free(struct profile *profile);

/* The build called name, or NULL. */
struct build_spec *profile_build(const struct profile *profile, const char *name);

/* Replaces the binary of the build called name (which keeps all else but its origin), or adds a build
 * of nothing but that. By the rules of the profile's own builds; -EINVAL leaves the profile as it was. */
int profile_set_build(struct profile *profile, const char *name, const char *binary,
		      struct err *err);

/* Reads the text of a registered build, a mapping with the keys of a build, into *ret_spec, which the
 * caller has initialised, and finishes also if this fails. */
int profile_read_registered(const char *text, size_t size, const char *file,
			    struct build_spec *ret_spec, struct err *err);

/* The same as the profile's build called name, as which it is registered. The profile's build of
 * that name takes from it what it does not say itself; without one, it is added. file is for error
 * texts, as by profile_parse(); -EINVAL leaves the profile as it was. */
int profile_register_build(struct profile *profile, const char *name, const char *text, size_t size,
			   const char *file, struct err *err);

#endif
