/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A fake QEMU for the daemon's tests: QEMU's options, threads, signals and QMP, and faults on demand.
 *
 * Theory of operation: the threads are QEMU's. The main thread is the main loop, which executes
 * commands with the BQL held; the monitor's thread reads QMP and answers out-of-band; the vCPU's
 * thread is the guest. Signals are blocked everywhere and taken by the main loop, so a stuck main
 * loop does not hear SIGTERM, as with QEMU. All state is reached from struct fake.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "dispatch.h"
#include "fake.h"
#include "fault.h"
#include "job.h"
#include "log.h"
#include "migration.h"
#include "monitor.h"
#include "schema.h"
#include "strike.h"
#include "tables.h"
#include "vm.h"

struct options {
	const char *log_path;
	char ram_path[64];
	unsigned long long ram_size;
	int qmp_fd; /* -1: none */
	const char *schema, *lacks;
	bool version;
	bool kvm;
};

void fake_stderr(const char *format, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	fprintf(stderr, "%s: %s\n", program_invocation_short_name, text);
}

void fake_sleep_ms(unsigned ms)
{
	struct timespec left = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000l };

	while (nanosleep(&left, &left) < 0 && errno == EINTR)
		continue;
}

long long fake_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ll + now.tv_nsec;
}

struct start {
	const char *name;
	void *(*run)(void *);
	void *arg;
};

/* The name is set before anything else, so a name in /proc tells that the thread is there. */
static void *start_thread(void *arg)
{
	struct start start = *(struct start *)arg;

	free(arg);
	pthread_setname_np(pthread_self(), start.name);
	return start.run(start.arg);
}

void bql_lock_impl(struct fake *fake)
{
	/* The call must not be the last thing, which would leave no frame. */
	if (pthread_mutex_lock(&fake->bql))
		abort();
}

void fake_thread(const char *name, void *(*run)(void *), void *arg)
{
	struct start *start = malloc(sizeof(*start));
	pthread_t thread;

	if (!start)
		abort();
	*start = (struct start){ name, run, arg };
	if (pthread_create(&thread, NULL, start_thread, start))
		abort();
	pthread_detach(thread);
}

_Noreturn void fake_exit(struct fake *fake, int status)
{
	log_fact(fake->log, "exiting", "{s:i}", "status", status);
	_exit(status);
}

void fake_quit(struct fake *fake, const char *reason, bool sticks)
{
	fake->quit = true;
	fake->quit_sticks = sticks;
	vm_halt(fake->vm);
	monitor_event(fake->monitor, "SHUTDOWN",
		      json_pack("{s:b, s:s}", "guest", 0, "reason", reason));
	if (!sticks)
		jobs_dismiss_all(fake->jobs);
}

static _Noreturn void usage(const char *why)
{
	fprintf(stderr, "fake-qemu: %s\n", why);
	faults_usage(stderr);
	exit(2);
}

/* The value of KEY= in "...,KEY=VALUE,...". */
static bool sub_option(const char *text, const char *key, char *ret_value, size_t size)
{
	size_t length = strlen(key);

	while (text) {
		if (!strncmp(text, key, length) && text[length] == '=') {
			text += length + 1;
			snprintf(ret_value, size, "%.*s", (int)strcspn(text, ","), text);
			return true;
		}
		text = strchr(text, ',');
		if (text)
			text++;
	}
	return false;
}

static void read_object(struct options *options, const char *value)
{
	char number[32];

	if (strncmp(value, "memory-backend-file,", strlen("memory-backend-file,")))
		return;
	if (sub_option(value, "size", number, sizeof(number))) {
		char *unit;

		options->ram_size = strtoull(number, &unit, 10);
		options->ram_size <<= *unit == 'K' ? 10 : *unit == 'M' ? 20 : *unit == 'G' ? 30 : 0;
	}
	sub_option(value, "mem-path", options->ram_path, sizeof(options->ram_path));
}

/* -qmp unix:PATH,server=on,wait=off: the one client is waited for all the same. Returns its socket, or -1. */
static int accept_client(const char *value)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int client;

	if (strncmp(value, "unix:", strlen("unix:")))
		return -1;
	value += strlen("unix:");
	snprintf(address.sun_path, sizeof(address.sun_path), "%.*s", (int)strcspn(value, ","),
		 value);
	if (bind(listener, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(listener, 1) < 0)
		return -1;
	client = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	close(listener);
	return client;
}

static void read_option(struct fake *fake, struct options *options, const char *name,
			const char *value)
{
	char why[160];
	char number[32];

	if (!strcmp(name, "fake")) {
		if (!faults_add(fake->faults, value, why, sizeof(why)))
			usage(why);
	} else if (!strcmp(name, "machine")) {
		options->kvm = strstr(value, "accel=kvm");
	} else if (!strcmp(name, "fake-kvm")) {
		if (options->kvm && !faults_add(fake->faults, value, why, sizeof(why)))
			usage(why);
	} else if (!strcmp(name, "fake-slow")) {
		if (!faults_add_slow(fake->faults, value, why, sizeof(why)))
			usage(why);
	} else if (!strcmp(name, "fake-lacks")) {
		options->lacks = value;
	} else if (!strcmp(name, "fake-schema")) {
		options->schema = value;
	} else if (!strcmp(name, "fake-log")) {
		options->log_path = value;
	} else if (!strcmp(name, "name")) {
		fake->name = value;
	} else if (!strcmp(name, "incoming")) {
		fake->incoming = true;
	} else if (!strcmp(name, "object")) {
		read_object(options, value);
	} else if (!strcmp(name, "chardev") && !strncmp(value, "socket,", strlen("socket,")) &&
		   sub_option(value, "fd", number, sizeof(number))) {
		options->qmp_fd = atoi(number);
	} else if (!strcmp(name, "qmp")) {
		options->qmp_fd = accept_client(value);
	}
}

static void print_version(void)
{
	printf("QEMU emulator version %d.%d.%d (fake)\n"
	       "qsoak's fake QEMU, which emulates nothing but QMP\n",
	       schema_major(), schema_minor(), FAKE_MICRO);
}

static void print_machines(void)
{
	puts("Supported machines are:\n"
	     "q35                  Standard PC (alias of pc-q35-7.2)\n"
	     "pc-q35-7.2           Standard PC (fake)\n"
	     "pc-q35-7.1           Standard PC (fake)\n"
	     "none                 empty machine");
}

/* Options that the fake does not know go by: their value is what does not start with '-'. */
static void read_options(struct fake *fake, struct options *options, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		const char *name = argv[i] + strspn(argv[i], "-");
		const char *value = "";

		if (!strcmp(name, "version"))
			options->version = true;
		if (!strcmp(name, "S"))
			fake->autostart = false;
		if (i + 1 < argc && argv[i + 1][0] != '-')
			value = argv[++i];
		if (!strcmp(name, "machine") && !strcmp(value, "help")) {
			print_machines();
			exit(0);
		}
		read_option(fake, options, name, value);
	}
}

/* As QEMU names the sender: by its command. */
static void name_process(unsigned pid, char *ret_name, size_t size)
{
	char path[32];
	ssize_t got = -1;
	int fd;

	snprintf(path, sizeof(path), "/proc/%u/cmdline", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		got = read(fd, ret_name, size - 1);
		close(fd);
	}
	if (got > 0)
		ret_name[got] = '\0';
	else
		snprintf(ret_name, size, "<unknown process>");
}

/* A signal is a quit, to the script of faults too. */
static void hear_signal(struct fake *fake, int fd)
{
	const struct command *quit = tables_find("quit");
	struct signalfd_siginfo info;
	char name[128];
	struct hits hits;

	if (read(fd, &info, sizeof(info)) != sizeof(info))
		return;
	name_process(info.ssi_pid, name, sizeof(name));
	fake_stderr("terminating on signal %u from pid %u (%s)", info.ssi_signo, info.ssi_pid,
		    name);
	hits = faults_match(fake->faults, fake->log, quit);
	fake->quit_ms = faults_slow_ms(fake->faults, quit, 0);
	strike(fake, &hits);
	fake_quit(fake, "host-signal", hit(&hits, FAULT_STUCK_QUIT));
}

static void main_loop(struct fake *fake, int signals)
{
	struct pollfd fds[] = {
		{ .fd = monitor_wakeup_fd(fake->monitor), .events = POLLIN },
		{ .fd = signals, .events = POLLIN },
	};

	bql_lock_impl(fake);
	while (!fake->quit) {
		struct message *message;

		bql_unlock(fake);
		poll(fds, 2, -1);
		bql_lock_impl(fake);
		if (fds[1].revents & POLLIN)
			hear_signal(fake, signals);
		while (!fake->quit && (message = monitor_next(fake->monitor))) {
			dispatch_message(fake, message);
			monitor_done(fake->monitor, message);
		}
	}
}

static int block_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* Faults on demand shall leave no core but where it is asked for: a limit of 1 keeps a pipe in core_pattern
 * from one, too. */
static void leave_no_core(void)
{
	struct rlimit limit = { 1, 1 };

	if (getenv("FAKE_QEMU_CORE"))
		return;
	if (setrlimit(RLIMIT_CORE, &limit) < 0) {
		limit = (struct rlimit){ 0, 0 };
		setrlimit(RLIMIT_CORE, &limit);
	}
}

static void boot(struct fake *fake)
{
	struct hits hits = faults_match(fake->faults, fake->log, NULL);

	fake_sleep_ms(faults_slow_ms(fake->faults, NULL, 0));
	bql_lock_impl(fake);
	vm_boot(fake->vm);
	strike_before_greeting(fake, &hits);
	monitor_start(fake->monitor, !hit(&hits, FAULT_NO_GREETING));
	strike_after_greeting(fake, &hits);
	bql_unlock(fake);
}

int main(int argc, char **argv)
{
	struct options options = { .qmp_fd = -1 };
	struct fake fake = { .autostart = true };
	int signals = block_signals();

	leave_no_core();
	pthread_mutex_init(&fake.bql, NULL);
	fake.faults = faults_new();
	read_options(&fake, &options, argc, argv);
	if (!schema_load(options.schema, options.lacks))
		usage("-fake-schema: there is no recording of that version");
	if (options.version) {
		print_version();
		fflush(stdout);
		_exit(0);
	}
	fake.log = log_open(options.log_path);
	if (!fake.log) {
		fake_stderr("-fake-log %s: %m", options.log_path);
		return 2;
	}
	if (options.qmp_fd < 0)
		usage("neither -chardev socket,...,fd=N nor -qmp unix:PATH,...");
	log_fact(fake.log, "started", "{s:s*, s:b}", "name", fake.name, "incoming", fake.incoming);
	fake.vm = vm_new(&fake, options.ram_path[0] ? options.ram_path : NULL, options.ram_size);
	if (!fake.vm)
		fake_exit(&fake, 1);
	fake.monitor = monitor_new(&fake, options.qmp_fd);
	fake.jobs = jobs_new(&fake);
	fake.migration = migration_new(&fake);
	boot(&fake);
	main_loop(&fake, signals);
	if (fake.quit_sticks)
		strike_block(&fake);
	fake_sleep_ms(fake.quit_ms);
	fake_exit(&fake, 0);
}
