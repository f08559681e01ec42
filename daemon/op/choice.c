// SPDX-License-Identifier: GPL-2.0-or-later
/* Names of what a profile may choose. */
#include "op/choice.h"

#include "base/names.h"

/* These two are also QEMU's own words. */
static const char *const transport_names[] = {
	[OP_TRANSPORT_UNIX] = "unix",
	[OP_TRANSPORT_TCP] = "tcp",
};
NAMES_COMPLETE(transport_names, OP_TRANSPORT_COUNT);

static const char *const compression_names[] = {
	[OP_COMPRESSION_NONE] = "none",
	[OP_COMPRESSION_ZLIB] = "zlib",
	[OP_COMPRESSION_ZSTD] = "zstd",
};
NAMES_COMPLETE(compression_names, OP_COMPRESSION_COUNT);

static const char *const shutdown_names[] = {
	[OP_SHUTDOWN_QUIT] = "quit",
	[OP_SHUTDOWN_SIGTERM] = "sigterm",
};
NAMES_COMPLETE(shutdown_names, OP_SHUTDOWN_COUNT);

const char *op_transport_name(enum op_transport transport)
{
	return names_of(transport_names, OP_TRANSPORT_COUNT, transport);
}

int op_transport_find(const char *name)
{
	return names_find(transport_names, OP_TRANSPORT_COUNT, name);
}

const char *op_compression_name(enum op_compression compression)
{
	return names_of(compression_names, OP_COMPRESSION_COUNT, compression);
}

int op_compression_find(const char *name)
{
	return names_find(compression_names, OP_COMPRESSION_COUNT, name);
}

const char *op_shutdown_name(enum op_shutdown shutdown)
{
	return names_of(shutdown_names, OP_SHUTDOWN_COUNT, shutdown);
}

int op_shutdown_find(const char *name)
{
	return names_find(shutdown_names, OP_SHUTDOWN_COUNT, name);
}
