/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Migration between two fakes over a UNIX socket: the commands, the status and the source. */
#ifndef QSOAK_TESTS_FAKE_MIGRATION_H
#define QSOAK_TESTS_FAKE_MIGRATION_H

#include <stdbool.h>
#include <sys/un.h>

#include "settings.h"

struct fake;
struct request;

/* Guarded by the BQL; the threads of the two sides read what was set before they started. */
struct migration {
	struct fake *fake;
	struct settings settings;
	const char *status; /* NULL: none yet */
	char error[256];    /* "": none */
	bool outgoing;

	/* The source. */
	struct sockaddr_un to;
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
	struct sockaddr_un at;
	int listener; /* -1: none */
	bool dies;
};

struct migration *migration_new(struct fake *fake);

/* Whether one goes out now. */
bool migration_running(const struct migration *migration);

/* Sets the status, with the event if the client has asked for it. */
void migration_set_status(struct migration *migration, const char *status);

/* "unix:PATH" to an address. False after an error reply. */
bool migration_address(struct request *request, struct sockaddr_un *ret_address);

void migration_migrate(struct request *request);
void migration_cancel(struct request *request);
void migration_query(struct request *request);
void migration_set_capabilities(struct request *request);
void migration_query_capabilities(struct request *request);
void migration_set_parameters(struct request *request);
void migration_query_parameters(struct request *request);

#endif
