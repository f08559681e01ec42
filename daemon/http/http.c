// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: libmicrohttpd has no thread here. Its epoll descriptor is one watcher of the
 * loop, its next timeout one deadline; both make it look at what is ready. Its connections come
 * after the QEMUs' in each turn.
 *
 * What takes long is the reader's: the connection is suspended, and when the answer has come it is
 * resumed, which calls the route again. A client that goes meanwhile is noticed then. Every request
 * is in a list until it is over, since libmicrohttpd wants no connection suspended when it ends.
 */
#include "http/http.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/deadline.h"
#include "base/log.h"
#include "base/mem.h"
#include "control/service.h"
#include "http/address.h"
#include "http/limits.h"
#include "http/request.h"
#include "report/json.h"

struct http {
	struct ev_loop *loop;
	struct control *control;
	char *address;
	struct MHD_Daemon *mhd;
	struct http_streams *streams;
	struct http_request *requests;
	size_t reads; /* answers that the reader works on */
	ev_io watch;
	struct deadline due;
};

static const struct {
	const char *name, *value;
} headers[] = {
	{ "Content-Security-Policy",
	  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src "
	  "'self'; "
	  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'" },
	{ "X-Content-Type-Options", "nosniff" },
	{ "X-Frame-Options", "DENY" },
	{ "Referrer-Policy", "no-referrer" },
	{ "Cross-Origin-Resource-Policy", "same-origin" },
	{ "Cross-Origin-Opener-Policy", "same-origin" },
	{ "Cache-Control", "no-store" },
};

struct control *http_control(const struct http *http)
{
	return http->control;
}

struct http_streams *http_streams(const struct http *http)
{
	return http->streams;
}

/* --- answers */

enum MHD_Result http_queue(struct http_request *request, unsigned int status, const char *type,
			   struct MHD_Response *response)
{
	enum MHD_Result r;

	if (!response)
		return MHD_NO; /* it has no memory: the connection ends */
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	for (size_t i = 0; i < ARRAY_SIZE(headers); i++)
		MHD_add_response_header(response, headers[i].name, headers[i].value);
	if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
		MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
	if (status == MHD_HTTP_SERVICE_UNAVAILABLE)
		MHD_add_response_header(response, MHD_HTTP_HEADER_RETRY_AFTER, "1");
	r = MHD_queue_response(request->connection, status, response);
	MHD_destroy_response(response);
	return r;
}

enum MHD_Result http_send(struct http_request *request, unsigned int status, const char *type,
			  char *text)
{
	return http_queue(
		request, status, type,
		MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_FREE));
}

enum MHD_Result http_send_static(struct http_request *request, const char *type, const char *text,
				 size_t size)
{
	return http_queue(
		request, MHD_HTTP_OK, type,
		MHD_create_response_from_buffer(size, (void *)text, MHD_RESPMEM_PERSISTENT));
}

static unsigned int status_of(int code)
{
	switch (code) {
	case -EINVAL:
		return MHD_HTTP_BAD_REQUEST;
	case -ENOENT:
		return MHD_HTTP_NOT_FOUND;
	case -EPERM:
		return MHD_HTTP_METHOD_NOT_ALLOWED;
	case -EACCES:
		return MHD_HTTP_MISDIRECTED_REQUEST;
	case -EMSGSIZE:
		return MHD_HTTP_CONTENT_TOO_LARGE;
	case -ENAMETOOLONG:
		return MHD_HTTP_URI_TOO_LONG;
	case -EBUSY:
		return MHD_HTTP_SERVICE_UNAVAILABLE;
	default:
		return MHD_HTTP_INTERNAL_SERVER_ERROR;
	}
}

enum MHD_Result http_send_error(struct http_request *request, const struct err *err)
{
	auto_json json_t *error =
		json_pack("{s:{s:s, s:o}}", "error", "class",
			  err->code == -EINVAL ? "InvalidParameter" : "GenericError", "desc",
			  report_json_string(err->text));

	return http_send(request, status_of(err->code), "application/json",
			 json_dumps(error, JSON_COMPACT));
}

/* --- requests that take a while */

static void run(void *ctx);

void http_suspend(struct http_request *request)
{
	request->suspended = true;
	MHD_suspend_connection(request->connection);
}

void http_resume(struct http_request *request)
{
	if (!request->suspended)
		return;
	request->suspended = false;
	MHD_resume_connection(request->connection);
	deadline_start(request->http->loop, &request->http->due, 0);
}

static void read_done(void *ctx, char *text, const struct err *err)
{
	struct http_request *request = ctx;

	request->job = NULL;
	request->http->reads--;
	request->text = text;
	request->err = *err;
	request->read = true;
	http_resume(request);
}

int http_may_read(const struct http_request *request, struct err *err)
{
	return request->http->reads < HTTP_READS_MAX
		       ? 0
		       : err_set(err, -EBUSY, "%d requests wait already", HTTP_READS_MAX);
}

void http_read(struct http_request *request, const struct command *command, json_t *arguments)
{
	struct http *http = request->http;

	http->reads++;
	request->read = false;
	request->job = reader_submit(service_reader(http->control), command, arguments, read_done,
				     request);
	http_suspend(request);
}

/* --- requests */

/* The first that is heard of a request; the target is as it came. */
static void *request_new(void *ctx, const char *target, struct MHD_Connection *connection)
{
	struct http_request *request = mem_new(struct http_request);

	request->http = ctx;
	request->connection = connection;
	request->too_long = strlen(target) > HTTP_TARGET_MAX;
	request->next = request->http->requests;
	request->http->requests = request;
	return request;
}

static void request_over(void *ctx, struct MHD_Connection *connection, void **request_p,
			 enum MHD_RequestTerminationCode how)
{
	struct http_request *request = *request_p, **p;
	struct http *http = ctx;

	(void)connection;
	(void)how;
	if (!request)
		return;
	*request_p = NULL;
	for (p = &http->requests; *p != request;)
		p = &(*p)->next;
	*p = request->next;
	if (request->job) {
		reader_cancel(request->job);
		http->reads--;
	}
	if (request->body)
		request->body_free(request->body);
	free(request->text);
	free(request);
}

static const struct http_route *find_route(const char *path, const char **ret_rest)
{
	for (const struct http_route *route = http_routes; route->path; route++) {
		size_t length = strlen(route->path);
		bool below = length > 1 && route->path[length - 1] == '/';

		if (below ? !strncmp(path, route->path, length) && path[length]
			  : !strcmp(path, route->path)) {
			*ret_rest = path + length;
			return route;
		}
	}
	return NULL;
}

/* What is wrong with a request, whatever it asks for. */
static int check_request(const struct http_request *request, const char *method, struct err *err)
{
	struct MHD_Connection *connection = request->connection;
	const char *host =
		MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_HOST);

	if (!host || !http_address_is_host(host))
		return err_set(err, -EACCES,
			       "Host: found \"%.80s\", expected localhost or a loopback address",
			       host ? host : "");
	if (strcmp(method, MHD_HTTP_METHOD_GET) && strcmp(method, MHD_HTTP_METHOD_HEAD))
		return err_set(err, -EPERM, "found %.20s, expected GET or HEAD: this only reads",
			       method);
	if (request->too_long)
		return err_set(err, -ENAMETOOLONG, "the target is longer than %d bytes",
			       HTTP_TARGET_MAX);
	if (MHD_lookup_connection_value(connection, MHD_HEADER_KIND,
					MHD_HTTP_HEADER_TRANSFER_ENCODING) ||
	    MHD_lookup_connection_value(connection, MHD_HEADER_KIND,
					MHD_HTTP_HEADER_CONTENT_LENGTH))
		return err_set(err, -EMSGSIZE, "found a body, expected none");
	return 0;
}

static enum MHD_Result request_in(void *ctx, struct MHD_Connection *connection, const char *path,
				  const char *method, const char *version, const char *data,
				  size_t *data_size, void **request_p)
{
	struct http_request *request = *request_p;
	const struct http_route *route;
	struct err err = { 0 };
	const char *rest;

	(void)ctx;
	(void)connection;
	(void)version;
	(void)data;
	(void)data_size;
	if (check_request(request, method, &err) < 0)
		return http_send_error(request, &err);
	route = find_route(path, &rest);
	if (route)
		return route->answer(request, rest);
	err_set(&err, -ENOENT, "there is no %.80s", path);
	return http_send_error(request, &err);
}

/* --- the loop */

static bool is_full(const struct http *http)
{
	const union MHD_DaemonInfo *info =
		MHD_get_daemon_info(http->mhd, MHD_DAEMON_INFO_CURRENT_CONNECTIONS);

	return info->num_connections >= HTTP_CONNECTIONS_MAX;
}

/* Lets libmicrohttpd look at what is ready, and notes when it wants to look again. */
static void run(void *ctx)
{
	struct http *http = ctx;
	MHD_UNSIGNED_LONG_LONG timeout_ms;
	bool was_full = is_full(http);

	deadline_stop(http->loop, &http->due);
	MHD_run(http->mhd);
	/* While it is full it does not listen, and it begins to listen again when it looks. */
	if (was_full && !is_full(http))
		deadline_start(http->loop, &http->due, 0);
	else if (MHD_get_timeout(http->mhd, &timeout_ms) == MHD_YES)
		deadline_start(http->loop, &http->due, (int64_t)timeout_ms * CLOCK_NS_PER_MS);
}

static void ready(struct ev_loop *loop, ev_io *watch, int revents)
{
	(void)loop;
	(void)revents;
	run(watch->data);
}

static void log_of_mhd(void *ctx, const char *format, va_list args)
{
	auto_free char *text = mem_vprintf(format, args);

	(void)ctx;
	text[strcspn(text, "\n")] = '\0';
	log_debug("http: %s", text);
}

/* The address has been parsed: ret_text is as it was chosen. */
static int open_socket(const struct sockaddr_storage *address, socklen_t size, int *ret_fd,
		       char **ret_text, struct err *err)
{
	auto_close int fd =
		socket(address->ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	auto_free char *text = http_address_text(address);
	struct sockaddr_storage bound;
	int on = 1, buffer = HTTP_SEND_BUFFER;

	if (fd < 0)
		return err_set_errno(err, errno, "http: %s: socket", text);
	/* Connections of the qsoakd before us may linger. */
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	/* Connections have it from the socket that they come by. */
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof(buffer));
	if (bind(fd, (const struct sockaddr *)address, size) < 0 || listen(fd, HTTP_BACKLOG) < 0)
		return err_set_errno(err, errno, "http: cannot listen on %s", text);
	if (getsockname(fd, (struct sockaddr *)&bound, &size) < 0)
		return err_set_errno(err, errno, "http: %s: getsockname", text);
	*ret_text = http_address_text(&bound);
	*ret_fd = fd_steal(&fd);
	return 0;
}

/* Takes the socket over. */
static int start(struct http *http, int fd, struct err *err)
{
	const union MHD_DaemonInfo *info;

	http->mhd = MHD_start_daemon(
		MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG, 0, NULL, NULL,
		request_in, http, MHD_OPTION_EXTERNAL_LOGGER, log_of_mhd, http,
		MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_URI_LOG_CALLBACK, request_new, http,
		MHD_OPTION_NOTIFY_COMPLETED, request_over, http, MHD_OPTION_CONNECTION_LIMIT,
		(unsigned int)HTTP_CONNECTIONS_MAX, MHD_OPTION_PER_IP_CONNECTION_LIMIT,
		(unsigned int)HTTP_CONNECTIONS_PER_ADDRESS, MHD_OPTION_CONNECTION_TIMEOUT,
		(unsigned int)HTTP_IDLE_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
		(size_t)HTTP_CONNECTION_BYTES, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
	if (!http->mhd) {
		close(fd);
		return err_set(err, -EIO, "http: libmicrohttpd does not start");
	}
	info = MHD_get_daemon_info(http->mhd, MHD_DAEMON_INFO_EPOLL_FD);
	ev_io_init(&http->watch, ready, info->epoll_fd, EV_READ);
	ev_set_priority(&http->watch, -1);
	http->watch.data = http;
	ev_io_start(http->loop, &http->watch);
	return 0;
}

int http_open(struct ev_loop *loop, const char *address, struct control *control,
	      struct http **ret_http, struct err *err)
{
	struct sockaddr_storage parsed;
	auto_free char *text = NULL;
	struct http *http;
	socklen_t size;
	int fd = -1, r = http_address_parse(address, &parsed, &size, err);

	if (r == 0)
		r = open_socket(&parsed, size, &fd, &text, err);
	if (r < 0)
		return r;
	http = mem_new(struct http);
	http->loop = loop;
	http->control = control;
	deadline_init(&http->due, run, http);
	r = start(http, fd, err);
	if (r < 0) {
		free(http);
		return r;
	}
	http->streams = http_streams_new(loop, http);
	http->address = mem_steal(text);
	*ret_http = http;
	return 0;
}

const char *http_address(const struct http *http)
{
	return http ? http->address : NULL;
}

void http_close(struct http *http)
{
	if (!http)
		return;
	for (struct http_request *request = http->requests; request; request = request->next)
		http_resume(request);
	ev_io_stop(http->loop, &http->watch);
	MHD_stop_daemon(http->mhd); /* every request is over then */
	http_streams_free(http->streams);
	deadline_stop(http->loop, &http->due);
	free(http->address);
	free(http);
}
