// SPDX-License-Identifier: GPL-2.0-or-later
/* qsoak report --junit, --tap. */
#include "cli/cases.h"

#include "base/mem.h"
#include "base/publish.h"
#include "report/cases.h"

bool cases_wanted(const struct cli *cli)
{
	return cli->junit || cli->tap;
}

/* path: NULL where it is not wanted. */
static int write_file(const char *path, const struct cases *cases,
		      void (*print)(const struct cases *cases, FILE *out), struct err *err)
{
	struct publish publish = { 0 };
	int r = path ? publish_begin(path, "the report", &publish, err) : 0;

	if (r < 0 || !path)
		return r;
	print(cases, publish.out);
	return publish_end(&publish, err);
}

int cases_write(const struct cli *cli, json_t *report, struct err *err)
{
	struct cases cases;
	int r;

	cases_make(report, &cases);
	r = write_file(cli->junit, &cases, junit_print, err);
	if (r == 0)
		r = write_file(cli->tap, &cases, tap_print, err);
	cases_finish(&cases);
	return r;
}
