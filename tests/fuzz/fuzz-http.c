// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Any bytes as a request to the HTTP server, for libFuzzer, with results and an incident to read: who names
 * another host gets nothing, what is JSON parses, and no file but an incident's comes out. The first line is
 * "METHOD TARGET", the next ones are headers; a header "Gone: N" is a client that goes while it waits for
 * the Nth time.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/folder.h"
#include "control/control.h"
#include "http/address.h"
#include "http/http.h"
#include "store/store.h"
#include "tests/fuzz/microhttpd.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What must not come out. */
#define SECRET "not of an incident"

#define INPUT_MAX 4096

/* Of a file: more than one chunk. */
#define LONG_BYTES (300 * 1024)

struct world {
	struct ev_loop *loop;
	struct control *control;
	struct http *http;
	char state[64];
};

static struct world world;

static void idle(void *ctx)
{
	(void)ctx;
	abort(); /* nobody may end it */
}

/* --- what there is to read */

static void write_file(const char *name, const char *text, size_t size)
{
	auto_free char *path = mem_printf("%s/%s", world.state, name);
	auto_fclose FILE *f = fopen(path, "wxe");

	require(f && fwrite(text, 1, size, f) == size);
}

static void make_incident(void)
{
	static const char manifest[] = "{\"failure\": 5, \"class\": \"crash\", \"runs\": []}";
	auto_free char *folder = mem_printf("%s/incidents/5", world.state);
	auto_free char *link = mem_printf("%s/link", folder), *sub = mem_printf("%s/sub", folder);
	auto_free char *fifo = mem_printf("%s/fifo", folder);
	auto_free char *bytes = mem_zalloc(LONG_BYTES);
	struct err err = { 0 };

	require(folder_make(folder, 0700, &err) == 0);
	write_file("secret", SECRET, strlen(SECRET));
	write_file("incidents/5/manifest.json", manifest, strlen(manifest));
	write_file("incidents/5/qemu.output", "last words\n", 11);
	write_file("incidents/5/core", bytes, LONG_BYTES);
	require(symlink("../../secret", link) == 0 && mkdir(sub, 0700) == 0);
	require(mkfifo(fifo, 0600) == 0);
	write_file("incidents/5/sub/secret", SECRET, strlen(SECRET));
}

static void durable(void *ctx)
{
	*(bool *)ctx = true;
}

static void emit_rows(struct records *records, bool *stored)
{
	struct record_campaign_begin begin = { .id = 1,
					       .began_unix_ns = 1000,
					       .name = "quick",
					       .profile_text = "name: quick\n",
					       .seed = "1",
					       .accel = "tcg",
					       .machine = "q35",
					       .ram_bytes = 1 << 20,
					       .vms = 1,
					       .host_name = "box",
					       .host_kernel = "Linux",
					       .host_cpu = "a cpu",
					       .host_cpus = 1 };
	struct record_build build = {
		.campaign_id = 1, .binary = "/b", .version = "7", .sha256 = "ab"
	};
	struct record_run_begin run = {
		.id = 4, .campaign_id = 1, .build_id = 2, .began_unix_ns = 2000, .argv = "[]"
	};
	struct record_failure failure = { .id = 5,
					  .campaign_id = 1,
					  .src_run_id = 4,
					  .at_unix_ns = 3000,
					  .class = "crash",
					  .signature = "crash by SIGSEGV",
					  .detail = "killed",
					  .incident = "incidents/5" };

	records_emit(records, &(struct record){ RECORD_CAMPAIGN_BEGIN, .campaign_begin = begin });
	build.id = 2;
	build.name = "a";
	records_emit(records, &(struct record){ RECORD_BUILD, .build = build });
	build.id = 3;
	build.name = "b";
	records_emit(records, &(struct record){ RECORD_BUILD, .build = build });
	records_emit(records, &(struct record){ RECORD_RUN_BEGIN, .run_begin = run });
	records_emit_durable(records, &(struct record){ RECORD_FAILURE, .failure = failure },
			     (struct record_durable){ durable, stored });
}

static void make_results(void)
{
	auto_free char *path = store_path(world.state);
	struct store *store;
	struct records *records;
	struct err err = { 0 };
	bool stored = false;
	int64_t first_id;

	require(store_open(world.loop, path, false, &store, &first_id, &err) == 0);
	records = records_new(first_id);
	store_subscribe(store, records);
	emit_rows(records, &stored);
	while (!stored)
		ev_run(world.loop, EVRUN_ONCE);
	require(store_close(store, &err) == 0);
	records_free(records);
}

static void remove_state(void)
{
	folder_remove(world.state);
}

static void make_world(void)
{
	struct control_spec spec = {
		.records = records_new(100),
		.state = world.state,
		.work = "/nonexistent",
		.guests = "/nonexistent",
		.idle = idle,
	};
	struct err err = { 0 };

	strcpy(world.state, "/tmp/qsoak-fuzz-http-XXXXXX");
	require(mkdtemp(world.state));
	atexit(remove_state);
	world.loop = ev_loop_new(0);
	make_incident();
	make_results();
	world.control = control_new(world.loop, &spec);
	require(http_open(world.loop, "127.0.0.1:0", world.control, &world.http, &err) == 0);
}

/* --- what an answer must be */

/* Whether a Host header could name this host: the shape alone, read in another way than the server does. */
static bool could_be_us(const char *host)
{
	const char *port;
	size_t length;

	if (!host)
		return false;
	port = *host == '[' ? strchr(host, ']') : strchr(host, ':');
	if (*host == '[')
		return port && 1 + strspn(host + 1, "0:.1") == (size_t)(port - host);
	length = port ? (size_t)(port - host) : strlen(host);
	return (length == 9 && !strncasecmp(host, "localhost", 9)) ||
	       (!strncmp(host, "127.", 4) && strspn(host, "0123456789.") == length);
}

static void check_text(unsigned status, const char *type, const char *bytes, size_t size)
{
	auto_json json_t *value = NULL;
	json_t *error;

	/* An error may repeat what was asked. */
	require(status != 200 || !memmem(bytes, size, SECRET, strlen(SECRET)));
	if (strcmp(type, "application/json")) {
		require(status == 200);
		return;
	}
	value = json_loadb(bytes, size, JSON_ALLOW_NUL, NULL);
	require(value);
	if (status == 200)
		return;
	error = json_object_get(value, "error");
	require(json_is_string(json_object_get(error, "class")));
	require(json_is_string(json_object_get(error, "desc")));
}

static void check_answer(const struct MHD_Connection *connection, const char *method)
{
	const struct MHD_Response *response = connection->response;
	const char *type = pairs_find(&response->headers, "Content-Type");
	bool reads = !strcmp(method, "GET") || !strcmp(method, "HEAD");

	require(type && pairs_find(&response->headers, "Content-Security-Policy"));
	/* Nobody else asks for anything. */
	require(connection->status != 500 && connection->status != 503);
	if (!could_be_us(pairs_find(&connection->headers, "Host")))
		require(connection->status == 421);
	require(reads || connection->status != 200);
	if (response->bytes)
		check_text(connection->status, type, response->bytes, response->size);
}

/* --- a request from its beginning to its end */

/* False: the client goes instead. */
static bool rest(struct MHD_Connection *connection, long *gone)
{
	while (connection->suspended)
		ev_run(world.loop, EVRUN_ONCE);
	return --*gone != 0;
}

/* What the library does with a body that comes in parts; false: the client has gone. */
static bool send_body(struct MHD_Connection *connection, long *gone)
{
	struct MHD_Response *response = connection->response;
	bool stream = response->total == MHD_SIZE_UNKNOWN;
	uint64_t sent = 0;
	char block[16 * 1024];

	while (stream || sent < response->total) {
		ssize_t n = response->reader(response->reader_ctx, sent, block, sizeof(block));

		require(n >= 0 || n == MHD_CONTENT_READER_END_OF_STREAM);
		if (n < 0)
			return true;
		require((size_t)n <= sizeof(block));
		require(!memmem(block, (size_t)n, SECRET, strlen(SECRET)));
		sent += (uint64_t)n;
		require(n || connection->suspended);
		/* A stream rests until its peer goes. */
		if (stream && connection->suspended) {
			close(connection->peer);
			connection->peer = -1;
		}
		if (connection->suspended && !rest(connection, gone))
			return false;
	}
	require(sent == response->total);
	return true;
}

static void ask(struct MHD_Connection *connection, const char *method, const char *target,
		const char *path)
{
	const char *gone_text = pairs_find(&connection->headers, "Gone");
	long gone = gone_text ? strtol(gone_text, NULL, 10) : 0;
	void *request = mhd.begins(mhd.begins_ctx, target, connection);
	size_t size = 0;
	bool stays = true;

	do {
		require(mhd.handler(mhd.handler_ctx, connection, path, method, "HTTP/1.1", NULL,
				    &size, &request) == MHD_YES);
		require(connection->suspended || connection->response);
		if (connection->suspended)
			stays = rest(connection, &gone);
	} while (stays && !connection->response);
	if (connection->response)
		check_answer(connection, method);
	if (connection->response && connection->response->reader && strcmp(method, "HEAD"))
		stays = send_body(connection, &gone);
	mhd.over(mhd.over_ctx, connection, &request,
		 stays ? MHD_REQUEST_TERMINATED_COMPLETED_OK : MHD_REQUEST_TERMINATED_CLIENT_ABORT);
	require(!request);
}

/* An address that is taken is one of ours, and is told as it is read. */
static void check_address(const char *text)
{
	struct sockaddr_storage address, again;
	auto_free char *told = NULL;
	struct err err = { 0 };
	socklen_t size;

	if (http_address_parse(text, &address, &size, &err) < 0) {
		require(err.code == -EINVAL);
		return;
	}
	require(could_be_us(text) && http_address_is_host(text));
	told = http_address_text(&address);
	require(http_address_parse(told, &again, &size, &err) == 0);
	require(!memcmp(&address, &again, size));
}

static void finish(struct MHD_Connection *connection)
{
	pairs_clear(&connection->headers);
	pairs_clear(&connection->arguments);
	if (connection->response)
		MHD_destroy_response(connection->response);
	if (connection->peer >= 0)
		close(connection->peer);
	if (connection->info.connect_fd >= 0)
		close(connection->info.connect_fd);
	/* What it had asked of the reader comes to its end. */
	ev_run(world.loop, EVRUN_NOWAIT);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct MHD_Connection connection = { .peer = -1, .info.connect_fd = -1 };
	auto_free char *text = NULL, *target = NULL;
	char *headers, *path, *query;

	if (!world.loop)
		make_world();
	if (!size || size > INPUT_MAX || memchr(data, '\0', size))
		return 0;
	text = mem_zalloc(size + 1);
	memcpy(text, data, size);
	headers = strchr(text, '\n');
	if (headers)
		*headers++ = '\0';
	path = strchr(text, ' ');
	if (!path)
		return 0;
	*path++ = '\0';
	target = mem_strdup(path);
	query = strchr(path, '?');
	if (query)
		*query++ = '\0';
	parse_headers(headers, &connection.headers);
	parse_arguments(query, &connection.arguments);
	check_address(pairs_find(&connection.headers, "Host") ?: "");
	ask(&connection, text, target, unescape(path));
	finish(&connection);
	return 0;
}
