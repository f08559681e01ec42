/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a profile may choose of an operation, and the names it uses for it. */
#ifndef QSOAK_OP_CHOICE_H
#define QSOAK_OP_CHOICE_H

#include <stdbool.h>
#include <stdint.h>

enum op_transport {
	OP_TRANSPORT_UNIX, /* a socket in the VM's folder */
	OP_TRANSPORT_TCP,  /* 127.0.0.1, a port that the destination chooses */
	OP_TRANSPORT_COUNT,
};

/* Of multifd's channels. */
enum op_compression {
	OP_COMPRESSION_NONE,
	OP_COMPRESSION_ZLIB,
	OP_COMPRESSION_ZSTD,
	OP_COMPRESSION_COUNT,
};

enum op_shutdown {
	OP_SHUTDOWN_QUIT, /* the command */
	OP_SHUTDOWN_SIGTERM,
	OP_SHUTDOWN_COUNT,
};

/* -1 where name is none. */
const char *op_transport_name(enum op_transport transport);
int op_transport_find(const char *name);
const char *op_compression_name(enum op_compression compression);
int op_compression_find(const char *name);
const char *op_shutdown_name(enum op_shutdown shutdown);
int op_shutdown_find(const char *name);

/* How a migration is done. Parameters outlive a migration in QEMU, so all are set each time. */
struct op_migration {
	unsigned channels; /* of multifd; 0: precopy over one stream */
	enum op_transport transport;
	enum op_compression compression; /* none without channels */
	int64_t bandwidth_bytes;	 /* a second, at most */
	int64_t downtime_limit_ns;
	bool dirty_bitmaps; /* a bitmap of the disk moves along */
	bool peer_to_peer;  /* led by the source's libvirtd */
	bool block;	    /* block migration: the destination has images of its own */
};

/* QEMU's own defaults. */
#define OP_BANDWIDTH_DEFAULT_BYTES (128ll << 20)
#define OP_DOWNTIME_LIMIT_DEFAULT_NS 300000000ll

#endif
