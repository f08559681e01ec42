/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The small commands: negotiation, run state, and what QEMU says of itself. */
#ifndef QSOAK_TESTS_FAKE_COMMAND_H
#define QSOAK_TESTS_FAKE_COMMAND_H

struct request;

void command_negotiate(struct request *request);
void command_query_version(struct request *request);
void command_query_name(struct request *request);
void command_query_kvm(struct request *request);
void command_query_cpus(struct request *request);
void command_query_schema(struct request *request);
void command_query_yank(struct request *request);
void command_query_status(struct request *request);
void command_stop(struct request *request);
void command_cont(struct request *request);
void command_reset(struct request *request);
void command_quit(struct request *request);

#endif
