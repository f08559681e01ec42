// SPDX-License-Identifier: GPL-2.0-or-later
/* One incident on one screen: what failed, where, in what state all was, and where to read on. */
#include "report/screen.h"

#include <string.h>

#include "report/field.h"
#include "report/text.h"
#include "triage/bundle.h"
#include "triage/reproducer.h"

/* What is shown of each file. */
#define OUTPUT_LINES 3
#define FRAMES 10
#define QMP_LINES 5
#define LOOK_LINES 3

/* Longer lines are cut: the file has them whole. */
#define COLUMNS 100

/* What QEMU said at last may tell most behind that. */
#define WORDS_COLUMNS 400

#define LABEL_WIDTH 13

/* QEMU's stamp of an event: the line has our own, and no room. */
static void drop_timestamp(char *line)
{
	char *stamp = strstr(line, "\"timestamp\": {");
	char *end = stamp ? strstr(stamp, "}, ") : NULL;

	if (end)
		memmove(stamp, end + strlen("}, "), strlen(end + strlen("}, ")) + 1);
}

/* columns: of the line, with the indent. */
static void print_cut(const char *text, size_t size, int indent, int columns, FILE *out)
{
	auto_free char *raw = mem_strndup(text, size);
	auto_free char *line = NULL;
	int room = columns - indent;

	for (char *c = raw; *c; c++)
		*c = *c == '\t' ? ' ' : *c;
	raw[strcspn(raw, "\r")] = '\0';
	drop_timestamp(raw);
	line = text_printable(raw);
	if (strlen(line) > (size_t)room)
		fprintf(out, "%*s%.*s...\n", indent, "", room - 3, line);
	else
		fprintf(out, "%*s%s\n", indent, "", line);
}

/* Takes text over. */
static void print_label(const char *label, char *text, FILE *out)
{
	auto_free char *owned = text;
	auto_free char *printable = text_printable(owned);

	fprintf(out, "%-*s%s\n", LABEL_WIDTH, label, printable);
}

/* As the ledger has it; nothing where nobody has asked it. */
static void print_known(json_t *ledger, FILE *out)
{
	const char *status = field_text(ledger, "status"), *title = field_text(ledger, "title");
	const char *reference = field_text(ledger, "reference");
	const char *fixed = field_text(ledger, "fixed_in");

	if (status)
		print_label(status,
			    mem_printf("%s%s%s%s%s", title ? title : "nobody has written of it yet",
				       reference ? "; " : "", reference ? reference : "",
				       fixed ? "; fixed in " : "", fixed ? fixed : ""),
			    out);
}

static void print_headline(json_t *value, json_t *manifest, FILE *out)
{
	const char *place = field_text(manifest, "place"), *step = field_text(manifest, "step");
	const char *detail = field_text(manifest, "detail");
	const char *signature = field_text(manifest, "signature");
	auto_free char *at = text_time(field_integer(manifest, "at-unix-ns"));
	auto_free char *line = mem_printf(
		"%s%s%s in %s%s%s", text_or_dash(field_text(manifest, "class")),
		place ? " of " : "", place ? place : "", text_or_dash(field_text(manifest, "kind")),
		step ? "/" : "", step ? step : "");
	auto_free char *printable = text_printable(line);

	fprintf(out, "incident %lld: %s, %s\n", (long long)field_integer(value, "incident"),
		printable, at);
	print_label("", mem_strdup(text_or_dash(signature)), out);
	if (detail && (!signature || strcmp(detail, signature)))
		print_label("", mem_strdup(detail), out);
	print_known(json_object_get(value, "ledger"), out);
	fputc('\n', out);
}

static void print_place(json_t *manifest, FILE *out)
{
	json_t *machine = json_object_get(manifest, "machine");
	json_t *host = json_object_get(manifest, "host");
	auto_free char *loops = text_count(field_integer(manifest, "loops"), "loop");
	auto_free char *vcpus = text_count(field_integer(machine, "vcpus"), "vCPU");

	print_label("when",
		    mem_printf("campaign %lld, slot %lld of %lld, VM %lld, after %s; seed %s, plan "
			       "from loop %lld on",
			       (long long)field_integer(manifest, "campaign"),
			       (long long)field_integer(manifest, "slot"),
			       (long long)field_integer(manifest, "fleet"),
			       (long long)field_integer(manifest, "vm"), loops,
			       text_or_dash(field_text(manifest, "seed")),
			       (long long)field_integer(manifest, "first-loop")),
		    out);
	print_label("machine",
		    mem_printf("%s, %s, %lld MiB, %s", text_or_dash(field_text(machine, "type")),
			       text_or_dash(field_text(machine, "accel")),
			       (long long)(field_integer(machine, "ram-bytes") >> 20), vcpus),
		    out);
	print_label("host",
		    mem_printf("%s, kernel %s, %lld CPUs, load %.1f",
			       text_or_dash(field_text(host, "name")),
			       text_or_dash(field_text(host, "kernel")),
			       (long long)field_integer(host, "cpus"),
			       json_number_value(json_object_get(host, "load"))),
		    out);
}

static char *describe_end(json_t *run)
{
	json_t *how = json_object_get(run, "exit");
	int signal = (int)field_integer(how, "signal");
	const char *name = sigabbrev_np(signal);

	if (!how)
		return mem_printf("pid %lld, alive", (long long)field_integer(run, "pid"));
	if (!signal)
		return mem_printf("exited with status %lld",
				  (long long)field_integer(how, "status"));
	return mem_printf("ended by SIG%s%s", name ? name : "?",
			  json_is_true(json_object_get(how, "core-dumped")) ? ", with a core" : "");
}

static void print_run(json_t *run, FILE *out)
{
	json_t *guest = json_object_get(run, "telemetry");
	const char *circle = field_text(run, "circle");

	print_label(text_or_dash(field_text(run, "role")), describe_end(run), out);
	print_label("",
		    mem_printf("build %s: %s, build-id %s", text_or_dash(field_text(run, "build")),
			       text_or_dash(field_text(run, "version")),
			       text_or_dash(field_text(run, "build-id"))),
		    out);
	print_label("", mem_strdup(text_or_dash(field_text(run, "binary"))), out);
	if (json_is_object(guest))
		print_label("",
			    mem_printf("guest: %lld ticks, %lld flash writes, %lld checks, "
				       "generation %lld",
				       (long long)field_integer(guest, "ticks"),
				       (long long)field_integer(guest, "flash-writes"),
				       (long long)field_integer(guest, "flash-checks"),
				       (long long)field_integer(guest, "generation")),
			    out);
	if (circle)
		print_label("circle", mem_strdup(circle), out);
}

/* ROLE.NAME, packed or not; NULL where it is not there. */
static json_t *find_file(json_t *value, const char *role, const char *name)
{
	auto_free char *wanted = mem_printf("%s.%s", role, name);
	json_t *file;
	size_t i;

	json_array_foreach(json_object_get(value, "files"), i, file) {
		const char *found = field_text(file, "file");

		if (found && bundle_is_file(found, wanted))
			return file;
	}
	return NULL;
}

/* Of a file that could not be read. */
static void print_damage(json_t *file, const char *title, FILE *out)
{
	auto_free char *why = text_printable(field_text(file, "error"));

	if (field_text(file, "error"))
		fprintf(out, "\n%s: cannot be read: %s\n", title, why);
}

/* Where the last lines begin. */
static const char *last_lines(const char *text, unsigned lines)
{
	const char *at = text + strlen(text);

	while (at > text && lines) {
		at--;
		while (at > text && at[-1] != '\n')
			at--;
		lines--;
	}
	return at;
}

static void print_tail(json_t *value, const char *role, const char *name, const char *title,
		       unsigned lines, int columns, FILE *out)
{
	json_t *file = find_file(value, role, name);
	const char *text = field_text(file, "text");

	print_damage(file, title, out);
	/* The title tells what its columns are. */
	if (text && !strcmp(name, "heartbeats")) {
		text += strcspn(text, "\n");
		text += *text == '\n';
	}
	if (!text || !*text)
		return;
	fprintf(out, "\n%s\n", title);
	for (text = last_lines(text, lines); *text;) {
		size_t length = strcspn(text, "\n");

		print_cut(text, length, 2, columns, out);
		text += length + (text[length] == '\n');
	}
}

/* A frame of the C library: those on top tell how a thread dies or waits, not where. */
static bool is_libc(const char *line, size_t length)
{
	return memmem(line, length, " libc.so", strlen(" libc.so"));
}

/* The frames of the first thread: the one that died, or the main thread. */
static void print_stack(json_t *value, const char *role, FILE *out)
{
	json_t *file = find_file(value, role, "stacks");
	const char *text = field_text(file, "text");
	const char *line = text ? strstr(text, "\nthread ") : NULL;
	unsigned frames = 0;

	print_damage(file, "stacks", out);
	if (!line)
		return;
	fputs("\nstack of ", out);
	line++;
	print_cut(line, strcspn(line, "\n"), 0, COLUMNS, out);
	line += strcspn(line, "\n");
	while (*line == '\n' && line[1] && line[1] != '\n' && frames < FRAMES) {
		const char *address = strstr(++line, " 0x");
		size_t length = strcspn(line, "\n");

		if (*line == '#' && !(frames == 0 && is_libc(line, length))) {
			/* Behind the number and the address. */
			if (address && address < line + length)
				address = strchr(address + 1, ' ');
			if (!address || address >= line + length)
				address = line;
			print_cut(address + 1, (size_t)(line + length - address) - 1, 2, COLUMNS,
				  out);
			frames++;
		}
		line += length;
	}
}

static void print_missing(json_t *manifest, FILE *out)
{
	json_t *missing;
	size_t i;

	json_array_foreach(json_object_get(manifest, "missing"), i, missing)
		print_label(i ? "" : "missing",
			    mem_printf("%s: %s", text_or_dash(field_text(missing, "file")),
				       text_or_dash(field_text(missing, "reason"))),
			    out);
}

static void print_name(const char *name, size_t *used, FILE *out)
{
	auto_free char *printable = text_printable(name);

	*used += (size_t)fprintf(out, "%*s%s", *used ? 1 : LABEL_WIDTH, "", printable);
}

static void print_files(json_t *value, FILE *out)
{
	const char *path = field_text(value, "path");
	size_t i, used = 0;
	json_t *file;

	fputc('\n', out);
	print_label("files", mem_printf("%s/", text_or_dash(path)), out);
	json_array_foreach(json_object_get(value, "files"), i, file) {
		const char *name = field_text(file, "file");

		if (!name)
			continue;
		if (used && used + strlen(name) + 1 > COLUMNS) {
			fputc('\n', out);
			used = 0;
		}
		print_name(name, &used, out);
	}
	fputc('\n', out);
}

/* What to type next, as `qsoak show` was typed. */
static void print_commands(json_t *value, json_t *manifest, FILE *out)
{
	const char *class = field_text(manifest, "class"), *where = field_text(value, "where");
	auto_free char *options = text_printable(where ? where : "");
	long long incident = field_integer(value, "incident");

	fprintf(out, "\nall of it  qsoak show %lld --all%s\nagain      qsoak replay %lld%s\n",
		incident, options, incident, options);
	if (class && reproducer_shows(class))
		fprintf(out, "upstream   qsoak reproducer %lld%s > reproduce.sh\n", incident,
			options);
}

bool report_screen_quotes(const char *name)
{
	static const char *const quoted[] = { "output", "stacks", "qmp", "heartbeats" };
	const char *dot = strchr(name, '.');

	for (size_t i = 0; dot && i < ARRAY_SIZE(quoted); i++)
		if (bundle_is_file(dot + 1, quoted[i]))
			return true;
	return false;
}

void report_screen(json_t *value, FILE *out)
{
	json_t *manifest = json_object_get(value, "manifest"), *run;
	size_t i;

	if (json_is_object(manifest)) {
		print_headline(value, manifest, out);
		print_place(manifest, out);
	} else {
		fprintf(out, "incident %lld: there is no manifest\n",
			(long long)field_integer(value, "incident"));
	}
	json_array_foreach(json_object_get(manifest, "runs"), i, run)
		print_run(run, out);
	print_missing(manifest, out);
	json_array_foreach(json_object_get(manifest, "runs"), i, run) {
		const char *role = field_text(run, "role");

		if (!role)
			continue;
		print_tail(value, role, "output", "last words", OUTPUT_LINES, WORDS_COLUMNS, out);
		print_stack(value, role, out);
		print_tail(value, role, "qmp", "last of QMP", QMP_LINES, COLUMNS, out);
		print_tail(value, role, "heartbeats",
			   "last looks: monotonic time, ms that a heartbeat waits in-band and "
			   "out-of-band, guest's ticks",
			   LOOK_LINES, COLUMNS, out);
	}
	print_files(value, out);
	print_commands(value, manifest, out);
}
