// SPDX-License-Identifier: GPL-2.0-or-later
/* From evidence to a script, and its text. */
#include "triage/reproducer.h"

#include <errno.h>
#include <nettle/base64.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/ascii.h"
#include "base/mem.h"
#include "triage/reproducer-argv.h"
#include "triage/reproducer-trace.h"
#include "vm/direct.h"

/* Lines of QEMU's last words in the header. */
#define OUTPUT_LINES_MAX 8

static const char *text_of(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

static const char *text_or(const json_t *object, const char *key, const char *otherwise)
{
	const char *text = text_of(object, key);

	return text ? text : otherwise;
}

static bool is_of_class(json_t *manifest, const char *class)
{
	return !strcmp(text_or(manifest, "class", ""), class);
}

/* The run at fault. */

static bool ended_badly(json_t *run)
{
	json_t *how = json_object_get(run, "exit");

	return how && (json_integer_value(json_object_get(how, "signal")) ||
		       json_integer_value(json_object_get(how, "status")));
}

/* Of two dead ones an assertion or a crash is nearer to the cause than an exit. */
static json_t *run_at_fault(json_t *manifest)
{
	json_t *runs = json_object_get(manifest, "runs"), *run, *found = NULL;
	size_t i;

	json_array_foreach(runs, i, run) {
		json_t *how = json_object_get(run, "exit");
		bool by_signal = json_integer_value(json_object_get(how, "signal")) > 0;

		if (ended_badly(run) && (!found || by_signal))
			found = run;
	}
	return found ? found : json_array_get(runs, 0);
}

const char *reproducer_role(json_t *manifest)
{
	return text_or(run_at_fault(manifest), "role", "qemu");
}

/* How it shows. */

static void add_words(json_t *failure, const char *text, size_t size)
{
	if (size)
		json_array_append_new(json_object_get(failure, "words"), json_stringn(text, size));
}

/* What comes before and after a separator, if it is there, else all of it. */
static void add_both(json_t *failure, const char *text, const char *separator)
{
	const char *at = strstr(text, separator);

	add_words(failure, text, at ? (size_t)(at - text) : strlen(text));
	if (at)
		add_words(failure, at + strlen(separator), strlen(at + strlen(separator)));
}

/* "exited with status N: PROGRAM: words": whatever the program is called. */
static void add_exit_words(json_t *failure, const char *detail)
{
	const char *words = strchr(detail, ':');
	const char *program = words ? strstr(words + 1, ": ") : NULL;

	words = program ? program + 2 : words ? words + 1 + strspn(words + 1, " ") : "";
	add_words(failure, words, strlen(words));
}

/* Of an error: what QEMU said is what comes after what qsoak says in front of it. */
static void add_error_words(json_t *failure, const char *detail)
{
	const char *failed = strstr(detail, "the job failed: ");

	if (failed)
		detail = failed + strlen("the job failed: ");
	add_words(failure, detail, strlen(detail));
}

bool reproducer_shows(const char *class)
{
	static const char *const classes[] = { "assertion", "crash", "error",
					       "exit",	    "hang",  "sanitizer" };

	for (size_t i = 0; i < ARRAY_SIZE(classes); i++)
		if (!strcmp(classes[i], class))
			return true;
	return false;
}

static int describe_failure(json_t *manifest, const struct trace *trace, json_t **ret_failure,
			    struct err *err)
{
	static const char in[] = "assertion in ";
	const char *class = text_or(manifest, "class", "?"),
		   *detail = text_or(manifest, "detail", "");
	json_t *how = json_object_get(run_at_fault(manifest), "exit");
	json_int_t signal_number = json_integer_value(json_object_get(how, "signal"));
	json_int_t status = signal_number > 0 ? -signal_number
					      : json_integer_value(json_object_get(how, "status"));
	json_t *failure;

	if (!reproducer_shows(class))
		return err_set(err, -EOPNOTSUPP,
			       "a failure of class %.40s shows in what qsoak watches, and not in "
			       "QMP alone: there is no script for it",
			       class);
	if (signal_number < 0 || signal_number >= NSIG || status < -NSIG || status > UINT8_MAX ||
	    (!signal_number && is_of_class(manifest, "crash")))
		return err_set(err, -EINVAL,
			       "manifest.json: exit: no signal or status of a QEMU "
			       "that died");
	failure = json_pack("{s:s, s:I, s:s, s:[]}", "how", "died", "status", status, "at",
			    trace->last, "words");
	if (is_of_class(manifest, "assertion")) {
		add_both(failure, strncmp(detail, in, strlen(in)) ? detail : detail + strlen(in),
			 ": ");
	} else if (is_of_class(manifest, "sanitizer")) {
		add_both(failure, detail, " in ");
	} else if (is_of_class(manifest, "exit")) {
		add_exit_words(failure, detail);
	} else if (is_of_class(manifest, "hang")) {
		json_object_set_new(failure, "how", json_string("hung"));
		/* The script asks nothing: it hangs in what comes next. */
		if (trace->asked)
			json_object_set_new(failure, "at", json_null());
	} else if (is_of_class(manifest, "error")) {
		json_object_set_new(failure, "how", json_string("error"));
		add_error_words(failure, detail);
	}
	*ret_failure = failure;
	return 0;
}

/* The header. */

void reproducer_add_line(json_t *lines, const char *fmt, ...)
{
	auto_free char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		abort();
	va_end(ap);
	ascii_only(text, '?');
	json_array_append_new(lines, json_string(text));
}

static void add_output(json_t *lines, const char *output)
{
	const char *begin = output + strlen(output);
	int count = 0;

	while (begin > output && count < OUTPUT_LINES_MAX) {
		const char *line = begin - 1;

		while (line > output && line[-1] != '\n')
			line--;
		begin = line;
		count++;
	}
	while (*begin) {
		size_t size = strcspn(begin, "\n");

		if (size)
			reproducer_add_line(lines, "  %.*s", (int)size, begin);
		begin += size;
		begin += *begin == '\n';
	}
}

static void add_circles(json_t *lines, json_t *runs)
{
	json_t *run;
	size_t i;

	json_array_foreach(runs, i, run)
		if (text_of(run, "circle"))
			reproducer_add_line(lines, "Waits    %s", text_of(run, "circle"));
}

static json_t *make_header(const struct reproducer_spec *spec)
{
	json_t *manifest = spec->manifest, *runs = json_object_get(manifest, "runs");
	json_t *run = run_at_fault(manifest), *lines = json_array();
	json_t *machine = json_object_get(manifest, "machine");
	json_t *host = json_object_get(manifest, "host");
	const char *step = text_of(manifest, "step");

	reproducer_add_line(lines, "%s", text_or(manifest, "signature", "?"));
	reproducer_add_line(lines, "%s", "");
	reproducer_add_line(lines, "QEMU     %s", text_or(run, "version", "?"));
	reproducer_add_line(lines, "         build-id %s", text_or(run, "build-id", "?"));
	reproducer_add_line(lines,
			    "Machine  %s, %s, %" JSON_INTEGER_FORMAT " vCPUs, %" JSON_INTEGER_FORMAT
			    " MiB of RAM",
			    text_or(machine, "type", "?"), text_or(machine, "accel", "?"),
			    json_integer_value(json_object_get(machine, "vcpus")),
			    json_integer_value(json_object_get(machine, "ram-bytes")) >> 20);
	reproducer_add_line(lines, "Host     Linux %s, %s", text_or(host, "kernel", "?"),
			    text_or(host, "machine", "?"));
	reproducer_add_line(lines, "Found    in %s%s%s after %" JSON_INTEGER_FORMAT " loops",
			    text_or(manifest, "kind", "?"), step ? ", step " : "", step ? step : "",
			    json_integer_value(json_object_get(manifest, "loops")));
	reproducer_add_line(lines, "         %s", text_or(manifest, "detail", "?"));
	add_circles(lines, runs);
	if (spec->output && *spec->output) {
		reproducer_add_line(lines, "%s", "");
		reproducer_add_line(lines, "QEMU's last words:");
		add_output(lines, spec->output);
	}
	return lines;
}

/* Remarks on what is not as it was. */
static void add_remarks(const struct reproducer_spec *spec, const struct trace *trace,
			json_t *remarks)
{
	json_t *runs = json_object_get(spec->manifest, "runs");
	json_t *one = json_array_get(runs, 0), *two = json_array_get(runs, 1), *word;
	bool incoming = false;
	size_t i;

	json_array_foreach(json_object_get(one, "argv"), i, word)
		incoming = incoming || !strcmp("-incoming",
					       json_is_string(word) ? json_string_value(word) : "");
	if (incoming && !two)
		reproducer_add_line(remarks,
				    "The QEMU that failed was once the destination of a migration; "
				    "here it boots instead.");
	if (two && strcmp(text_or(one, "sha256", ""), text_or(two, "sha256", "")))
		reproducer_add_line(remarks,
				    "The destination was another build, %s; here both are of QEMU.",
				    text_or(two, "version", "?"));
	if (trace->completed)
		reproducer_add_line(
			remarks, "It failed in the first loop that is known: what a loop has to do "
				 "after it, to be repeated, was added.");
}

/* Parts. */

static int make_images(json_t *argv, int64_t disk_bytes, json_t **ret_images, struct err *err)
{
	const struct {
		const char *name;
		int64_t bytes;
	} images[] = {
		{ DIRECT_NODE_FLASH ".qcow2", DIRECT_FLASH_BYTES },
		{ DIRECT_NODE_VMSTATE ".qcow2", DIRECT_VMSTATE_BYTES },
		{ DIRECT_NODE_DISK ".qcow2", disk_bytes },
	};
	auto_free char *text = json_dumps(argv, 0);
	auto_json json_t *made = json_object();

	for (size_t i = 0; i < ARRAY_SIZE(images); i++) {
		if (!strstr(text, images[i].name))
			continue;
		if (!images[i].bytes)
			return err_set(err, -EINVAL,
				       "QEMU has a disk, and the incident's profile.yaml does not "
				       "say how large it is");
		json_object_set_new(made, images[i].name, json_integer(images[i].bytes));
	}
	*ret_images = json_incref(made);
	return 0;
}

static int pack_firmware(const struct reproducer_spec *spec, char **ret_text, struct err *err)
{
	uLongf size = compressBound(spec->firmware_size);
	auto_free Bytef *packed = mem_zalloc(size);
	char *text;

	if (!spec->firmware_size || spec->firmware_size > REPRODUCER_FIRMWARE_MAX)
		return err_set(err, -EINVAL, "firmware.bin: found %zu bytes, expected 1 to %d",
			       spec->firmware_size, REPRODUCER_FIRMWARE_MAX);
	if (compress2(packed, &size, (const Bytef *)spec->firmware, spec->firmware_size,
		      Z_BEST_COMPRESSION) != Z_OK)
		return err_set(err, -ENOMEM, "firmware.bin: cannot be compressed");
	text = mem_zalloc(BASE64_ENCODE_RAW_LENGTH(size) + 1);
	base64_encode_raw(text, size, packed);
	*ret_text = text;
	return 0;
}

/* Each VM is shut down once, so a round is enough of that; else what the fleet did until it failed, in
 * each machine and some times over. */
static unsigned choose_rounds(json_t *manifest, unsigned vms)
{
	json_int_t loops = json_integer_value(json_object_get(manifest, "loops"));

	if (!strcmp(text_or(manifest, "kind", ""), "shutdown"))
		return 1;
	if (loops < 0 || loops > REPRODUCER_ROUNDS_MAX)
		return REPRODUCER_ROUNDS_MAX;
	loops = (loops + 1) * vms * 4;
	return loops < REPRODUCER_ROUNDS_MIN   ? REPRODUCER_ROUNDS_MIN
	       : loops < REPRODUCER_ROUNDS_MAX ? (unsigned)loops
					       : REPRODUCER_ROUNDS_MAX;
}

static unsigned choose_vms(json_t *manifest)
{
	json_int_t fleet = json_integer_value(json_object_get(manifest, "fleet"));

	if (fleet < 1)
		return REPRODUCER_VMS_DEFAULT;
	return fleet < REPRODUCER_VMS_MAX ? (unsigned)fleet : REPRODUCER_VMS_MAX;
}

/* A destination's own images are in its folder, and block migration is told so. */
static bool has_own_images(const struct reproducer_spec *spec)
{
	const char *at = spec->incoming ? spec->incoming : "";
	static const char block[] = "\"capability\":\"block\",\"state\":true";

	return strstr(at, block) || strstr(spec->qemu ? spec->qemu : "", block);
}

static int check_manifest(const struct reproducer_spec *spec, struct err *err)
{
	if (!json_is_object(spec->manifest))
		return err_set(err, -EINVAL, "the incident has no manifest.json");
	if (!json_is_object(json_array_get(json_object_get(spec->manifest, "runs"), 0)))
		return err_set(err, -EINVAL, "manifest.json: there is no QEMU in \"runs\"");
	if (!spec->qemu)
		return err_set(err, -EINVAL, "the incident has no transcript of QMP");
	if (!spec->firmware)
		return err_set(err, -EINVAL,
			       "the incident has no firmware.bin, the image of its guest");
	if (!spec->config || spec->config_size > REPRODUCER_CONFIG_MAX)
		return err_set(err, -EINVAL,
			       "the incident has no guest-config, or a longer one "
			       "than %d bytes",
			       REPRODUCER_CONFIG_MAX);
	return 0;
}

static int fill(const struct reproducer_spec *spec, struct reproducer *reproducer, struct err *err)
{
	json_t *run = json_array_get(json_object_get(spec->manifest, "runs"), 0);
	const char *firmware = text_or(json_object_get(spec->manifest, "machine"), "firmware", "");
	struct trace_spec trace_spec = {
		.qemu = spec->qemu,
		.incoming = spec->incoming,
		.kind = text_or(spec->manifest, "kind", "?"),
		.step = text_of(spec->manifest, "step"),
		.own_images = has_own_images(spec),
	};
	struct trace trace = { 0 };
	int r;

	reproducer->remarks = json_array();
	r = trace_read(&trace_spec, &trace, err);
	if (r == 0)
		r = describe_failure(spec->manifest, &trace, &reproducer->failure, err);
	if (r == 0)
		r = argv_translate(run, firmware, reproducer->remarks, &reproducer->argv, err);
	if (r == 0)
		r = make_images(reproducer->argv, spec->disk_bytes, &reproducer->images, err);
	if (r == 0)
		r = pack_firmware(spec, &reproducer->firmware, err);
	if (r == 0) {
		reproducer->binary = mem_strdup(text_of(run, "binary"));
		reproducer->loop = mem_steal(trace.loop);
		reproducer->finale = mem_steal(trace.finale);
		reproducer->boot_ns = trace.boot_ns;
		reproducer->environment = json_is_object(json_object_get(run, "env"))
						  ? json_deep_copy(json_object_get(run, "env"))
						  : json_object();
		reproducer->config = mem_hex(spec->config, spec->config_size);
		reproducer->header = make_header(spec);
		reproducer->vms = choose_vms(spec->manifest);
		reproducer->rounds = choose_rounds(spec->manifest, reproducer->vms);
		add_remarks(spec, &trace, reproducer->remarks);
	}
	trace_finish(&trace);
	return r;
}

int reproducer_make(const struct reproducer_spec *spec, struct reproducer **ret_reproducer,
		    struct err *err)
{
	struct reproducer *reproducer;
	int r = check_manifest(spec, err);

	if (r < 0)
		return r;
	reproducer = mem_new(struct reproducer);
	r = fill(spec, reproducer, err);
	if (r < 0) {
		reproducer_free(reproducer);
		return r;
	}
	*ret_reproducer = reproducer;
	return 0;
}

void reproducer_free(struct reproducer *reproducer)
{
	if (!reproducer)
		return;
	json_decref(reproducer->argv);
	json_decref(reproducer->loop);
	json_decref(reproducer->finale);
	json_decref(reproducer->remarks);
	json_decref(reproducer->header);
	json_decref(reproducer->environment);
	json_decref(reproducer->images);
	json_decref(reproducer->failure);
	free(reproducer->binary);
	free(reproducer->firmware);
	free(reproducer->config);
	free(reproducer);
}
