/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Migration between two fakes over a UNIX socket: the commands, the status and the source. */
#ifndef QSOAK_TESTS_FAKE_MIGRATION_H
#define QSOAK_TESTS_FAKE_MIGRATION_H

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/un.h>

#include "settings.h"

struct fake;
struct request;

/* Where a migration goes: a UNIX socket, or a port of 127.0.0.1. */
struct address {
	union {
		struct sockaddr any;
		struct sockaddr_un un;
		struct sockaddr_in in;
	};
	socklen_t size;
};

/* Guarded by the BQL; the threads of the two sides read what was set before they started. */
struct migration {
	struct fake *fake;
	struct settings settings;
	const char *status; /* NULL: none yet */
	char error[256];    /* "": none */
	bool outgoing;

	/* The source. */
	struct address to;
	unsigned active_ms;
	bool sticks;
	bool late_times;
	bool disorder;
	bool cancelled;
	int cancel; /* eventfd */
	int passes;
	long long start_ns;
	long long setup_ns;
	long long downtime_ns;
	long long total_ns;
	long long told_ns; /* when the times can be seen */

	/* The destination. */
	struct address at;
	int listener; /* -1: none */
	bool dies;
};

struct migration *migration_new(struct fake *fake);

/* Whether one goes out now. */
bool migration_running(const struct migration *migration);

/* Sets the status, with the event if the client has asked for it. */
void migration_set_status(struct migration *migration, const char *status);

/* False after an error reply. */
bool migration_has_address(struct request *request);

/* "unix:PATH" or "tcp:127.0.0.1:PORT" to an address. False after an error reply. */
bool migration_address(struct request *request, struct address *ret_address);

/* As error texts name it: a path or a port. */
const char *migration_address_text(const struct address *address, char *buffer, size_t size);

void migration_migrate(struct request *request);
void migration_cancel(struct request *request);
void migration_query(struct request *request);
void migration_set_capabilities(struct request *request);
void migration_query_capabilities(struct request *request);
void migration_set_parameters(struct request *request);
void migration_query_parameters(struct request *request);

#endif
