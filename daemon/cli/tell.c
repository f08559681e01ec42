// SPDX-License-Identifier: GPL-2.0-or-later
/* Lines on stderr about a campaign. */
#include "cli/tell.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "cli/seen.h"
#include "report/field.h"
#include "report/report.h"
#include "report/text.h"

struct teller {
	const char *state, *where;
	bool terminal, line_open, only_held;
	int64_t last_line_ns;			 /* elapsed time of the last plain line */
	void (*fn)(void *ctx, const char *line); /* or NULL */
	void *ctx;
	char *kept[TELL_KEPT_MAX]; /* that only fn got */
	size_t kept_count;
	json_t *signatures; /* told so far: "BUILD: SIGNATURE" -> true */
};

struct teller *teller_new(const char *state, const char *where)
{
	struct teller *teller = mem_new(struct teller);

	teller->state = state;
	teller->where = where;
	teller->terminal = isatty(STDERR_FILENO);
	teller->signatures = json_object();
	return teller;
}

void teller_free(struct teller *teller)
{
	if (!teller)
		return;
	json_decref(teller->signatures);
	free(teller);
}

static void keep(struct teller *teller, const char *line)
{
	if (teller->kept_count == TELL_KEPT_MAX) {
		free(teller->kept[0]);
		memmove(teller->kept, teller->kept + 1,
			--teller->kept_count * sizeof(*teller->kept));
	}
	teller->kept[teller->kept_count++] = mem_strdup(line);
}

void teller_say(struct teller *teller, const char *fmt, ...)
{
	auto_free char *line = NULL;
	va_list ap;

	va_start(ap, fmt);
	line = mem_vprintf(fmt, ap);
	va_end(ap);
	if (teller->fn)
		teller->fn(teller->ctx, line);
	if (teller->fn && teller->terminal) {
		keep(teller, line);
		return;
	}
	if (teller->line_open)
		fputs("\r\033[K", stderr);
	teller->line_open = false;
	fprintf(stderr, "%s\n", line);
}

void teller_divert(struct teller *teller, void (*fn)(void *ctx, const char *line), void *ctx)
{
	teller->fn = fn;
	teller->ctx = ctx;
	for (size_t i = 0; !fn && i < teller->kept_count; i++) {
		fprintf(stderr, "%s\n", teller->kept[i]);
		free(teller->kept[i]);
	}
	if (!fn)
		teller->kept_count = 0;
}

void teller_end_line(struct teller *teller)
{
	if (teller->line_open)
		fputc('\n', stderr);
	teller->line_open = false;
}

void teller_progress(struct teller *teller, json_t *data)
{
	int64_t elapsed = field_integer(data, "elapsed-ns");
	bool only_held = json_is_true(json_object_get(data, "only-held"));
	auto_free char *line = NULL;

	if (only_held && !teller->only_held)
		teller_say(teller,
			   "only held VMs are left: the campaign goes on once they are released: "
			   "qsoak release --all%s",
			   teller->where);
	teller->only_held = only_held;
	if (teller->terminal ? teller->fn != NULL : elapsed - teller->last_line_ns < TELL_LINE_NS)
		return;
	teller->last_line_ns = elapsed;
	line = report_progress(data);
	if (!teller->terminal) {
		teller_say(teller, "%s", line);
		return;
	}
	fprintf(stderr, "\r\033[K%s", line);
	teller->line_open = true;
}

void teller_failure(struct teller *teller, json_t *data)
{
	auto_free char *signature = text_printable(field_text(data, "signature"));
	auto_free char *incident = text_printable(field_text(data, "incident"));
	auto_free char *build = text_printable(field_text(data, "build"));
	auto_free char *kind = mem_printf("%s: %s", build, signature);
	auto_free char *loops = text_count(field_integer(data, "loops"), "loop");
	json_t *expected_value = json_object_get(data, "expected");
	bool expected = json_is_true(expected_value) || json_integer_value(expected_value);
	const char *state = teller->state;
	auto_free char *evidence =
		field_known(data, "incident")
			? mem_printf(" (%s%s%s)", state ? state : "", state ? "/" : "", incident)
			: mem_strdup("");

	if (json_object_get(teller->signatures, kind))
		return;
	json_object_set_new(teller->signatures, kind, json_true());
	teller_say(teller, "failure %" PRId64 "%s: build %s, slot %" PRId64 ", after %s: %s%s",
		   seen_id(data), expected ? ", expected" : "", build, field_integer(data, "slot"),
		   loops, signature, evidence);
}

/* With the commands to type. */
void teller_held(struct teller *teller, json_t *data)
{
	json_t *pids = json_object_get(data, "pids");
	auto_free char *text = report_pids(pids);

	teller_say(teller,
		   "held: incident %" PRId64 ", %s: gdb -p %lld; qsoak release %" PRId64 "%s",
		   field_integer(data, "incident"), text,
		   (long long)json_integer_value(json_array_get(pids, 0)),
		   field_integer(data, "incident"), teller->where);
}

void teller_paused(struct teller *teller, json_t *data)
{
	auto_free char *why = text_printable(field_text(data, "reason"));

	teller_say(teller, "paused: %s", why);
}

void teller_resumed(struct teller *teller, json_t *data)
{
	auto_free char *cause = text_printable(field_text(data, "cause"));

	teller_say(teller, "no longer paused (%s)", cause);
}

void teller_inconclusive(struct teller *teller, json_t *data)
{
	json_t *unseen = json_object_get(data, "unseen"), *few = json_object_get(data, "short");
	json_t *one;
	size_t i;

	json_array_foreach(unseen, i, one) {
		auto_free char *build = text_printable(field_text(one, "build"));
		auto_free char *signature = text_printable(field_text(one, "signature"));

		if (field_integer(one, "times"))
			teller_say(teller,
				   "inconclusive: expected of build %s %" PRId64
				   " times, but seen %" PRId64 " times: %s",
				   build, field_integer(one, "wanted"), field_integer(one, "times"),
				   signature);
		else
			teller_say(teller, "inconclusive: expected of build %s, but never seen: %s",
				   build, signature);
	}
	json_array_foreach(few, i, one) {
		auto_free char *build = text_printable(field_text(one, "build"));

		teller_say(teller, "inconclusive: build %s has done %" PRId64 " loops of %" PRId64,
			   build, field_integer(one, "loops"), field_integer(one, "wanted"));
	}
	if (!field_integer(data, "loops"))
		teller_say(teller, "inconclusive: no loop was finished");
}
