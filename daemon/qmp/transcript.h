/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The transcript: the last lines of a QMP connection with their times, for the evidence.
 */
#ifndef QSOAK_QMP_TRANSCRIPT_H
#define QSOAK_QMP_TRANSCRIPT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* What one connection keeps: this many lines, each cut at this length. */
#define TRANSCRIPT_LINES_MAX 512
#define TRANSCRIPT_LINE_MAX 2048

struct transcript_line {
	int64_t at_ns;	/* CLOCK_MONOTONIC, when it was sent or read */
	char direction; /* '>' sent, '<' received */
	char *text;
};

struct transcript {
	struct transcript_line lines[TRANSCRIPT_LINES_MAX];
	size_t total; /* lines ever added */
};

/* Zeroed memory is an empty transcript. */
void transcript_add(struct transcript *transcript, char direction, int64_t at_ns, const char *text,
		    size_t size);
void transcript_finish(struct transcript *transcript);

/* A line each, oldest first: seconds (monotonic), direction, text. */
void transcript_print(const struct transcript *transcript, FILE *out);

#endif
