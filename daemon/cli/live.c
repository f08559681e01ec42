// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: a timer asks for the status, unless the last answer is still due, and draws what is known.
 * The lines of a frame are made first, then cut to the terminal: what is above goes first, and slots that find no room
 * are summed up.
 */
#include "cli/live.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "cli/terminal.h"
#include "report/field.h"
#include "report/report.h"
#include "report/text.h"

/* Of the table of slots: titles, one slot, the sum. */
#define SLOT_LINES_MIN 3

struct sample {
	int64_t elapsed_ns, loops;
};

struct live {
	struct link *link;
	const struct seen *seen;
	struct terminal *terminal;
	ev_timer timer;
	json_t *status;	  /* NULL: there was no answer yet */
	int64_t asked_ns; /* 0: no answer is due */
	int64_t answered_ns;
	struct sample samples[LIVE_SAMPLES];
	size_t sample_count;
	char *notes[LIVE_NOTES_MAX];
	size_t note_count;
};

struct frame {
	char **lines;
	size_t count;
};

/* Takes line over. */
static void add(struct frame *frame, char *line)
{
	frame->lines = mem_realloc(frame->lines, frame->count + 1, sizeof(*frame->lines));
	frame->lines[frame->count++] = line;
}

static void add_samples(struct live *live)
{
	struct sample sample = { field_integer(live->status, "elapsed-ns"),
				 field_integer(live->status, "loops") };

	/* Another qsoakd may know of fewer. */
	if (live->sample_count && live->samples[live->sample_count - 1].loops > sample.loops)
		live->sample_count = 0;
	if (live->sample_count == LIVE_SAMPLES)
		memmove(live->samples, live->samples + 1, --live->sample_count * sizeof(sample));
	live->samples[live->sample_count++] = sample;
}

static double loops_a_second(const struct live *live)
{
	const struct sample *first = live->samples;
	const struct sample *last =
		live->samples + (live->sample_count ? live->sample_count - 1 : 0);
	int64_t ns = last->elapsed_ns - first->elapsed_ns;

	return ns > 0 ? (double)(last->loops - first->loops) * CLOCK_NS_PER_S / (double)ns : 0.;
}

/* "345 of 1000 loops", "345 loops". */
static char *of(const json_t *status, const char *done, const char *wanted, const char *noun)
{
	return field_integer(status, wanted)
		       ? mem_printf("%" PRId64 " of %" PRId64 " %s", field_integer(status, done),
				    field_integer(status, wanted), noun)
		       : mem_printf("%" PRId64 " %s", field_integer(status, done), noun);
}

static void add_budget(struct live *live, struct frame *frame)
{
	const json_t *s = live->status;
	auto_free char *name = text_printable(field_text(s, "name"));
	auto_free char *elapsed = text_long_duration(field_integer(s, "elapsed-ns"));
	auto_free char *duration = text_long_duration(field_integer(s, "duration-ns"));
	auto_free char *loops = of(s, "loops", "loops-wanted", "loops");
	auto_free char *blocks = of(s, "blocks", "blocks-wanted", "blocks");
	auto_free char *vms = of(s, "vms", "vms-wanted", "VMs");
	bool limited = field_integer(s, "duration-ns");

	add(frame, mem_printf("campaign %" PRId64 " %s  %s%s%s  %s (%.1f/s)%s%s%s%s",
			      field_integer(s, "campaign"), name, elapsed, limited ? " of " : "",
			      limited ? duration : "", loops, loops_a_second(live),
			      field_integer(s, "blocks-wanted") ? "  " : "",
			      field_integer(s, "blocks-wanted") ? blocks : "",
			      field_integer(s, "vms-wanted") ? "  " : "",
			      field_integer(s, "vms-wanted") ? vms : ""));
}

static void add_state(struct live *live, struct frame *frame)
{
	const json_t *s = live->status;
	auto_free char *paused = text_printable(field_text(s, "paused"));
	auto_free char *lag = text_duration(field_integer(s, "loop-lag-ns"));
	int64_t silent_ns = clock_now_ns() - live->answered_ns;
	char *line = NULL;

	if (link_closed(live->link))
		mem_append(&line, ", ", "qsoakd has gone");
	else if (silent_ns > LIVE_SILENCE_NS)
		mem_append(&line, ", ", "qsoakd has not answered for %" PRId64 " s",
			   silent_ns / CLOCK_NS_PER_S);
	if (field_known(s, "paused"))
		mem_append(&line, ", ", "paused: %s", paused);
	if (json_is_true(json_object_get(s, "stopping")))
		mem_append(&line, ", ", "stopping");
	if (field_integer(s, "held"))
		mem_append(&line, ", ", "%" PRId64 " held", field_integer(s, "held"));
	mem_append(&line, ", ", "lag %s", lag);
	add(frame, line);
}

static void add_classes(struct live *live, struct frame *frame)
{
	auto_free char *count = text_failures(field_integer(live->status, "failures"),
					      field_integer(live->status, "expected"));
	char *classes = NULL;
	const char *class;
	json_t *n;

	json_object_foreach(seen_classes(live->seen), class, n) {
		auto_free char *name = text_printable(class);

		mem_append(&classes, ", ", "%s %lld", name, (long long)json_integer_value(n));
	}
	add(frame, mem_printf("%s%s%s", count, classes ? ": " : "", classes ? classes : ""));
	free(classes);
}

/* What the slots do that find no room: of a long line the end is cut. */
static char *sum_slots(json_t *slots, size_t first)
{
	auto_json json_t *states = json_object();
	auto_free char *line = NULL;
	int64_t loops = 0;
	const char *state;
	json_t *n;

	for (size_t i = first; i < json_array_size(slots); i++) {
		json_t *slot = json_array_get(slots, i);

		state = text_or_dash(field_text(slot, "state"));
		json_object_set_new(states, state, json_integer(field_integer(states, state) + 1));
		loops += field_integer(slot, "loops");
	}
	json_object_foreach(states, state, n) {
		auto_free char *name = text_printable(state);

		mem_append(&line, ", ", "%lld %s", (long long)json_integer_value(n), name);
	}
	return mem_printf("and %zu more, %" PRId64 " loops: %s", json_array_size(slots) - first,
			  loops, line ?: "");
}

static void add_slots(struct live *live, struct frame *frame, size_t room)
{
	json_t *slots = json_object_get(live->status, "slots");
	size_t count = json_array_size(slots);
	size_t shown = count + 1 <= room ? count : room - 2;
	auto_json json_t *first = json_array();
	auto_free char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return;
	for (size_t i = 0; i < shown; i++)
		json_array_append(first, json_array_get(slots, i));
	report_slots(first, out);
	fclose(out);
	for (char *rest = text, *line; (line = strsep(&rest, "\n")) && rest;)
		add(frame, mem_strdup(line));
	if (shown < count)
		add(frame, sum_slots(slots, shown));
}

static void add_kinds(struct live *live, struct frame *frame, size_t room)
{
	struct seen_kind kinds[LIVE_KINDS_MAX];
	size_t count = seen_newest(live->seen, kinds, LIVE_KINDS_MAX);

	if (!count || room < 3)
		return;
	add(frame, mem_strdup(""));
	add(frame, mem_strdup("TIMES  NEWEST FAILURES"));
	for (size_t i = 0; i < count && i + 2 < room; i++) {
		auto_free char *build = text_printable(kinds[i].build);
		auto_free char *signature = text_printable(kinds[i].signature);

		add(frame, mem_printf("%5" PRId64 "  %s: %s", kinds[i].count, build, signature));
	}
}

static void add_notes(struct live *live, struct frame *frame, size_t room)
{
	size_t first = live->note_count + 1 > room ? live->note_count + 1 - room : 0;

	if (!live->note_count || room < 2)
		return;
	add(frame, mem_strdup(""));
	for (size_t i = first; i < live->note_count; i++)
		add(frame, mem_strdup(live->notes[i]));
}

static void draw(void *ctx)
{
	struct live *live = ctx;
	size_t rows = terminal_rows(), room;
	struct frame frame = { 0 }, below = { 0 };

	if (!live->status) {
		add(&frame, mem_strdup("qsoakd is asked what it does"));
	} else {
		add_budget(live, &frame);
		add_state(live, &frame);
		add_classes(live, &frame);
		add(&frame, mem_strdup(""));
		room = rows > frame.count + SLOT_LINES_MIN ? rows - frame.count - SLOT_LINES_MIN
							   : 0;
		add_notes(live, &below, room);
		add_kinds(live, &below, room - below.count);
		room = rows > frame.count + below.count ? rows - frame.count - below.count : 0;
		add_slots(live, &frame, room > SLOT_LINES_MIN ? room : SLOT_LINES_MIN);
	}
	for (size_t i = 0; i < below.count; i++)
		add(&frame, below.lines[i]);
	free(below.lines);
	terminal_draw(live->terminal, (const char *const *)frame.lines, frame.count);
	for (size_t i = 0; i < frame.count; i++)
		free(frame.lines[i]);
	free(frame.lines);
}

static void answer_in(void *ctx, const struct qmp_reply *reply)
{
	struct live *live = ctx;

	live->asked_ns = 0;
	/* Without a campaign, its end is on its way to us. */
	if (reply->error || !field_known(reply->value, "campaign"))
		return;
	live->answered_ns = clock_now_ns();
	json_decref(live->status);
	live->status = json_incref(reply->value);
	add_samples(live);
	draw(live);
}

static void period(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct live *live = timer->data;
	int64_t now_ns = clock_now_ns();

	(void)loop;
	(void)revents;
	/* A link that was lost meanwhile does not bring the answer any more. */
	if (!link_closed(live->link) && now_ns - live->asked_ns > LIVE_SILENCE_NS) {
		link_forget(live->link, live);
		link_send(live->link, "query-status", NULL, answer_in, live);
		live->asked_ns = now_ns;
	}
	if (!live->status || now_ns - live->answered_ns > LIVE_PERIOD_NS * 2)
		draw(live);
}

struct live *live_new(struct link *link, const struct seen *seen)
{
	struct live *live;

	if (!terminal_there())
		return NULL;
	live = mem_new(struct live);
	live->link = link;
	live->seen = seen;
	live->answered_ns = clock_now_ns();
	live->terminal = terminal_new(link_loop(link), draw, live);
	ev_timer_init(&live->timer, period, 0., (double)LIVE_PERIOD_NS / CLOCK_NS_PER_S);
	live->timer.data = live;
	ev_timer_start(link_loop(link), &live->timer);
	return live;
}

void live_free(struct live *live)
{
	if (!live)
		return;
	link_forget(live->link, live);
	ev_timer_stop(link_loop(live->link), &live->timer);
	terminal_free(live->terminal);
	json_decref(live->status);
	for (size_t i = 0; i < live->note_count; i++)
		free(live->notes[i]);
	free(live);
}

void live_note(void *ctx, const char *line)
{
	struct live *live = ctx;

	if (live->note_count == LIVE_NOTES_MAX) {
		free(live->notes[0]);
		memmove(live->notes, live->notes + 1, --live->note_count * sizeof(*live->notes));
	}
	live->notes[live->note_count++] = mem_strdup(line);
	draw(live);
}
