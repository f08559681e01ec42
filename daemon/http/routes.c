// SPDX-License-Identifier: GPL-2.0-or-later
/* What there is to ask for. */
#include "base/mem.h"
#include "http/request.h"

static enum MHD_Result answer_health(struct http_request *request, const char *rest)
{
	(void)rest;
	return http_send(request, MHD_HTTP_OK, "text/plain; charset=utf-8", mem_strdup("ok\n"));
}

const struct http_route http_routes[] = {
	{ "/", http_answer_page },
	{ "/api/", http_answer_api },
	{ "/events", http_answer_events },
	{ "/healthz", answer_health },
	{ "/incidents/", http_answer_evidence },
	{ "/metrics", http_answer_metrics },
	{ "/page/", http_answer_asset },
	{ 0 },
};
