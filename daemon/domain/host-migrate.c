// SPDX-License-Identifier: GPL-2.0-or-later
/* Migrations. libvirt's include/libvirt/libvirt-domain.h and docs/migration.rst. */
#include <errno.h>

#include "base/mem.h"
#include "domain/host-connection.h"

/* The images are on a storage of both, whatever libvirt thinks of its cache. */
static unsigned flags_of(const struct host_migration *how)
{
	return VIR_MIGRATE_LIVE | VIR_MIGRATE_UNSAFE | (how->channels ? VIR_MIGRATE_PARALLEL : 0) |
	       (how->peer_to_peer ? VIR_MIGRATE_PEER2PEER : 0);
}

/* What was added has to be freed in any case. */
static int add_params(struct host *host, const struct host_migration *how,
		      virTypedParameterPtr *params, int *count)
{
	auto_free char *xml = how->xml ? host_labelled(host, how->xml) : NULL;
	unsigned long long bandwidth =
		((unsigned long long)how->bandwidth_bytes + (1 << 20) - 1) >> 20; /* MiB/s */
	int max = 0;

	if (how->channels &&
	    virTypedParamsAddInt(params, count, &max, VIR_MIGRATE_PARAM_PARALLEL_CONNECTIONS,
				 how->channels) < 0)
		return -1;
	if (bandwidth && virTypedParamsAddULLong(params, count, &max, VIR_MIGRATE_PARAM_BANDWIDTH,
						 bandwidth) < 0)
		return -1;
	if (xml &&
	    virTypedParamsAddString(params, count, &max, VIR_MIGRATE_PARAM_DEST_XML, xml) < 0)
		return -1;
	return virDomainMigrateSetMaxDowntime(host->domain,
					      (unsigned long long)how->downtime_limit_ms, 0);
}

/* By us, who tell both sides what to do. */
static int migrate_direct(struct host *host, const struct host_migration *how,
			  virTypedParameterPtr params, int count, struct err *err)
{
	virConnectPtr there = host_connect(how->uri);
	virDomainPtr moved;
	int r = 0;

	if (!there)
		return host_error(err, -EHOSTUNREACH, how->uri);
	moved = virDomainMigrate3(host->domain, there, params, (unsigned)count, flags_of(how));
	if (moved)
		virDomainFree(moved);
	else
		r = host_error(err, -EIO, "the migration");
	virConnectClose(there);
	return r;
}

/* By the source's libvirtd alone. */
static int migrate_peer_to_peer(struct host *host, const struct host_migration *how,
				virTypedParameterPtr params, int count, struct err *err)
{
	return virDomainMigrateToURI3(host->domain, how->uri, params, (unsigned)count,
				      flags_of(how)) < 0
		       ? host_error(err, -EIO, "the migration")
		       : 0;
}

int host_migrate(struct host *host, const struct host_migration *how, struct err *err)
{
	virTypedParameterPtr params = NULL;
	int count = 0, r;

	if (add_params(host, how, &params, &count) < 0)
		r = host_error(err, -EIO, "the migration's parameters");
	else if (how->peer_to_peer)
		r = migrate_peer_to_peer(host, how, params, count, err);
	else
		r = migrate_direct(host, how, params, count, err);
	virTypedParamsFree(params, count);
	return r;
}

int host_abort(struct host *host, struct err *err)
{
	return virDomainAbortJob(host->domain) < 0 ? host_error(err, -EIO, "cannot abort") : 0;
}

int host_migrated(struct host *host, json_t **ret_figures, struct err *err)
{
	/* The total time is not among them: libvirt's begins before QEMU's. */
	static const struct {
		const char *param, *name;
	} figures[] = {
		{ VIR_DOMAIN_JOB_SETUP_TIME, "setup_ms" },
		{ VIR_DOMAIN_JOB_DOWNTIME, "downtime_ms" },
		{ VIR_DOMAIN_JOB_MEMORY_PROCESSED, "transferred_bytes" },
		{ VIR_DOMAIN_JOB_MEMORY_ITERATION, "passes" },
	};
	virTypedParameterPtr params = NULL;
	int type = 0, count = 0;

	if (virDomainGetJobStats(host->domain, &type, &params, &count,
				 VIR_DOMAIN_JOB_STATS_COMPLETED) < 0)
		return host_error(err, -EIO, "the statistics");
	*ret_figures = json_object();
	for (size_t i = 0; i < ARRAY_SIZE(figures); i++) {
		unsigned long long value;

		if (virTypedParamsGetULLong(params, count, figures[i].param, &value) == 1)
			json_object_set_new(*ret_figures, figures[i].name,
					    json_integer((json_int_t)value));
	}
	virTypedParamsFree(params, count);
	return 0;
}
