/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A QEMU on strings: a real child process that does nothing, and whose QMP socket and RAM are in the
 * test's hands. So a test decides what is said and when, and nothing depends on time.
 *
 * The test program is its own puppet: started with `-puppet PATH` among QEMU's options it connects
 * to PATH, hands its descriptors over, and waits to be told with which status to exit. SIGTERM it
 * only reports.
 */
#ifndef QSOAK_TESTS_UNIT_PUPPET_H
#define QSOAK_TESTS_UNIT_PUPPET_H

#include "tests/unit/helper.h"

#include <jansson.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "guests/telemetry.h"

struct puppet {
	int control, qmp; /* -1: none */
	struct telemetry *page;
	bool terminated; /* it got SIGTERM */
	char line[16384];
	size_t used;
};

#define PUPPET_NONE ((struct puppet){ .control = -1, .qmp = -1 })

/* The child's side. */

static int puppet_control = -1;

static inline void puppet_report(int signal)
{
	(void)signal;
	/* Nothing can be done about a test that has gone. */
	if (write(puppet_control, "T", 1) < 0)
		_exit(99);
}

static inline struct sockaddr_un puppet_address(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	return address;
}

static inline bool puppet_hand_over(int qmp, int ram)
{
	char byte = 0, room[CMSG_SPACE(2 * sizeof(int))] = { 0 };
	struct iovec data = { &byte, 1 };
	struct msghdr message = { .msg_iov = &data,
				  .msg_iovlen = 1,
				  .msg_control = room,
				  .msg_controllen = sizeof(room) };
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(2 * sizeof(int));
	memcpy(CMSG_DATA(header), (int[]){ qmp, ram }, 2 * sizeof(int));
	return sendmsg(puppet_control, &message, 0) == 1;
}

/* If this process was started as a puppet, plays it to its end and does not return. */
static inline void puppet_main(int argc, char **argv)
{
	struct sockaddr_un address;
	const char *path = NULL;
	int qmp = -1, ram = -1;
	unsigned char status;

	for (int i = 1; i < argc; i++) {
		const char *mem = strstr(argv[i], "mem-path=/proc/self/fd/");

		sscanf(argv[i], "socket,id=qmp,fd=%d", &qmp);
		if (mem)
			sscanf(mem, "mem-path=/proc/self/fd/%d", &ram);
		if (!strcmp(argv[i], "-puppet") && i + 1 < argc)
			path = argv[i + 1];
	}
	if (!path)
		return;
	/* Who does not map its RAM is no QEMU. */
	if (mmap(NULL, TELEMETRY_SIZE, PROT_READ, MAP_SHARED, ram, 0) == MAP_FAILED)
		_exit(96);
	address = puppet_address(path);
	puppet_control = socket(AF_UNIX, SOCK_STREAM, 0);
	signal(SIGTERM, puppet_report);
	if (connect(puppet_control, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    !puppet_hand_over(qmp, ram))
		_exit(98);
	/* The test's copy is the only one now. */
	close(qmp);
	while (read(puppet_control, &status, 1) != 1)
		if (errno != EINTR)
			_exit(97);
	_exit(status);
}

/* The test's side. */

static inline int puppet_listen(const char *path)
{
	struct sockaddr_un address = puppet_address(path);
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(listener, 2), 0);
	return listener;
}

/* Takes the next one that has connected; false if none has. */
static inline bool puppet_accept(int listener, struct puppet *puppet)
{
	char byte, room[CMSG_SPACE(2 * sizeof(int))];
	struct iovec data = { &byte, 1 };
	struct msghdr message = { .msg_iov = &data,
				  .msg_iovlen = 1,
				  .msg_control = room,
				  .msg_controllen = sizeof(room) };
	int control = accept4(listener, NULL, NULL, SOCK_CLOEXEC), fds[2];

	if (control < 0)
		return false;
	/* It sends at once. */
	assert_int_equal(recvmsg(control, &message, MSG_CMSG_CLOEXEC), 1);
	memcpy(fds, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(fds));
	puppet->control = control;
	puppet->qmp = fds[0];
	puppet->page = mmap(NULL, TELEMETRY_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fds[1],
			    TELEMETRY_GPA);
	assert_true(puppet->page != MAP_FAILED);
	close(fds[1]);
	return true;
}

static inline void puppet_finish(struct puppet *puppet)
{
	if (puppet->page)
		munmap(puppet->page, TELEMETRY_SIZE);
	fd_close(&puppet->control);
	fd_close(&puppet->qmp);
}

/* Takes in what it has got: commands and SIGTERM. */
static inline void puppet_look(struct puppet *puppet)
{
	ssize_t n = 0;
	char byte;

	if (puppet->control >= 0 && recv(puppet->control, &byte, 1, MSG_DONTWAIT) == 1)
		puppet->terminated = true;
	if (puppet->qmp >= 0)
		n = recv(puppet->qmp, puppet->line + puppet->used,
			 sizeof(puppet->line) - puppet->used, MSG_DONTWAIT);
	if (n > 0)
		puppet->used += (size_t)n;
}

/* The next command that has come, or NULL; the caller decrefs. */
static inline json_t *puppet_command(struct puppet *puppet)
{
	char *end = memchr(puppet->line, '\n', puppet->used);
	json_t *command;
	size_t size;

	if (!end)
		return NULL;
	size = (size_t)(end - puppet->line) + 1;
	command = json_loadb(puppet->line, size, 0, NULL);
	assert_non_null(command);
	puppet->used -= size;
	memmove(puppet->line, end + 1, puppet->used);
	return command;
}

/* Sends a line; takes the message. */
static inline void puppet_say(struct puppet *puppet, json_t *message)
{
	auto_free char *text = json_dumps(message, JSON_COMPACT);

	assert_non_null(text);
	json_decref(message);
	/* Who does not read any more has gone, and the test knows. */
	if (puppet->qmp >= 0)
		dprintf(puppet->qmp, "%s\n", text);
}

/* Closes the QMP connection; the process lives on. */
static inline void puppet_close(struct puppet *puppet)
{
	fd_close(&puppet->qmp);
}

static inline void puppet_exit(struct puppet *puppet, int status)
{
	unsigned char byte = (unsigned char)status;

	if (send(puppet->control, &byte, 1, MSG_NOSIGNAL) != 1)
		assert_int_equal(errno, EPIPE); /* it had been told before */
}

#endif
