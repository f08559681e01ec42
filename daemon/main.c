// SPDX-License-Identifier: GPL-2.0-or-later
/* qsoakd: options, wiring, run, finish in reverse. The only file that knows everyone. */
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/cgroup.h"
#include "base/clock.h"
#include "base/deadline.h"
#include "base/folder.h"
#include "base/janitor.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/standstill.h"
#include "campaign/campaign.h"
#include "config/config.h"
#include "config/options.h"
#include "config/places.h"
#include "control/address.h"
#include "control/control.h"
#include "control/hooks.h"
#include "control/journal.h"
#include "control/listener.h"
#include "control/notify.h"
#include "control/pushes.h"
#include "control/shortage.h"
#include "http/http.h"
#include "store/damage.h"
#include "store/store.h"
#include "triage/evidence.h"

/* flock(2) knows no deadline. */
#define LOCK_RETRY_MS 20

#define KEPT_MEMORY_BYTES (8 << 20)

/* Evidence gets old also where nothing fails. */
#define TIDY_NS (3600 * CLOCK_NS_PER_S)

struct daemon {
	struct ev_loop *loop;
	const struct options *options;
	struct config config; /* what the options say is in it */
	char *config_path;    /* or NULL: there is none */
	char *state, *guests, *work, *results, *boot;
	char *set_aside; /* where a corrupt store is now, or NULL */
	int lock_fd;
	struct cgroups *cgroups;
	char *no_cgroups; /* why not, or NULL */
	struct janitor *janitor;
	struct standstill *standstill;
	struct store *store;
	struct records *records;
	struct evidence *evidence;
	struct control *control;
	struct listener *listener;
	struct notify *notify; /* of the service */
	struct shortage *shortage;
	struct http *http;
	struct hooks *hooks; /* of the service */
	struct pushes *pushes; /* likewise */
	struct deadline tidy;
	ev_signal interrupt, terminate, hangup;
};

static void log_to_stderr(enum log_level level, const char *text, const struct log_event *event)
{
	(void)event;
	fprintf(stderr, "qsoakd: %s: %s\n", log_level_name(level), text);
}

static void idle(void *ctx)
{
	struct daemon *daemon = ctx;

	ev_break(daemon->loop, EVBREAK_ALL);
}

static void store_failed(void *ctx, const struct err *err)
{
	struct daemon *daemon = ctx;

	if (err->code == -EUCLEAN)
		damage_suspect(daemon->results);
	control_fail(daemon->control, err);
}

static void store_troubled(void *ctx, const struct err *err)
{
	struct daemon *daemon = ctx;

	control_pause(daemon->control, PAUSE_STORE, err ? err->text : NULL);
}

static void stood_still(void *ctx, int64_t lost_ns, int64_t suspended_ns)
{
	struct daemon *daemon = ctx;

	if (lost_ns)
		log_warning("the host, or qsoakd, stood still for %.1f s, which do not count",
			    (double)lost_ns / CLOCK_NS_PER_S);
	if (suspended_ns)
		log_warning("the host was suspended for %.1f s",
			    (double)suspended_ns / CLOCK_NS_PER_S);
	control_stood_still(daemon->control, lost_ns, suspended_ns);
}

static void signal_in(struct ev_loop *loop, ev_signal *watch, int revents)
{
	struct daemon *daemon = watch->data;

	struct log_event event = { .class = EVENT_STOPPING };

	(void)loop;
	(void)revents;
	if (daemon->notify) {
		log_event_write(&event, LOG_LEVEL_INFO, "qsoakd ends: it got SIG%s",
				sigabbrev_np(watch->signum));
		notify_stopping(daemon->notify);
	}
	control_quit(daemon->control);
}

/* One daemon a state folder: two would remove each other's work. A daemon that was killed leaves the
 * lock to its janitor, so it is worth while to wait as long as that may take. */
static int lock_state(struct daemon *daemon, struct err *err)
{
	auto_free char *path = mem_printf("%s/lock", daemon->state);
	int64_t end = clock_now_ns() + JANITOR_LIMIT_NS;

	daemon->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (daemon->lock_fd < 0)
		return err_set_errno(err, errno, "cannot open %s", path);
	while (flock(daemon->lock_fd, LOCK_EX | LOCK_NB) < 0) {
		if (clock_now_ns() >= end)
			return err_set(err, -EBUSY, "another qsoakd uses %s", daemon->state);
		poll(NULL, 0, LOCK_RETRY_MS);
	}
	return 0;
}

static void accepted(void *ctx, int fd, bool reads_only)
{
	struct daemon *daemon = ctx;

	control_add_client(daemon->control, fd, reads_only ? CONTROL_READER : CONTROL_USER);
}

/* A store that is corrupt makes room for a new one. ret_last_id: of it. */
static int set_damage_aside(struct daemon *daemon, int64_t *ret_last_id, struct err *err)
{
	struct log_event event = { .class = EVENT_STORE_SET_ASIDE };
	auto_free char *what = NULL;
	int r = damage_examine(daemon->results, &what, err);

	*ret_last_id = 0;
	if (r == 0 && what)
		r = damage_set_aside(daemon->results, &daemon->set_aside, ret_last_id, err);
	if (r < 0 || !what)
		return r;
	log_event_add(&event, "QSOAK_SET_ASIDE", daemon->set_aside);
	log_event_write(&event, LOG_LEVEL_ERROR,
			"the results store is damaged: %s; it is now %s, and a new one is begun",
			what, daemon->set_aside);
	return 0;
}

static int open_store(struct daemon *daemon, bool keeps, struct err *err)
{
	auto_free char *incidents = mem_printf("%s/incidents", daemon->state);
	int64_t first_id, last_incident, last_id;
	int r = set_damage_aside(daemon, &last_id, err);

	if (r == 0)
		r = store_open(daemon->loop, daemon->results, keeps, &daemon->store, &first_id,
			       err);
	if (r < 0)
		return r;
	daemon->evidence = evidence_new(incidents);
	last_incident = evidence_highest(daemon->evidence);
	if (last_id < last_incident)
		last_id = last_incident;
	if (first_id <= last_id)
		first_id = last_id + 1;
	daemon->records = records_new(first_id);
	store_on_failure(daemon->store, store_failed, daemon);
	store_on_trouble(daemon->store, store_troubled, daemon);
	store_subscribe(daemon->store, daemon->records);
	return 0;
}

/* The client that owns us is connected already. Others may want to look on, but no campaign fails for
 * want of them: a path may be too long for a socket. */
static void open_private(struct daemon *daemon, int fd)
{
	auto_free char *path = address_of_private(daemon->state);
	struct listener_spec listener = {
		.fd = -1,
		.path = path,
		.access = { .group = LISTENER_NO_GROUP },
		.accepted = accepted,
		.ctx = daemon,
	};
	struct err err = { 0 };

	control_add_client(daemon->control, fd, CONTROL_OWNER);
	if (listener_open(daemon->loop, &listener, &daemon->listener, &err) < 0)
		log_warning("no other client can connect: %s", err.text);
}

static void pause_by_shortage(void *ctx, enum pause_cause cause, const char *why)
{
	struct daemon *daemon = ctx;

	control_pause(daemon->control, cause, why);
}

static bool alive(void *ctx)
{
	struct daemon *daemon = ctx;

	return store_answers(daemon->store);
}

static char *status(void *ctx)
{
	struct daemon *daemon = ctx;

	return control_status_line(daemon->control);
}

static bool is_same(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

/* Where HTTP is served, and who may connect: what can fail. Then all stays as it was. */
static int open_doors(struct daemon *daemon, const struct config *config, struct err *err)
{
	struct http *http = NULL;
	bool other = !is_same(config->http, daemon->config.http);
	int r = 0;

	if (config->http && (other || !daemon->http))
		r = http_open(daemon->loop, config->http, daemon->control, &http, err);
	if (r == 0 && daemon->listener)
		r = listener_set_access(daemon->listener, &config->access, err);
	if (r < 0) {
		http_close(http);
		return r;
	}
	if (other) {
		http_close(daemon->http);
		daemon->http = NULL;
	}
	if (http) {
		daemon->http = http;
		log_info("the live page is http://%s/", http_address(http));
	}
	control_set_http(daemon->control, http_address(daemon->http));
	return 0;
}

static void configure(struct daemon *daemon)
{
	const struct config *config = &daemon->config;
	const struct cgroup_limits limits = { .memory_bytes = config->fleet.memory_bytes,
					      .cpus = config->fleet.cpus };
	struct err err = { 0 };

	log_set_max(config->log_level);
	evidence_set_host_rules(daemon->evidence, &config->evidence);
	shortage_set(daemon->shortage, &config->disk, &config->memory);
	control_set_budget(daemon->control, &config->fleet);
	if (daemon->cgroups && cgroups_limit_fleet(daemon->cgroups, &limits, &err) < 0)
		log_warning("the fleet has no limits: %s", err.text);
	if (daemon->hooks)
		hooks_set(daemon->hooks, config->hooks, config->hook_count);
	if (daemon->pushes)
		pushes_set(daemon->pushes, config->upstream, config->upstream_every_ns);
}

/* What the options say comes before what the files say. */
static int read_config(struct daemon *daemon, struct config *ret_config, struct err *err)
{
	const struct options *options = daemon->options;
	int r = 0;

	if (daemon->config_path)
		r = config_read(daemon->config_path, options->config, ret_config, err);
	else
		config_init(ret_config);
	if (r < 0)
		return r;
	if (options->group != LISTENER_NO_GROUP)
		ret_config->access.group = options->group;
	if (options->http) {
		free(ret_config->http);
		ret_config->http = mem_strdup(options->http);
	}
	if (options->verbose)
		ret_config->log_level = LOG_LEVEL_DEBUG;
	return 0;
}

static void reload(struct ev_loop *loop, ev_signal *watch, int revents)
{
	struct daemon *daemon = watch->data;
	struct config config;
	struct err err = { 0 };
	int r;

	(void)loop;
	(void)revents;
	notify_reloading(daemon->notify);
	r = read_config(daemon, &config, &err);
	if (r == 0)
		r = open_doors(daemon, &config, &err);
	if (r < 0) {
		log_error("the configuration stays as it was: %s", err.text);
		config_finish(&config);
	} else {
		struct config old = daemon->config;

		daemon->config = config;
		configure(daemon);
		config_finish(&old);
		log_info("the configuration was read again");
	}
	notify_ready(daemon->notify);
}

static void tidy_due(void *ctx)
{
	struct daemon *daemon = ctx;

	evidence_prune(daemon->evidence, NULL);
	deadline_start(daemon->loop, &daemon->tidy, TIDY_NS);
}

/* One that comes before there is what it is about waits, rather than end us. */
static void hold_hangup(int how)
{
	sigset_t hangup;

	sigemptyset(&hangup);
	sigaddset(&hangup, SIGHUP);
	sigprocmask(how, &hangup, NULL);
}

/* It listens. */
static void start_service(struct daemon *daemon, const char *path)
{
	struct notify_spec spec = { .alive = alive, .status = status, .ctx = daemon };
	struct log_event event = { .class = EVENT_STARTED };

	daemon->notify = notify_new(daemon->loop, &spec);
	daemon->hooks = hooks_new(daemon->loop, daemon->control);
	hooks_set(daemon->hooks, daemon->config.hooks, daemon->config.hook_count);
	daemon->pushes = pushes_new(daemon->loop, daemon->control, daemon->state);
	pushes_set(daemon->pushes, daemon->config.upstream, daemon->config.upstream_every_ns);
	control_set_pushes(daemon->control, daemon->pushes);
	ev_signal_init(&daemon->hangup, reload, SIGHUP);
	daemon->hangup.data = daemon;
	ev_signal_start(daemon->loop, &daemon->hangup);
	hold_hangup(SIG_UNBLOCK);
	log_event_write(&event, LOG_LEVEL_INFO, "qsoakd %s listens on %s, results below %s",
			QSOAK_VERSION, path, daemon->state);
	if (daemon->no_cgroups)
		log_info("VMs get no control groups: %s", daemon->no_cgroups);
	control_go_on(daemon->control);
	notify_ready(daemon->notify);
}

/* The private socket, or the service's. */
static int open_control(struct daemon *daemon, const struct options *options, struct err *err)
{
	struct control_spec control = {
		.records = daemon->records,
		.state = daemon->state,
		.work = daemon->work,
		.guests = daemon->guests,
		.evidence = daemon->evidence,
		.cgroups = daemon->cgroups,
		.boot = daemon->boot,
		.set_aside = daemon->set_aside,
		.keeps = options->control_fd < 0,
		.idle = idle,
		.ctx = daemon,
	};
	struct shortage_spec shortage = {
		.folder = daemon->state,
		.disk = daemon->config.disk,
		.memory = daemon->config.memory,
		.pause = pause_by_shortage,
		.ctx = daemon,
	};
	auto_free char *path = options->socket ? mem_strdup(options->socket) : address_to_listen();
	struct listener_spec listener = {
		.fd = -1,
		.path = path,
		.access = daemon->config.access,
		.accepted = accepted,
		.ctx = daemon,
	};
	int r;

	daemon->control = control_new(daemon->loop, &control);
	daemon->shortage = shortage_new(daemon->loop, &shortage);
	configure(daemon);
	r = open_doors(daemon, &daemon->config, err);
	if (r < 0)
		return r;
	deadline_start(daemon->loop, &daemon->tidy, TIDY_NS);
	if (options->control_fd >= 0) {
		open_private(daemon, options->control_fd);
		return 0;
	}
	r = notify_listen_fd(&listener.fd, err);
	if (r == 0 && !path)
		r = err_set(err, -EINVAL, "there is no $XDG_RUNTIME_DIR: say --socket PATH");
	if (r == 0)
		r = listener_open(daemon->loop, &listener, &daemon->listener, err);
	if (r == 0)
		start_service(daemon, path);
	return r;
}

/* Before anything is forked, and once no other qsoakd of this state can be there. */
static void open_cgroups(struct daemon *daemon)
{
	struct err err = { 0 };

	if (cgroups_open("/proc/self", &daemon->cgroups, &err) < 0)
		daemon->no_cgroups = mem_strdup(err.text);
}

static int daemon_start(struct daemon *daemon, const struct options *options, struct err *err)
{
	auto_free char *state = places_state(options->state);
	int r;

	daemon->options = options;
	deadline_init(&daemon->tidy, tidy_due, daemon);
	/* A private one is as its client says. */
	if (options->config)
		daemon->config_path = mem_strdup(options->config);
	else if (options->control_fd < 0)
		daemon->config_path = config_path();
	r = read_config(daemon, &daemon->config, err);
	if (r < 0)
		return r;
	if (options->rebuild && access(state, F_OK) < 0)
		return err_set(err, -EINVAL, "--rebuild: there are no results in %s", state);
	r = folder_make(state, 0700, err);
	if (r < 0)
		return r;
	daemon->state = realpath(state, NULL);
	if (!daemon->state)
		return err_set_errno(err, errno, "%s", state);
	r = lock_state(daemon, err);
	if (r < 0)
		return r;
	daemon->guests = places_guests(options->guests);
	daemon->boot = places_boot();
	daemon->work = mem_printf("%s/work", daemon->state);
	daemon->results = store_path(daemon->state);
	if (options->rebuild)
		return store_rebuild(daemon->results, err);

	/* What a janitor could not remove: the host may have gone down. */
	folder_remove(daemon->work);
	open_cgroups(daemon);
	r = janitor_start(daemon->work, daemon->lock_fd, cgroups_kill_fd(daemon->cgroups),
			  &daemon->janitor, err);
	if (r == 0)
		r = folder_make(daemon->work, 0700, err);
	daemon->loop = ev_loop_new(EVFLAG_AUTO);
	if (r == 0)
		r = open_store(daemon, options->control_fd < 0, err);
	if (r == 0)
		r = open_control(daemon, options, err);
	if (r < 0)
		return r;
	/* Not before: what the start takes is no standstill. */
	daemon->standstill = standstill_new(daemon->loop, stood_still, daemon);
	ev_signal_init(&daemon->interrupt, signal_in, SIGINT);
	ev_signal_init(&daemon->terminate, signal_in, SIGTERM);
	daemon->interrupt.data = daemon->terminate.data = daemon;
	ev_signal_start(daemon->loop, &daemon->interrupt);
	ev_signal_start(daemon->loop, &daemon->terminate);
	return 0;
}

/* In reverse; fine with a daemon that was started in part. */
static int daemon_finish(struct daemon *daemon, struct err *err)
{
	int r;

	if (daemon->control)
		control_set_pushes(daemon->control, NULL);
	pushes_free(daemon->pushes);
	hooks_free(daemon->hooks);
	notify_free(daemon->notify);
	shortage_free(daemon->shortage);
	http_close(daemon->http);
	listener_close(daemon->listener);
	control_free(daemon->control);
	evidence_free(daemon->evidence);
	r = store_close(daemon->store, err);
	records_free(daemon->records);
	if (daemon->loop) {
		ev_signal_stop(daemon->loop, &daemon->interrupt);
		ev_signal_stop(daemon->loop, &daemon->terminate);
		ev_signal_stop(daemon->loop, &daemon->hangup);
		deadline_stop(daemon->loop, &daemon->tidy);
		standstill_free(daemon->standstill);
		ev_loop_destroy(daemon->loop);
	}
	/* The janitor would, but it may have been killed. */
	if (daemon->janitor)
		folder_remove(daemon->work);
	janitor_finish(daemon->janitor);
	cgroups_close(daemon->cgroups);
	fd_close(&daemon->lock_fd);
	config_finish(&daemon->config);
	free(daemon->config_path);
	free(daemon->results);
	free(daemon->set_aside);
	free(daemon->boot);
	free(daemon->no_cgroups);
	free(daemon->work);
	free(daemon->guests);
	free(daemon->state);
	return r;
}

/* Memory that was freed is kept for the next reply, record or VM: giving it back to the system and
 * asking for it again would be a tenth of all our time. */
static void keep_memory(void)
{
	mallopt(M_MMAP_THRESHOLD, KEPT_MEMORY_BYTES);
	mallopt(M_TRIM_THRESHOLD, KEPT_MEMORY_BYTES);
}

int main(int argc, char **argv)
{
	struct daemon daemon = { .lock_fd = -1 };
	struct options options = { 0 };
	struct err err = { 0 };
	int code = options_parse(argc, argv, &options);

	if (code >= 0)
		return code;
	log_set_sink(journal_is_stderr() ? journal_write : log_to_stderr,
		     options.verbose ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO);
	keep_memory();
	signal(SIGPIPE, SIG_IGN);
	/* Inherited as ignored, it would take our children's exit codes away. */
	signal(SIGCHLD, SIG_DFL);
	/* A file size limit is an error of the write that meets it, not the end of the daemon. */
	signal(SIGXFSZ, SIG_IGN);
	/* Also of what QEMU makes: images, cores. */
	umask(077);
	clock_begin_dates();
	if (options.control_fd >= 0)
		fcntl(options.control_fd, F_SETFD, FD_CLOEXEC);
	else if (!options.rebuild)
		hold_hangup(SIG_BLOCK);
	if (daemon_start(&daemon, &options, &err) == 0 && !options.rebuild)
		ev_run(daemon.loop, 0);
	if (err.code == 0)
		daemon_finish(&daemon, &err);
	else
		daemon_finish(&daemon, &(struct err){ 0 });
	if (err.code) {
		log_error("%s", err.text);
		return err.code == -EINVAL ? EXIT_USAGE : EXIT_HOST;
	}
	return EXIT_CLEAN;
}
