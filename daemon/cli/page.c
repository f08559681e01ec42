// SPDX-License-Identifier: GPL-2.0-or-later
/* qsoak report --html. */
#include "cli/page.h"

#include "base/publish.h"
#include "report/html.h"

int page_plots(struct source *source, const json_t *report, json_t **ret_plots, struct err *err)
{
	json_t *campaign = json_object_get(json_object_get(report, "campaign"), "id");

	*ret_plots = NULL;
	if (!json_is_integer(campaign))
		return 0;
	return source_get(source, "query-plots", json_pack("{s:O}", "campaign", campaign),
			  ret_plots, err);
}

int page_write(json_t *report, json_t *plots, const char *path, struct err *err)
{
	struct publish publish = { 0 };
	int r = publish_begin(path, "the page", &publish, err);

	if (r == 0)
		r = html_report(report, plots, publish.out, err);
	if (r == 0)
		r = publish_end(&publish, err);
	publish_cancel(&publish);
	return r;
}
