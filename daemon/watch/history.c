// SPDX-License-Identifier: GPL-2.0-or-later
/* A ring of looks. */
#include "watch/history.h"

#include <inttypes.h>

#include "base/clock.h"

void history_add(struct history *history, const struct stall_look *look, const char *step)
{
	history->entries[history->total++ % HISTORY_LOOKS] =
		(struct history_entry){ .look = *look, .step = step };
}

static void print_wait(int64_t sent_ns, int64_t at_ns, FILE *out)
{
	if (sent_ns)
		fprintf(out, " %11" PRId64, (at_ns - sent_ns) / CLOCK_NS_PER_MS);
	else
		fprintf(out, " %11s", "-");
}

static void print_entry(const struct history_entry *entry, FILE *out)
{
	const struct stall_look *look = &entry->look;

	fprintf(out, "%10" PRId64 ".%03d", look->at_ns / CLOCK_NS_PER_S,
		(int)(look->at_ns % CLOCK_NS_PER_S / CLOCK_NS_PER_MS));
	print_wait(look->in_band_sent_ns, look->at_ns, out);
	print_wait(look->out_of_band_sent_ns, look->at_ns, out);
	if (look->telemetry)
		fprintf(out, " %12" PRIu64, look->ticks);
	else
		fprintf(out, " %12s", "-");
	/* Of a QEMU that answers and whose guest moves, the thread is not looked at. */
	fprintf(out, " %c %s\n", look->state_assumed ? '-' : look->state,
		entry->step ? entry->step : "-");
}

void history_print(const struct history *history, FILE *out)
{
	size_t first = history->total > HISTORY_LOOKS ? history->total - HISTORY_LOOKS : 0;

	fprintf(out, "%14s %11s %11s %12s %c %s\n", "monotonic", "in-band", "out-of-band",
		"guest-ticks", 's', "step");
	for (size_t i = first; i < history->total; i++)
		print_entry(&history->entries[i % HISTORY_LOOKS], out);
}
