// SPDX-License-Identifier: GPL-2.0-or-later
/* A ring of lines. */
#include "qmp/transcript.h"

#include "base/clock.h"
#include "base/mem.h"

void transcript_add(struct transcript *transcript, char direction, int64_t at_ns, const char *text,
		    size_t size)
{
	struct transcript_line *line =
		&transcript->lines[transcript->total++ % TRANSCRIPT_LINES_MAX];

	free(line->text);
	line->at_ns = at_ns;
	line->direction = direction;
	line->text = mem_strndup(text, size < TRANSCRIPT_LINE_MAX ? size : TRANSCRIPT_LINE_MAX);
}

void transcript_finish(struct transcript *transcript)
{
	for (size_t i = 0; i < TRANSCRIPT_LINES_MAX; i++)
		free(transcript->lines[i].text);
	*transcript = (struct transcript){ 0 };
}

void transcript_print(const struct transcript *transcript, FILE *out)
{
	size_t first = transcript->total > TRANSCRIPT_LINES_MAX
			       ? transcript->total - TRANSCRIPT_LINES_MAX
			       : 0;

	if (first)
		fprintf(out, "# %zu earlier lines are not kept\n", first);
	for (size_t i = first; i < transcript->total; i++) {
		const struct transcript_line *line = &transcript->lines[i % TRANSCRIPT_LINES_MAX];

		fprintf(out, "%lld.%06lld %c %s\n", (long long)(line->at_ns / CLOCK_NS_PER_S),
			(long long)(line->at_ns % CLOCK_NS_PER_S / 1000), line->direction,
			line->text);
	}
}
