// SPDX-License-Identifier: GPL-2.0-or-later
/* qsoak-domain: one domain of libvirt as qsoakd's child. */
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/size.h"
#include "domain/bridge.h"

/* Far above what qsoakd writes. */
#define XML_MAX (1024 * 1024)

static void print_help(FILE *out)
{
	fputs("usage: qsoak-domain --uri URI --owner TEXT --qsoakd PID --slot N --name NAME --qmp "
	      "FD <XML\n"
	      "       qsoak-domain --uri URI --owner TEXT --sweep\n"
	      "\n"
	      "Starts a transient domain and serves its QMP monitor on the socket FD, until it has "
	      "ended;\n"
	      "destroys it on SIGTERM, and when the socket is closed. qsoakd runs it.\n"
	      "\n"
	      "  --uri URI     as libvirt's own programs take it\n"
	      "  --owner TEXT  of the metadata of the domain: whose it is\n"
	      "  --qsoakd PID  likewise\n"
	      "  --slot N      likewise\n"
	      "  --name NAME   of the domain\n"
	      "  --uuid UUID   likewise\n"
	      "  --incoming    the domain comes by a migration: no XML is read\n"
	      "  --qmp FD      an open socket\n"
	      "  --sweep       destroy all domains of that owner, and say how many\n"
	      "  --help        this text\n"
	      "  --version     print the version\n"
	      "\n"
	      "Exit codes: 0 the domain has ended as it was asked to, 1 libvirt refused, 2 usage,\n"
	      "80 its QEMU has gone, 81 somebody destroyed it, 82 libvirt has gone, 83 libvirt "
	      "hangs.\n",
	      out);
}

static int usage(const char *text, const char *found)
{
	fprintf(stderr, "qsoak-domain: %s%s; --help tells more\n", text, found);
	return DOMAIN_EXIT_USAGE;
}

/* From 0 on; -1: it is none. */
static int number(const char *text)
{
	struct err ignored = { 0 };
	uint64_t value;

	return size_parse_number(text, &value, &ignored) == 0 && value <= INT_MAX ? (int)value : -1;
}

static void nothing(void *ctx, int reason)
{
	(void)ctx;
	(void)reason;
}

static int sweep(const struct host_spec *spec)
{
	static const struct host_handler handler = { .closed = nothing };
	struct host *host = NULL;
	struct err err = { 0 };
	int r = host_open(spec->uri, &handler, NULL, &host, &err);

	if (r == 0)
		r = host_sweep(host, spec, &err);
	if (r < 0) {
		fprintf(stderr, "qsoak-domain: %s\n", err.text);
		return DOMAIN_EXIT_REFUSED;
	}
	printf("%d\n", r);
	return DOMAIN_EXIT_ENDED;
}

static char *read_xml(void)
{
	char *xml = mem_zalloc(XML_MAX + 1);
	size_t size = fread(xml, 1, XML_MAX, stdin);

	return size && size < XML_MAX && !ferror(stdin) ? xml : NULL;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "uri", required_argument, NULL, 'u' },
		{ "owner", required_argument, NULL, 'o' },
		{ "qsoakd", required_argument, NULL, 'd' }, { "uuid", required_argument, NULL, 'U' },
		{ "incoming", no_argument, NULL, 'i' },
		{ "slot", required_argument, NULL, 's' },
		{ "name", required_argument, NULL, 'n' },
		{ "qmp", required_argument, NULL, 'q' },
		{ "sweep", no_argument, NULL, 'w' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'v' },
		{ 0 },
	};
	struct host_spec spec = { .qsoakd = -1, .slot = -1 };
	bool sweeps = false, incoming = false;
	struct err err = { 0 };
	int option, fd = -1;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'u':
			spec.uri = optarg;
			break;
		case 'o':
			spec.owner = optarg;
			break;
		case 'd':
			spec.qsoakd = number(optarg);
			break;
		case 's':
			spec.slot = number(optarg);
			break;
		case 'n':
			spec.name = optarg;
			break;
		case 'U':
			spec.uuid = optarg;
			break;
		case 'q':
			fd = number(optarg);
			break;
		case 'i':
			incoming = true;
			break;
		case 'w':
			sweeps = true;
			break;
		case 'h':
			print_help(stdout);
			return 0;
		case 'v':
			puts("qsoak-domain " QSOAK_VERSION);
			return 0;
		default:
			return DOMAIN_EXIT_USAGE;
		}
	}
	if (optind < argc)
		return usage("no argument is taken, found ", argv[optind]);
	if (!spec.uri || !spec.owner)
		return usage("--uri and --owner are needed", "");
	if (!sweeps &&
	    (!spec.name || strncmp(spec.name, HOST_NAME_PREFIX, strlen(HOST_NAME_PREFIX))))
		return usage("a --name is needed that begins with ", HOST_NAME_PREFIX);
	if (!sweeps && !spec.uuid)
		return usage("--uuid is needed", "");
	if (!sweeps && (fd <= STDERR_FILENO || spec.qsoakd < 0 || spec.slot < 0))
		return usage("--qmp takes an open descriptor above 2, --qsoakd and --slot a number",
			     "");
	if (host_start_events(&err) < 0) {
		fprintf(stderr, "qsoak-domain: %s\n", err.text);
		return DOMAIN_EXIT_REFUSED;
	}
	if (sweeps)
		return sweep(&spec);
	if (!incoming)
		spec.xml = read_xml();
	if (!incoming && !spec.xml)
		return usage("no domain's XML on stdin", "");
	/* Threads may still be in libvirt: nothing of it is torn down. */
	fflush(stderr);
	_exit(bridge_run(ev_loop_new(EVFLAG_AUTO), fd, &spec));
}
