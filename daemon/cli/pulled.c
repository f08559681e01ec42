// SPDX-License-Identifier: GPL-2.0-or-later
/* --store: which campaigns a command reads, and how much of them. */
#include "cli/pulled.h"

#include <errno.h>
#include <string.h>

#include "base/folder.h"
#include "base/janitor.h"
#include "base/mem.h"
#include "report/comparison.h"
#include "store/store.h"
#include "upstream/pull.h"

struct pulled {
	const char *url;
	char *folder; /* in it a state folder for each time */
	struct janitor *janitor;
	struct pull last; /* that is in state */
	char *state;	  /* NULL: nothing was pulled yet */
	unsigned times;
};

/* What is not here is a list. */
static const struct {
	const char *command;
	enum pull_what what;
	bool newest;	    /* where no campaign is given; else all */
	const char *beside; /* what a comparison says of the host */
} commands[] = {
	{ "export", PULL_ALL_ROWS, false, NULL },
	{ "query-report", PULL_REPORT, true, COMPARISON_SELFCHECK },
	{ "query-plots", PULL_REPORT, true, COMPARISON_SELFCHECK },
	{ "query-comparison", PULL_SAMPLES, false, COMPARISON_SELFCHECK },
	{ "query-history", PULL_SAMPLES, false, NULL },
};

static struct pull wanted(const char *command, json_t *arguments)
{
	struct pull pull = {
		.campaign = json_integer_value(json_object_get(arguments, "campaign")),
		.what = PULL_LISTS,
	};

	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		if (strcmp(commands[i].command, command))
			continue;
		pull.what = commands[i].what;
		pull.beside = commands[i].beside;
		pull.newest = commands[i].newest && !pull.campaign;
	}
	return pull;
}

int pulled_new(const char *url, struct pulled **ret_pulled, struct err *err)
{
	const char *tmp = getenv("TMPDIR");
	auto_free char *folder = mem_printf("%s/qsoak-XXXXXX", tmp && tmp[0] == '/' ? tmp : "/tmp");
	struct pulled *pulled;
	int r;

	if (!mkdtemp(folder))
		return err_set_errno(err, errno, "cannot make a folder %s", folder);
	pulled = mem_new(struct pulled);
	pulled->url = url;
	pulled->folder = mem_steal(folder);
	r = janitor_start(pulled->folder, -1, -1, &pulled->janitor, err);
	if (r < 0) {
		folder_remove(pulled->folder);
		pulled_free(pulled);
		return r;
	}
	*ret_pulled = pulled;
	return 0;
}

void pulled_free(struct pulled *pulled)
{
	if (!pulled)
		return;
	janitor_finish(pulled->janitor);
	free(pulled->state);
	free(pulled->folder);
	free(pulled);
}

int pulled_state(struct pulled *pulled, const char *command, json_t *arguments,
		 const char **ret_state, struct err *err)
{
	struct pull pull = wanted(command, arguments);
	auto_free char *state = NULL, *path = NULL;
	int r;

	*ret_state = pulled->state;
	/* The next page, or the plots of a report. */
	if (pulled->state && pull.what == pulled->last.what &&
	    (pull.campaign == pulled->last.campaign || pulled->last.newest))
		return 0;
	state = mem_printf("%s/%u", pulled->folder, ++pulled->times);
	path = store_path(state);
	r = folder_make(state, 0700, err);
	if (r == 0)
		r = pull_store(pulled->url, &pull, path, err);
	if (r < 0)
		return r;
	free(pulled->state);
	pulled->state = mem_steal(state);
	pulled->last = pull;
	*ret_state = pulled->state;
	return 0;
}
