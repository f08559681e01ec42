// SPDX-License-Identifier: GPL-2.0-or-later
/* The live page: the files of page/, as they are. */
#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "http/request.h"

#define EMBED(name, file)                                 \
	__asm__(".pushsection .rodata\n"                  \
		"http_" #name ":\n"                       \
		".incbin \"daemon/http/page/" file "\"\n" \
		"http_" #name "_end:\n"                   \
		".byte 0\n"                               \
		".popsection\n");                         \
	extern const char http_##name[], http_##name##_end[]

EMBED(index, "index.html");
EMBED(style, "page.css");
EMBED(icon, "icon.svg");
EMBED(dom, "dom.js");
EMBED(plots, "plots.js");
EMBED(fleet, "fleet.js");
EMBED(results, "results.js");
EMBED(incident, "incident.js");
EMBED(live, "live.js");

#define SCRIPT "text/javascript; charset=utf-8"

static const struct {
	const char *name, *type, *begin, *end;
} assets[] = {
	{ "dom.js", SCRIPT, http_dom, http_dom_end },
	{ "fleet.js", SCRIPT, http_fleet, http_fleet_end },
	{ "icon.svg", "image/svg+xml", http_icon, http_icon_end },
	{ "incident.js", SCRIPT, http_incident, http_incident_end },
	{ "live.js", SCRIPT, http_live, http_live_end },
	{ "page.css", "text/css; charset=utf-8", http_style, http_style_end },
	{ "plots.js", SCRIPT, http_plots, http_plots_end },
	{ "results.js", SCRIPT, http_results, http_results_end },
};

enum MHD_Result http_answer_page(struct http_request *request, const char *rest)
{
	(void)rest;
	return http_send_static(request, "text/html; charset=utf-8", http_index,
				(size_t)(http_index_end - http_index));
}

enum MHD_Result http_answer_asset(struct http_request *request, const char *rest)
{
	struct err err = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(assets); i++)
		if (!strcmp(assets[i].name, rest))
			return http_send_static(request, assets[i].type, assets[i].begin,
						(size_t)(assets[i].end - assets[i].begin));
	err_set(&err, -ENOENT, "there is no /page/%.60s", rest);
	return http_send_error(request, &err);
}
