// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: libvirt's default event loop runs in a thread of its own, which hears of what happens.
 * Everything else is called by whoever may wait. libvirt's handles may be used by several threads at once.
 * libvirt's docs/api.rst, docs/eventimpl and include/libvirt/libvirt-qemu.h.
 */
#include <errno.h>
#include <libvirt/libvirt-qemu.h>
#include <libvirt/virterror.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/thread.h"
#include "domain/host-connection.h"

/* A libvirtd that says nothing for so long is given up. */
#define KEEPALIVE_INTERVAL_S 5
#define KEEPALIVE_COUNT 3

/* What libvirt says where its version, or its driver, has no such thing. */
static bool is_refusal(int code)
{
	return code == VIR_ERR_NO_SUPPORT || code == VIR_ERR_OPERATION_UNSUPPORTED ||
	       code == VIR_ERR_CONFIG_UNSUPPORTED || code == VIR_ERR_ARGUMENT_UNSUPPORTED;
}

int host_error(struct err *err, int code, const char *what)
{
	if (is_refusal(virGetLastErrorCode()))
		code = -EOPNOTSUPP;
	else if (virGetLastErrorCode() == VIR_ERR_OPERATION_ABORTED)
		code = -ECANCELED;
	return err_set(err, code, "%s: libvirt: %s", what, virGetLastErrorMessage());
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
		return host_error(err, -EIO, "cannot start");
	r = thread_start(&thread, run_events, NULL);
	return r ? err_set_errno(err, r, "cannot start a thread") : 0;
}

static void closed_in(virConnectPtr connection, int reason, void *ctx)
{
	struct host *host = ctx;

	(void)connection;
	host->handler->closed(host->ctx, reason);
}

virConnectPtr host_connect(const char *uri)
{
	virConnectPtr connection = virConnectOpenAuth(uri, virConnectAuthPtrDefault, 0);

	/* A driver without a daemon of its own (embed) does not know it. */
	if (connection)
		virConnectSetKeepAlive(connection, KEEPALIVE_INTERVAL_S, KEEPALIVE_COUNT);
	return connection;
}

int host_open(const char *uri, const struct host_handler *handler, void *ctx,
	      struct host **ret_host, struct err *err)
{
	struct host *host = mem_new(struct host);

	host->handler = handler;
	host->ctx = ctx;
	host->connection = host_connect(uri);
	if (!host->connection) {
		/* Nobody listens: that may be another time. Anything else will not. */
		bool away = virGetLastErrorCode() == VIR_ERR_SYSTEM_ERROR ||
			    virGetLastErrorCode() == VIR_ERR_RPC;

		free(host);
		return host_error(err, away ? -ECONNREFUSED : -EHOSTUNREACH, uri);
	}
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

/* The domain whose next QEMU we are to speak for is not. */
static bool is_awaited(virDomainPtr domain, const struct host_spec *spec)
{
	char uuid[VIR_UUID_STRING_BUFLEN];

	return !spec->xml && spec->uuid && virDomainGetUUIDString(domain, uuid) == 0 &&
	       !strcasecmp(uuid, spec->uuid);
}

static bool is_left_behind(virDomainPtr domain, const struct host_spec *spec)
{
	auto_free char *element =
		virDomainGetMetadata(domain, VIR_DOMAIN_METADATA_ELEMENT, HOST_METADATA_URI, 0);
	auto_free char *qsoakd = mem_printf("%d", spec->qsoakd);
	auto_free char *slot = mem_printf("%d", spec->slot);

	return element && has(element, "owner", spec->owner) && !is_awaited(domain, spec) &&
	       (!has(element, "qsoakd", qsoakd) || has(element, "slot", slot));
}

int host_sweep(struct host *host, const struct host_spec *spec, struct err *err)
{
	virDomainPtr *domains;
	int count = virConnectListAllDomains(host->connection, &domains,
					     VIR_CONNECT_LIST_DOMAINS_ACTIVE);
	int swept = 0, r = 0;

	if (count < 0)
		return host_error(err, -EIO, "cannot list the domains");
	for (int i = 0; i < count; i++) {
		const char *name = virDomainGetName(domains[i]);

		if (!strncmp(name, HOST_NAME_PREFIX, strlen(HOST_NAME_PREFIX)) &&
		    is_left_behind(domains[i], spec)) {
			/* It may go by itself meanwhile. */
			if (virDomainDestroy(domains[i]) < 0)
				host_error(err, -EIO, name);
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

/* By what no other domain has: a qsoakd elsewhere may give the same names. */
static bool is_ours(const struct host *host, virDomainPtr domain)
{
	char uuid[VIR_UUID_STRING_BUFLEN];

	return virDomainGetUUIDString(domain, uuid) == 0 && !strcmp(uuid, host->uuid);
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

/* By what a domain comes to one who awaits it. */
static bool is_arrival(int detail)
{
	return detail == VIR_DOMAIN_EVENT_STARTED_MIGRATED ||
	       detail == VIR_DOMAIN_EVENT_STARTED_RESTORED ||
	       detail == VIR_DOMAIN_EVENT_STARTED_FROM_SNAPSHOT;
}

static int lifecycle_in(virConnectPtr connection, virDomainPtr domain, int event, int detail,
			void *ctx)
{
	struct host *host = ctx;

	(void)connection;
	if (!is_ours(host, domain))
		return 0;
	if (event == VIR_DOMAIN_EVENT_STARTED && !host->domain && is_arrival(detail)) {
		virDomainRef(domain);
		host->domain = domain;
		tell_started(host);
	}
	/* One that fails to start stops, too: host_start() tells of it. */
	if (event == VIR_DOMAIN_EVENT_STOPPED && host->started)
		host->handler->stopped(host->ctx, detail);
	return 0;
}

char *host_labelled(struct host *host, const char *xml)
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

int host_start(struct host *host, const char *uuid, const char *xml, struct err *err)
{
	auto_free char *labelled = NULL;

	host->uuid = mem_strdup(uuid);
	/* Of all domains, since this one may be none yet. */
	if (virConnectDomainEventRegisterAny(host->connection, NULL, VIR_DOMAIN_EVENT_ID_LIFECYCLE,
					     VIR_DOMAIN_EVENT_CALLBACK(lifecycle_in), host,
					     NULL) < 0 ||
	    virConnectDomainQemuMonitorEventRegister(host->connection, NULL, NULL, event_in, host,
						     NULL, 0) < 0)
		return host_error(err, -EIO, "cannot listen to events");
	if (!xml)
		return 0;
	labelled = host_labelled(host, xml);
	host->domain = virDomainCreateXML(host->connection, labelled, 0);
	if (!host->domain)
		return host_error(err, -EIO, "cannot start the domain");
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
		return host_error(err, -EIO, "the monitor");
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
		return host_error(err, -EIO, "the version");
	*ret_version = json_pack("{s:{s:i, s:i, s:i}, s:s}", "qemu", "major",
				 (int)(version / 1000000), "minor", (int)(version / 1000 % 1000),
				 "micro", (int)(version % 1000), "package", "");
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
		return host_error(err, -EIO, "the probe");
	*ret_state = info.state < ARRAY_SIZE(states) ? states[info.state] : "unknown";
	return 0;
}

bool host_has_domain(const struct host *host)
{
	return host->domain != NULL;
}

int host_destroy(struct host *host, struct err *err)
{
	int code;

	if (!host->domain)
		return err_set(err, -ENOENT, "there is no domain");
	if (virDomainDestroy(host->domain) == 0)
		return 0;
	code = virGetLastErrorCode();
	return host_error(err,
			  code == VIR_ERR_NO_DOMAIN || code == VIR_ERR_OPERATION_INVALID ? -ENOENT
											 : -EIO,
			  "cannot destroy");
}
