// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: a lock file beside the socket says who may bind it, so that of two that start
 * at once one is refused, and a socket found under the lock is either stale or of a stranger. It
 * stays when we go: whoever removed it would let two in.
 */
#include "control/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/deadline.h"
#include "base/folder.h"
#include "base/log.h"
#include "base/mem.h"
#include "control/client.h"
#include "control/limits.h"

#define SOCKET_MODE_OWN 0600
#define SOCKET_MODE 0660
#define SOCKET_MODE_READERS 0666

struct listener {
	struct ev_loop *loop;
	struct listener_spec spec;
	char *path;
	int fd, lock_fd;
	bool bound;
	ev_io watch;
	struct deadline retry;
};

static bool is_in(gid_t group, gid_t gid, const gid_t *groups, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (groups[i] == group)
			return true;
	return gid == group;
}

enum listener_right listener_admits(const struct listener_access *access, uid_t uid, gid_t gid,
				    const gid_t *groups, size_t count)
{
	if (uid == 0 || uid == geteuid())
		return LISTENER_ALL;
	if (access->group != LISTENER_NO_GROUP && is_in(access->group, gid, groups, count))
		return LISTENER_ALL;
	for (size_t i = 0; i < access->reader_count; i++)
		if (is_in(access->readers[i], gid, groups, count))
			return LISTENER_READS;
	return access->everyone_reads ? LISTENER_READS : LISTENER_REFUSED;
}

/* The kernel noted these when the peer connected. */
static enum listener_right right_of(const struct listener *listener, int fd, struct ucred *ret_peer)
{
	socklen_t size = sizeof(*ret_peer), groups_size = 0;
	auto_free gid_t *groups = NULL;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, ret_peer, &size) < 0)
		return LISTENER_REFUSED;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, NULL, &groups_size) < 0 && errno == ERANGE) {
		groups = mem_zalloc(groups_size);
		if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &groups_size) < 0)
			groups_size = 0;
	}
	return listener_admits(&listener->spec.access, ret_peer->uid, ret_peer->gid, groups,
			       groups ? groups_size / sizeof(gid_t) : 0);
}

static void peer_in(struct listener *listener, int fd)
{
	struct ucred peer = { 0 };
	enum listener_right right = right_of(listener, fd, &peer);

	if (right != LISTENER_REFUSED) {
		listener->spec.accepted(listener->spec.ctx, fd, right == LISTENER_READS);
		return;
	}
	log_warning("process %d of user %d was refused on %s", peer.pid, (int)peer.uid,
		    listener->path);
	client_refuse(fd, "this user may not talk to this qsoakd");
}

static void connectable(struct ev_loop *loop, ev_io *watch, int revents)
{
	struct listener *listener = watch->data;

	(void)revents;
	for (int i = 0; i < CONTROL_ACCEPTS_PER_TURN; i++) {
		int fd = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC);

		if (fd >= 0) {
			peer_in(listener, fd);
		} else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
			   errno == ENOMEM) {
			/* The peer stays in the backlog; without a pause we would spin on it. */
			log_warning("cannot accept a client: %s", strerror(errno));
			ev_io_stop(loop, watch);
			deadline_start(loop, &listener->retry, CONTROL_ACCEPT_RETRY_NS);
			return;
		} else if (errno == EAGAIN) {
			return;
		}
	}
}

static void retry_due(void *ctx)
{
	struct listener *listener = ctx;

	ev_io_start(listener->loop, &listener->watch);
}

static int set_address(const char *path, struct sockaddr_un *ret_address, struct err *err)
{
	*ret_address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (strlen(path) >= sizeof(ret_address->sun_path))
		return err_set(err, -EINVAL, "--socket %s: longer than %zu characters", path,
			       sizeof(ret_address->sun_path) - 1);
	strcpy(ret_address->sun_path, path);
	return 0;
}

static int take_lock(struct listener *listener, struct err *err)
{
	auto_free char *path = mem_printf("%s.lock", listener->path);

	listener->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (listener->lock_fd < 0)
		return err_set_errno(err, errno, "cannot open %s", path);
	if (flock(listener->lock_fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	if (errno == EWOULDBLOCK)
		return err_set(err, -EADDRINUSE, "another qsoakd listens on %s", listener->path);
	return err_set_errno(err, errno, "cannot lock %s", path);
}

/* Nothing may be there but a socket that nobody listens on. */
static int remove_stale(const char *path, const struct sockaddr_un *address, struct err *err)
{
	auto_close int fd = -1;
	struct stat st;

	if (lstat(path, &st) < 0)
		return errno == ENOENT ? 0 : err_set_errno(err, errno, "%s", path);
	if (!S_ISSOCK(st.st_mode))
		return err_set(err, -EADDRINUSE, "%s is there and no socket", path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return err_set_errno(err, errno, "socket");
	if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 ||
	    errno != ECONNREFUSED)
		return err_set(err, -EADDRINUSE, "somebody listens on %s", path);
	if (unlink(path) < 0)
		return err_set_errno(err, errno, "cannot remove %s", path);
	return 0;
}

/* Lets those through who may connect. */
static int open_path(const char *path, const struct listener_access *access, struct err *err)
{
	bool readers = access->everyone_reads || access->reader_count;

	if (access->group != LISTENER_NO_GROUP && chown(path, (uid_t)-1, access->group) < 0)
		return err_set_errno(err, errno, "%s: cannot set the group", path);
	if (chmod(path, readers ? SOCKET_MODE_READERS : SOCKET_MODE) < 0)
		return err_set_errno(err, errno, "%s: cannot set the mode", path);
	return 0;
}

int listener_set_access(struct listener *listener, const struct listener_access *access,
			struct err *err)
{
	int r = listener->bound ? open_path(listener->path, access, err) : 0;

	if (r == 0)
		listener->spec.access = *access;
	return r;
}

static int bind_socket(struct listener *listener, const struct sockaddr_un *address,
		       struct err *err)
{
	const char *path = listener->path;
	int r;

	listener->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (listener->fd < 0)
		return err_set_errno(err, errno, "socket");
	/* Of the inode to come: never more open than wanted, whatever the umask. */
	if (fchmod(listener->fd, SOCKET_MODE_OWN) < 0)
		return err_set_errno(err, errno, "fchmod");
	if (bind(listener->fd, (const struct sockaddr *)address, sizeof(*address)) < 0)
		return err_set_errno(err, errno, "cannot bind %s", path);
	listener->bound = true;
	r = open_path(path, &listener->spec.access, err);
	if (r < 0)
		return r;
	if (listen(listener->fd, CONTROL_BACKLOG) < 0)
		return err_set_errno(err, errno, "cannot listen on %s", path);
	return 0;
}

static int make_folder(const char *path, struct err *err)
{
	const char *slash = strrchr(path, '/');
	auto_free char *folder = slash > path ? mem_strndup(path, (size_t)(slash - path)) : NULL;

	return folder ? folder_make(folder, 0755, err) : 0;
}

static int start(struct listener *listener, int fd, struct listener **ret_listener)
{
	listener->fd = fd;
	fcntl(fd, F_SETFL, O_NONBLOCK);
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	ev_io_set(&listener->watch, fd, EV_READ);
	ev_io_start(listener->loop, &listener->watch);
	*ret_listener = listener;
	return 0;
}

int listener_open(struct ev_loop *loop, const struct listener_spec *spec,
		  struct listener **ret_listener, struct err *err)
{
	struct listener *listener = mem_new(struct listener);
	struct sockaddr_un address;
	int r;

	listener->loop = loop;
	listener->spec = *spec;
	listener->path = mem_strdup(spec->path);
	listener->fd = listener->lock_fd = -1;
	ev_io_init(&listener->watch, connectable, -1, EV_READ);
	listener->watch.data = listener;
	deadline_init(&listener->retry, retry_due, listener);
	if (spec->fd >= 0)
		return start(listener, spec->fd, ret_listener);
	r = set_address(spec->path, &address, err);
	if (r == 0)
		r = make_folder(spec->path, err);
	if (r == 0)
		r = take_lock(listener, err);
	if (r == 0)
		r = remove_stale(listener->path, &address, err);
	if (r == 0)
		r = bind_socket(listener, &address, err);
	if (r < 0) {
		listener_close(listener);
		return r;
	}
	return start(listener, listener->fd, ret_listener);
}

void listener_close(struct listener *listener)
{
	if (!listener)
		return;
	ev_io_stop(listener->loop, &listener->watch);
	deadline_stop(listener->loop, &listener->retry);
	if (listener->bound)
		unlink(listener->path);
	fd_close(&listener->fd);
	fd_close(&listener->lock_fd);
	free(listener->path);
	free(listener);
}
