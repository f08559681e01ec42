// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: the text of reproducer.sh is copied line by line; a line @NAME@ is what the
 * table says. JSON is printed as ASCII, so no text of the incident can end what it stands in: a
 * Python string r"""...""", since JSON never has three quotes in a row, and the shell's here-document,
 * since no line of JSON is its last word.
 */
#include <limits.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "triage/reproducer.h"

#define BASE64_WIDTH 100

/* What the incident says of itself is cut there; what we say of it is not. */
#define HEADER_MAX 400

__asm__(".pushsection .rodata\n"
	"reproducer_template:\n"
	".incbin \"daemon/triage/reproducer.sh\"\n"
	".byte 0\n"
	".popsection\n");

extern const char reproducer_template[];

/* Lines up to max characters. */
static void print_comments(json_t *lines, const char *before, int max, FILE *out)
{
	json_t *line;
	size_t i;

	json_array_foreach(lines, i, line) {
		const char *text = json_string_value(line);

		fprintf(out, *text ? "# %s%.*s\n" : "#\n", before, max, text);
	}
}

static void print_header(const struct reproducer *reproducer, FILE *out)
{
	print_comments(reproducer->header, "", HEADER_MAX, out);
	fputs("#\n"
	      "# The guest is bare-metal firmware in pflash unit 0. It programs random bytes of "
	      "pflash\n"
	      "# unit 1 and dirties its RAM, in a loop, and compares both with what it knows of "
	      "them.\n"
	      "#\n"
	      "# A try is VMS machines side by side, each of which plays the QMP commands of LOOP "
	      "below\n"
	      "# in ROUNDS rounds. All that is made is in a folder of its own, and goes at the "
	      "end.\n"
	      "# Needed are QEMU, qemu-img, bash and python3 with its standard library.\n",
	      out);
	if (json_array_size(reproducer->remarks))
		fputs("#\n", out);
	print_comments(reproducer->remarks, "- ", INT_MAX, out);
}

/* As a word of the shell. */
static void print_quoted(const char *text, FILE *out)
{
	fputc('\'', out);
	for (; *text; text++) {
		if (*text == '\'')
			fputs("'\\''", out);
		else
			fputc(*text, out);
	}
	fputc('\'', out);
}

static void print_defaults(const struct reproducer *reproducer, FILE *out)
{
	fputs("found_in=", out);
	print_quoted(reproducer->binary, out);
	fprintf(out,
		"\n[ -x \"$found_in\" ] || found_in=qemu-system-x86_64\n"
		"QEMU=${QEMU:-$found_in}\n"
		"QEMU_IMG=${QEMU_IMG:-qemu-img}\n"
		"TRIES=${TRIES:-%d}\n"
		"VMS=${VMS:-%u}\n"
		"ROUNDS=${ROUNDS:-%u}\n"
		"LIMIT=${LIMIT:-%d}\n"
		"TRY_LIMIT=${TRY_LIMIT:-%d}\n",
		REPRODUCER_TRIES, reproducer->vms, reproducer->rounds, REPRODUCER_LIMIT_S,
		REPRODUCER_TRY_LIMIT_S);
}

static void print_json(const json_t *value, FILE *out)
{
	auto_free char *text = json_dumps(value, JSON_ENSURE_ASCII | JSON_ENCODE_ANY);

	/* DEL is ASCII to jansson; it stands in strings alone. */
	for (const char *c = text; *c; c++) {
		if (*c == '\x7f')
			fputs("\\u007f", out);
		else
			fputc(*c, out);
	}
}

/* An element a line. */
static void print_list(const json_t *list, int indent, FILE *out)
{
	json_t *element;
	size_t i;

	fputs("[\n", out);
	json_array_foreach(list, i, element) {
		fprintf(out, "%*s", indent + 2, "");
		print_json(element, out);
		fputs(i + 1 < json_array_size(list) ? ",\n" : "\n", out);
	}
	fprintf(out, "%*s]", indent, "");
}

static void print_operations(const json_t *operations, FILE *out)
{
	json_t *operation;
	size_t i;

	fputs("[\n", out);
	json_array_foreach(operations, i, operation) {
		fputs("  {\"operation\": ", out);
		print_json(json_object_get(operation, "operation"), out);
		fputs(", \"steps\": ", out);
		print_list(json_object_get(operation, "steps"), 2, out);
		fputs(i + 1 < json_array_size(operations) ? "},\n" : "}\n", out);
	}
	fputs("]\n", out);
}

static void print_argv(const struct reproducer *reproducer, FILE *out)
{
	print_list(reproducer->argv, 0, out);
	fputc('\n', out);
}

static void print_environment(const struct reproducer *reproducer, FILE *out)
{
	print_json(reproducer->environment, out);
	fputc('\n', out);
}

static void print_images(const struct reproducer *reproducer, FILE *out)
{
	print_json(reproducer->images, out);
	fputc('\n', out);
}

static void print_boot(const struct reproducer *reproducer, FILE *out)
{
	fprintf(out, "BOOT = %.3f\n", (double)reproducer->boot_ns / CLOCK_NS_PER_S);
}

static void print_loop(const struct reproducer *reproducer, FILE *out)
{
	print_operations(reproducer->loop, out);
}

static void print_finale(const struct reproducer *reproducer, FILE *out)
{
	print_operations(reproducer->finale, out);
}

static void print_failure(const struct reproducer *reproducer, FILE *out)
{
	print_json(reproducer->failure, out);
	fputc('\n', out);
}

static void print_guest_config(const struct reproducer *reproducer, FILE *out)
{
	fprintf(out, "GUEST_CONFIG = \"%s\"\n", reproducer->config);
}

static void print_firmware(const struct reproducer *reproducer, FILE *out)
{
	const char *text = reproducer->firmware;

	while (*text) {
		size_t size = strnlen(text, BASE64_WIDTH);

		fprintf(out, "%.*s\n", (int)size, text);
		text += size;
	}
}

static const struct {
	const char *mark;
	void (*print)(const struct reproducer *reproducer, FILE *out);
} parts[] = {
	{ "@HEADER@", print_header },	  { "@DEFAULTS@", print_defaults },
	{ "@ARGV@", print_argv },	  { "@ENVIRONMENT@", print_environment },
	{ "@IMAGES@", print_images },	  { "@BOOT@", print_boot },
	{ "@LOOP@", print_loop },	  { "@FINALE@", print_finale },
	{ "@FAILURE@", print_failure },	  { "@GUEST_CONFIG@", print_guest_config },
	{ "@FIRMWARE@", print_firmware },
};

static void print_line(const struct reproducer *reproducer, const char *line, size_t size,
		       FILE *out)
{
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		if (strlen(parts[i].mark) != size || memcmp(parts[i].mark, line, size))
			continue;
		parts[i].print(reproducer, out);
		return;
	}
	fprintf(out, "%.*s\n", (int)size, line);
}

void reproducer_print(const struct reproducer *reproducer, FILE *out)
{
	for (const char *line = reproducer_template; *line;) {
		size_t size = strcspn(line, "\n");

		print_line(reproducer, line, size, out);
		line += size;
		line += *line == '\n';
	}
}
