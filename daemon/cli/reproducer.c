// SPDX-License-Identifier: GPL-2.0-or-later
/* qsoak reproducer: an incident as a script. */
#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "campaign/profile.h"
#include "cli/evidence.h"
#include "cli/shrink.h"
#include "report/field.h"
#include "triage/bundle.h"
#include "triage/reproducer-shrink.h"

/* Of a transcript or an output; both are cut where they are made, far below it. */
#define TEXT_MAX (8 * 1024 * 1024)

/* What the script is made of. */
struct evidence {
	json_t *value; /* of query-incident */
	char *qemu, *incoming, *output, *firmware, *config, *profile;
	size_t firmware_size, config_size;
};

static void evidence_finish(struct evidence *evidence)
{
	json_decref(evidence->value);
	free(evidence->qemu);
	free(evidence->incoming);
	free(evidence->output);
	free(evidence->firmware);
	free(evidence->config);
	free(evidence->profile);
}

static bool has_file(json_t *value, const char *name)
{
	json_t *file;
	size_t i;

	json_array_foreach(json_object_get(value, "files"), i, file) {
		const char *found = field_text(file, "file");

		if (found && bundle_is_file(found, name))
			return true;
	}
	return false;
}

/* NULL, and no error, where there is no such file. */
static int get(struct source *source, int64_t incident, json_t *value, const char *name,
	       char **ret_data, size_t *ret_size, struct err *err)
{
	return has_file(value, name) ? evidence_get_file(source, incident, name, TEXT_MAX, ret_data,
							 ret_size, err)
				     : 0;
}

static int fetch(struct source *source, int64_t incident, struct evidence *evidence,
		 struct err *err)
{
	auto_free char *output = NULL;
	json_t *value, *manifest;
	const char *qemu;
	size_t size;
	int r = evidence_query(source, incident, &evidence->value, err);

	if (r < 0)
		return r;
	value = evidence->value;
	manifest = json_object_get(value, "manifest");
	output = mem_printf("%s.output", reproducer_role(manifest));
	qemu = has_file(value, "source.qmp") ? "source.qmp" : "qemu.qmp";
	r = get(source, incident, value, qemu, &evidence->qemu, &size, err);
	if (r == 0)
		r = get(source, incident, value, "destination.qmp", &evidence->incoming, &size,
			err);
	if (r == 0)
		r = get(source, incident, value, output, &evidence->output, &size, err);
	if (r == 0)
		r = get(source, incident, value, "profile.yaml", &evidence->profile, &size, err);
	if (r == 0)
		r = get(source, incident, value, "firmware.bin", &evidence->firmware,
			&evidence->firmware_size, err);
	if (r == 0)
		r = get(source, incident, value, "guest-config", &evidence->config,
			&evidence->config_size, err);
	return r;
}

/* The size of the disk, of the profile; 0 where it does not tell. Refuses what no script can do. */
static int read_profile(const struct evidence *evidence, int64_t *ret_disk_bytes, struct err *err)
{
	struct profile *profile = NULL;
	struct err ignored = { 0 };
	int r = 0;

	if (!evidence->profile || profile_parse(evidence->profile, strlen(evidence->profile),
						"profile.yaml", &profile, &ignored) < 0)
		return 0;
	if (profile->backend == BACKEND_LIBVIRT)
		r = err_set(err, -EINVAL,
			    "libvirt ran this QEMU, and a script has none: `qsoak replay` plays it "
			    "again");
	*ret_disk_bytes = profile->disk_bytes;
	profile_free(profile);
	return r;
}

static int make(struct evidence *evidence, struct reproducer **ret_reproducer, struct err *err)
{
	struct reproducer_spec spec = {
		.manifest = json_object_get(evidence->value, "manifest"),
		.qemu = evidence->qemu,
		.incoming = evidence->incoming,
		.output = evidence->output,
		.firmware = evidence->firmware,
		.firmware_size = evidence->firmware_size,
		.config = evidence->config,
		.config_size = evidence->config_size,
	};
	int r = read_profile(evidence, &spec.disk_bytes, err);

	return r < 0 ? r : reproducer_make(&spec, ret_reproducer, err);
}

static int check_options(const struct cli *cli, struct err *err)
{
	if (!cli->shrink && (cli->tries || cli->qemu))
		return err_set(err, -EINVAL, "--%s needs --shrink", cli->tries ? "tries" : "qemu");
	if (cli->tries > SHRINK_TRIES_MAX)
		return err_set(err, -EINVAL, "--tries: found %lld, expected at most %d",
			       (long long)cli->tries, SHRINK_TRIES_MAX);
	return 0;
}

/* The script runs elsewhere: a relative path is relative to us. */
static int shrink_it(const struct cli *cli, struct reproducer *reproducer, struct err *err)
{
	auto_free char *qemu = cli->qemu ? realpath(cli->qemu, NULL) : NULL;

	if (cli->qemu && !qemu) {
		err_set_errno(err, errno, "--qemu: %s", cli->qemu);
		return err->code = -EINVAL;
	}
	return shrink_here(reproducer, cli->tries ? (unsigned)cli->tries : SHRINK_TRIES_DEFAULT,
			   qemu, err);
}

int cli_reproducer(const struct cli *cli)
{
	struct reproducer *reproducer = NULL;
	struct evidence evidence = { 0 };
	struct source source = { 0 };
	struct err err = { 0 };
	int64_t incident;
	int r = cli_parse_incident(cli->argument, &incident, &err);

	if (r == 0)
		r = check_options(cli, &err);
	if (r == 0)
		r = source_open(cli, &source, &err);
	if (r == 0)
		r = fetch(&source, incident, &evidence, &err);
	source_close(&source);
	if (r == 0)
		r = make(&evidence, &reproducer, &err);
	if (r == 0 && cli->shrink)
		r = shrink_it(cli, reproducer, &err);
	if (r == 0)
		reproducer_print(reproducer, stdout);
	reproducer_free(reproducer);
	evidence_finish(&evidence);
	return r == -EINTR ? EXIT_INTERRUPTED : r == 0 ? EXIT_CLEAN : cli_error(&err);
}
