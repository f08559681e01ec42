// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: the alternate screen, so that what was on the terminal is there again afterwards; no wrapping, no
 * cursor. A frame is one write, and each of its lines is erased behind its text only: nothing flickers. Signals that
 * end a process do so after the handler here has given the terminal back.
 */
#include "cli/terminal.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/mem.h"

static const char take[] = "\033[?1049h\033[?25l\033[?7l\033[2J";
static const char give_back[] = "\033[?7h\033[?25h\033[?1049l";

static const int fatal[] = { SIGABRT, SIGBUS, SIGFPE, SIGHUP, SIGILL, SIGQUIT, SIGSEGV };

struct terminal {
	struct ev_loop *loop;
	ev_signal resized, stop;
	struct sigaction before[ARRAY_SIZE(fatal)];
	void (*redraw)(void *ctx);
	void *ctx;
};

bool terminal_there(void)
{
	const char *kind = getenv("TERM");

	return isatty(STDOUT_FILENO) && kind && *kind && strcmp(kind, "dumb");
}

static struct winsize get_size(void)
{
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || !size.ws_row || !size.ws_col)
		return (struct winsize){ .ws_row = 24, .ws_col = 80 };
	return size;
}

size_t terminal_rows(void)
{
	return get_size().ws_row;
}

/* A terminal that has gone is no matter of ours. */
static void write_all(const char *text, size_t size)
{
	while (size) {
		ssize_t n = write(STDOUT_FILENO, text, size);

		if (n < 0 && errno == EAGAIN)
			poll(&(struct pollfd){ .fd = STDOUT_FILENO, .events = POLLOUT }, 1, -1);
		else if (n < 0 && errno != EINTR)
			return;
		else if (n > 0)
			text += n, size -= (size_t)n;
	}
}

static void dies(int number)
{
	/* The action has been reset to the default one. */
	if (write(STDOUT_FILENO, give_back, sizeof(give_back) - 1) >= 0)
		raise(number);
	raise(number);
}

static void resized(struct ev_loop *loop, ev_signal *watch, int revents)
{
	struct terminal *terminal = watch->data;

	(void)loop;
	(void)revents;
	terminal->redraw(terminal->ctx);
}

/* Ctrl-Z: the shell gets its terminal as it was, and we ours when we go on. */
static void stop(struct ev_loop *loop, ev_signal *watch, int revents)
{
	struct terminal *terminal = watch->data;

	(void)loop;
	(void)revents;
	write_all(give_back, sizeof(give_back) - 1);
	raise(SIGSTOP);
	write_all(take, sizeof(take) - 1);
	terminal->redraw(terminal->ctx);
}

static void watch_signal(struct terminal *terminal, ev_signal *watch, int number,
			 void (*fn)(struct ev_loop *loop, ev_signal *watch, int revents))
{
	ev_signal_init(watch, fn, number);
	watch->data = terminal;
	ev_signal_start(terminal->loop, watch);
}

struct terminal *terminal_new(struct ev_loop *loop, void (*redraw)(void *ctx), void *ctx)
{
	const struct sigaction action = { .sa_handler = dies,
					  .sa_flags = SA_RESETHAND | SA_NODEFER };
	struct terminal *terminal = mem_new(struct terminal);

	terminal->loop = loop;
	terminal->redraw = redraw;
	terminal->ctx = ctx;
	for (size_t i = 0; i < ARRAY_SIZE(fatal); i++)
		sigaction(fatal[i], &action, &terminal->before[i]);
	watch_signal(terminal, &terminal->resized, SIGWINCH, resized);
	watch_signal(terminal, &terminal->stop, SIGTSTP, stop);
	write_all(take, sizeof(take) - 1);
	return terminal;
}

void terminal_free(struct terminal *terminal)
{
	if (!terminal)
		return;
	write_all(give_back, sizeof(give_back) - 1);
	ev_signal_stop(terminal->loop, &terminal->resized);
	ev_signal_stop(terminal->loop, &terminal->stop);
	for (size_t i = 0; i < ARRAY_SIZE(fatal); i++)
		sigaction(fatal[i], &terminal->before[i], NULL);
	free(terminal);
}

/* Bytes of the first characters of a line, as many as fit. */
static size_t fitting(const char *line, size_t columns)
{
	size_t size = 0;

	for (; line[size]; size++) {
		bool begins = ((unsigned char)line[size] & 0xc0) != 0x80;

		if (begins && columns-- == 0)
			break;
	}
	return size;
}

void terminal_draw(struct terminal *terminal, const char *const *lines, size_t count)
{
	struct winsize size = get_size();
	auto_free char *frame = NULL;
	size_t frame_size;
	FILE *out = open_memstream(&frame, &frame_size);

	(void)terminal;
	if (!out)
		return;
	fputs("\033[H", out);
	for (size_t i = 0; i < count && i < size.ws_row; i++) {
		if (i)
			fputs("\r\n", out);
		fwrite(lines[i], 1, fitting(lines[i], size.ws_col), out);
		fputs("\033[K", out);
	}
	fputs("\033[J", out);
	if (fclose(out) == 0)
		write_all(frame, frame_size);
}
