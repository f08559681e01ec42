/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The reproducer: an incident as one shell script, for those who have no qsoak.
 *
 * It holds QEMU's command line, the guest's firmware and the QMP commands, and needs QEMU, qemu-img,
 * bash and python3. reproducer.sh is its text; what is particular to an incident is put in. All that
 * comes from the incident may be anybody's: it stands in comments as printable ASCII, in the program
 * as JSON, and in the shell's part as a quoted word.
 */
#ifndef QSOAK_TRIAGE_REPRODUCER_H
#define QSOAK_TRIAGE_REPRODUCER_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/err.h"

#define REPRODUCER_FIRMWARE_MAX (1024 * 1024)
#define REPRODUCER_CONFIG_MAX 4096

/* Machines side by side, at most and where it is not known how many there were; and rounds. */
#define REPRODUCER_VMS_MAX 16
#define REPRODUCER_VMS_DEFAULT 4
#define REPRODUCER_ROUNDS_MIN 50
#define REPRODUCER_ROUNDS_MAX 500

/* What a script does where its environment does not say otherwise: tries, seconds that QEMU has for
 * what is awaited, seconds that a try may take. */
#define REPRODUCER_TRIES 10
#define REPRODUCER_LIMIT_S 30
#define REPRODUCER_TRY_LIMIT_S 600

/* All borrowed. */
struct reproducer_spec {
	json_t *manifest;
	const char *qemu;     /* transcript; of a migration, the source's; NULL: there is none */
	const char *incoming; /* the destination's, or NULL */
	const char *output;   /* what the QEMU at fault printed, or NULL */
	const char *firmware; /* bytes */
	size_t firmware_size;
	const char *config; /* bytes: what fw_cfg tells the guest */
	size_t config_size;
	int64_t disk_bytes; /* of a disk beside the flash; 0: there is none, or it is not known */
};

/* A script before it is printed; lists can be made shorter by who knows better. */
struct reproducer {
	json_t *argv; /* list of options, each a list of words */
	json_t *loop; /* see reproducer-trace.h */
	json_t *finale;
	json_t *remarks; /* lines of the header */
	unsigned vms, rounds;

	/* Not to be changed. */
	json_t *header, *environment, *images, *failure;
	char *binary, *firmware, *config;
	int64_t boot_ns;
};

/* A line of the header, or a remark: as printable ASCII, since it becomes a comment. The only way to add one. */
__attribute__((format(printf, 2, 3))) void reproducer_add_line(json_t *lines, const char *fmt, ...);

/* Whether a failure of this class (a word of the store) shows in a script: what only qsoak sees does not. */
bool reproducer_shows(const char *class);

/* The role of the QEMU at fault, as far as the manifest tells: "qemu", "source" or "destination". Its
 * output and the transcripts have their names from it. */
const char *reproducer_role(json_t *manifest);

/* -EOPNOTSUPP if such a failure does not show in a script, -EINVAL if the evidence is not what qsoak
 * writes or lacks something; the text says what. */
int reproducer_make(const struct reproducer_spec *spec, struct reproducer **ret_reproducer,
		    struct err *err);
void reproducer_free(struct reproducer *reproducer);

void reproducer_print(const struct reproducer *reproducer, FILE *out);

#endif
