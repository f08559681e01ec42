// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: libvirt's default event loop runs in a thread of its own, which hears of what happens.
 * Everything else is called by whoever may wait. libvirt's handles may be used by several threads at once.
 * libvirt's docs/api.rst, docs/eventimpl and include/libvirt/libvirt-qemu.h.
 */
#include "domain/host.h"

#include <errno.h>
#include <libvirt/libvirt-qemu.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <stdatomic.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/thread.h"

/* A libvirtd that says nothing for so long is given up. */
#define KEEPALIVE_INTERVAL_S 5
#define KEEPALIVE_COUNT 3

struct host {
	virConnectPtr connection;
	virDomainPtr domain; /* NULL: not started yet */
	char *name;
	_Atomic bool started;
	const struct host_handler *handler;
	void *ctx;
};

static int set_error(struct err *err, int code, const char *what)
{
	const char *words = virGetLastErrorMessage();

	return err_set(err, code, "%s: libvirt: %s", what, words);
}

/* Errors are ours to tell, once. */
static void ignore_error(void *ctx, virErrorPtr error)
{
	(void)ctx;
	(void)error;
}

__attribute__((noreturn)) static void *run_events(void *ctx)
{
	(void)ctx;
	for (;;)
		if (virEventRunDefaultImpl() < 0)
			log_warning("libvirt's event loop: %s", virGetLastErrorMessage());
}

int host_start_events(struct err *err)
{
	pthread_t thread;
	int r;

	virSetErrorFunc(NULL, ignore_error);
	if (virInitialize() < 0 || virEventRegisterDefaultImpl() < 0)
		return set_error(err, -EIO, "cannot start");
	r = thread_start(&thread, run_events, NULL);
	return r ? err_set_errno(err, r, "cannot start a thread") : 0;
}

static void closed_in(virConnectPtr connection, int reason, void *ctx)
{
	struct host *host = ctx;

	(void)connection;
	host->handler->closed(host->ctx, reason);
}

int host_open(const char *uri, const struct host_handler *handler, void *ctx,
	      struct host **ret_host, struct err *err)
{
	struct host *host = mem_new(struct host);

	host->handler = handler;
	host->ctx = ctx;
	host->connection = virConnectOpenAuth(uri, virConnectAuthPtrDefault, 0);
	if (!host->connection) {
		/* Nobody listens: that may be another time. Anything else will not. */
		bool away = virGetLastErrorCode() == VIR_ERR_SYSTEM_ERROR ||
			    virGetLastErrorCode() == VIR_ERR_RPC;

		free(host);
		return set_error(err, away ? -ECONNREFUSED : -EHOSTUNREACH, uri);
	}
	/* A driver without a daemon of its own (embed) knows neither. */
	virConnectSetKeepAlive(host->connection, KEEPALIVE_INTERVAL_S, KEEPALIVE_COUNT);
	virConnectRegisterCloseCallback(host->connection, closed_in, host, NULL);
	*ret_host = host;
	return 0;
}

/* Whether the element has the attribute; libvirt chooses the quotes. */
static bool has(const char *element, const char *name, const char *value)
{
	auto_free char *doubled = mem_printf(" %s=\"%s\"", name, value);
	auto_free char *single = mem_printf(" %s='%s'", name, value);

	return strstr(element, doubled) || strstr(element, single);
}

static bool is_left_behind(virDomainPtr domain, const struct host_spec *spec)
{
	auto_free char *element =
		virDomainGetMetadata(domain, VIR_DOMAIN_METADATA_ELEMENT, HOST_METADATA_URI, 0);
	auto_free char *qsoakd = mem_printf("%d", spec->qsoakd);
	auto_free char *slot = mem_printf("%d", spec->slot);

	return element && has(element, "owner", spec->owner) &&
	       (!has(element, "qsoakd", qsoakd) || has(element, "slot", slot));
}

int host_sweep(struct host *host, const struct host_spec *spec, struct err *err)
{
	virDomainPtr *domains;
	int count = virConnectListAllDomains(host->connection, &domains,
					     VIR_CONNECT_LIST_DOMAINS_ACTIVE);
	int swept = 0, r = 0;

	if (count < 0)
		return set_error(err, -EIO, "cannot list the domains");
	for (int i = 0; i < count; i++) {
		const char *name = virDomainGetName(domains[i]);

		if (!strncmp(name, HOST_NAME_PREFIX, strlen(HOST_NAME_PREFIX)) &&
		    is_left_behind(domains[i], spec)) {
			/* It may go by itself meanwhile. */
			if (virDomainDestroy(domains[i]) < 0)
				set_error(err, -EIO, name);
			else
				swept++;
			if (virDomainIsActive(domains[i]) == 1)
				r = err->code;
		}
		virDomainFree(domains[i]);
	}
	free(domains);
	return r < 0 ? r : swept;
}

static bool is_ours(const struct host *host, virDomainPtr domain)
{
	return !strcmp(virDomainGetName(domain), host->name);
}

static void event_in(virConnectPtr connection, virDomainPtr domain, const char *name,
		     long long seconds, unsigned microseconds, const char *data, void *ctx)
{
	struct host *host = ctx;

	(void)connection;
	if (is_ours(host, domain))
		host->handler->event(host->ctx, name, seconds, microseconds, data);
}

static void tell_started(struct host *host)
{
	if (!atomic_exchange(&host->started, true))
		host->handler->started(host->ctx);
}

static int lifecycle_in(virConnectPtr connection, virDomainPtr domain, int event, int detail,
			void *ctx)
{
	struct host *host = ctx;

	(void)connection;
	if (!is_ours(host, domain))
		return 0;
	if (event == VIR_DOMAIN_EVENT_STARTED && !host->domain &&
	    detail == VIR_DOMAIN_EVENT_STARTED_MIGRATED) {
		virDomainRef(domain);
		host->domain = domain;
		tell_started(host);
	}
	/* One that fails to start stops, too: host_start() tells of it. */
	if (event == VIR_DOMAIN_EVENT_STOPPED && host->started)
		host->handler->stopped(host->ctx, detail);
	return 0;
}

/* QEMU runs as our user, and nothing is relabelled: its files are ours, and we may look at its memory and stacks. What
 * this libvirt has no driver for must not be named. */
static char *add_labels(struct host *host, const char *xml)
{
	auto_free char *capabilities = virConnectGetCapabilities(host->connection);
	static const char *const unlabelled[] = { "apparmor", "selinux" };
	static const char domain_end[] = "</domain>";
	const char *end = strstr(xml, domain_end);
	auto_free char *labels = NULL;

	if (!capabilities || !end)
		return mem_strdup(xml);
	if (strstr(capabilities, "<model>dac</model>"))
		mem_append(&labels, "",
			   "<seclabel type='static' model='dac' relabel='no'><label>+%d:+%d</label>"
			   "</seclabel>",
			   (int)geteuid(), (int)getegid());
	for (size_t i = 0; i < ARRAY_SIZE(unlabelled); i++) {
		auto_free char *model = mem_printf("<model>%s</model>", unlabelled[i]);

		if (strstr(capabilities, model))
			mem_append(&labels, "", "<seclabel type='none' model='%s'/>",
				   unlabelled[i]);
	}
	return mem_printf("%.*s%s%s", (int)(end - xml), xml, labels ?: "", end);
}

int host_start(struct host *host, const char *name, const char *xml, struct err *err)
{
	auto_free char *labelled = NULL;

	host->name = mem_strdup(name);
	/* Of all domains, since this one may be none yet. */
	if (virConnectDomainEventRegisterAny(host->connection, NULL, VIR_DOMAIN_EVENT_ID_LIFECYCLE,
					     VIR_DOMAIN_EVENT_CALLBACK(lifecycle_in), host,
					     NULL) < 0 ||
	    virConnectDomainQemuMonitorEventRegister(host->connection, NULL, NULL, event_in, host,
						     NULL, 0) < 0)
		return set_error(err, -EIO, "cannot listen to events");
	if (!xml)
		return 0;
	labelled = add_labels(host, xml);
	host->domain = virDomainCreateXML(host->connection, labelled, 0);
	if (!host->domain)
		return set_error(err, -EIO, "cannot start the domain");
	tell_started(host);
	/* It may have gone before anybody was told of it. */
	if (virDomainIsActive(host->domain) == 0)
		host->handler->stopped(host->ctx, VIR_DOMAIN_EVENT_STOPPED_CRASHED);
	return 0;
}

int host_command(struct host *host, const char *command, json_t **ret_answer, struct err *err)
{
	auto_free char *text = NULL;
	json_error_t error;
	json_t *answer;

	if (virDomainQemuMonitorCommand(host->domain, command, &text, 0) < 0)
		return set_error(err, -EIO, "the monitor");
	answer = json_loads(text, 0, &error);
	if (!json_is_object(answer)) {
		json_decref(answer);
		return err_set(err, -EPROTO, "the monitor: libvirt gave no JSON object");
	}
	*ret_answer = answer;
	return 0;
}

int host_version(struct host *host, json_t **ret_version, struct err *err)
{
	unsigned long version = 0;

	if (virConnectGetVersion(host->connection, &version) < 0)
		return set_error(err, -EIO, "the version");
	*ret_version = json_pack("{s:{s:i, s:i, s:i}, s:s}", "qemu", "major",
				 (int)(version / 1000000), "minor", (int)(version / 1000 % 1000),
				 "micro", (int)(version % 1000), "package", "");
	return 0;
}

static int migrate_to(struct host *host, virConnectPtr there, const struct host_migration *how,
		      struct err *err)
{
	/* The images are on a storage of both, whatever libvirt thinks of its cache. */
	unsigned flags = VIR_MIGRATE_LIVE | VIR_MIGRATE_UNSAFE |
			 (how->channels ? VIR_MIGRATE_PARALLEL : 0);
	unsigned long long bandwidth = ((unsigned long long)how->bandwidth_bytes + (1 << 20) - 1) >>
				       20; /* MiB/s */
	virTypedParameterPtr params = NULL;
	int count = 0, max = 0, r = 0;
	virDomainPtr moved;

	if ((how->channels &&
	     virTypedParamsAddInt(&params, &count, &max, VIR_MIGRATE_PARAM_PARALLEL_CONNECTIONS,
				  how->channels) < 0) ||
	    (bandwidth && virTypedParamsAddULLong(&params, &count, &max,
						  VIR_MIGRATE_PARAM_BANDWIDTH, bandwidth) < 0) ||
	    virDomainMigrateSetMaxDowntime(host->domain,
					   (unsigned long long)how->downtime_limit_ms, 0) < 0)
		r = set_error(err, -EIO, "the migration's parameters");
	if (r == 0) {
		moved = virDomainMigrate3(host->domain, there, params, (unsigned)count, flags);
		if (moved)
			virDomainFree(moved);
		else
			r = set_error(err, -EIO, "the migration");
	}
	virTypedParamsFree(params, count);
	return r;
}

int host_migrate(struct host *host, const struct host_migration *how, struct err *err)
{
	virConnectPtr there = virConnectOpenAuth(how->uri, virConnectAuthPtrDefault, 0);
	int r;

	if (!there)
		return set_error(err, -EHOSTUNREACH, how->uri);
	virConnectSetKeepAlive(there, KEEPALIVE_INTERVAL_S, KEEPALIVE_COUNT);
	r = migrate_to(host, there, how, err);
	virConnectClose(there);
	return r;
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
		return set_error(err, -EIO, "the statistics");
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

int host_probe(struct host *host, const char **ret_state, struct err *err)
{
	static const char *const states[] = {
		[VIR_DOMAIN_CONTROL_OK] = "ok",
		[VIR_DOMAIN_CONTROL_JOB] = "job",
		[VIR_DOMAIN_CONTROL_OCCUPIED] = "occupied",
		[VIR_DOMAIN_CONTROL_ERROR] = "error",
	};
	virDomainControlInfo info = { 0 };

	if (!host->domain) {
		*ret_state = "none";
		return 0;
	}
	if (virDomainGetControlInfo(host->domain, &info, 0) < 0)
		return set_error(err, -EIO, "the probe");
	*ret_state = info.state < ARRAY_SIZE(states) ? states[info.state] : "unknown";
	return 0;
}

int host_destroy(struct host *host, struct err *err)
{
	if (!host->domain)
		return 0;
	return virDomainDestroy(host->domain) < 0 ? set_error(err, -EIO, "cannot destroy") : 0;
}
