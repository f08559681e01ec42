/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the server's parts know of each other: requests, the ways to answer one, and the routes. */
#ifndef QSOAK_HTTP_REQUEST_H
#define QSOAK_HTTP_REQUEST_H

#include <jansson.h>
#include <microhttpd.h>
#include <stdbool.h>

#include "control/reader.h"
#include "http/http.h"

struct http_streams;

struct http_request {
	struct http *http;
	struct http_request *next; /* of those that are not over */
	struct MHD_Connection *connection;
	bool too_long;	/* the target */
	bool suspended; /* nobody listens to the connection until http_resume() */
	/* With the reader, or what it said. */
	struct reader_job *job;
	char *text;
	struct err err;
	bool read;
	/* Of a body that comes in parts. */
	void *body;
	void (*body_free)(void *body);
};

struct http_route {
	const char *path; /* ends with '/': and all below it, but not itself */
	/* Answers the request, or suspends it and is called again. rest: of the path, behind this one. */
	enum MHD_Result (*answer)(struct http_request *request, const char *rest);
};

/* All of them; ends with a NULL path. */
extern const struct http_route http_routes[];

enum MHD_Result http_answer_page(struct http_request *request, const char *rest);
enum MHD_Result http_answer_asset(struct http_request *request, const char *rest);
enum MHD_Result http_answer_api(struct http_request *request, const char *rest);
enum MHD_Result http_answer_evidence(struct http_request *request, const char *rest);
enum MHD_Result http_answer_metrics(struct http_request *request, const char *rest);
enum MHD_Result http_answer_events(struct http_request *request, const char *rest);

struct control *http_control(const struct http *http);
struct http_streams *http_streams(const struct http *http);

/* --- answers; each ends the request */

/* text is freed. */
enum MHD_Result http_send(struct http_request *request, unsigned int status, const char *type,
			  char *text);

/* An error as JSON, its status by its code: -EINVAL, -ENOENT, -EBUSY, else 500. */
enum MHD_Result http_send_error(struct http_request *request, const struct err *err);

/* Text that lives as long as the program. */
enum MHD_Result http_send_static(struct http_request *request, const char *type, const char *text,
				 size_t size);

/* With our headers. response is given away. */
enum MHD_Result http_queue(struct http_request *request, unsigned int status, const char *type,
			   struct MHD_Response *response);

/* --- those that take a while */

/* The connection rests, until it is resumed. */
void http_suspend(struct http_request *request);
void http_resume(struct http_request *request);

/* Whether one more may be begun that needs the reader: -EBUSY. */
int http_may_read(const struct http_request *request, struct err *err);

/* The reader executes command, and then resumes the request: text or err say what came. */
void http_read(struct http_request *request, const struct command *command, json_t *arguments);

/* --- events */

struct http_streams *http_streams_new(struct ev_loop *loop, struct http *http);

/* After the last request; takes NULL. */
void http_streams_free(struct http_streams *streams);

#endif
