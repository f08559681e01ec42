// SPDX-License-Identifier: GPL-2.0-or-later
/* qsoak selfcheck: a campaign that compares a build with itself. */
#include "base/mem.h"
#include "cli/cli.h"
#include "report/comparison.h"

/* Which build does not matter, it is the host that is looked at: the distribution's, unless --build names one. */
#define SELFCHECK_BINARY "/usr/bin/qemu-system-x86_64"

int cli_selfcheck(const struct cli *cli)
{
	auto_json json_t *overrides = json_copy(cli->overrides);
	struct cli run = *cli;

	if (!json_object_get(overrides, "builds") && !json_array_size(cli->registered))
		json_object_set_new(
			overrides, "builds",
			json_pack("[{s:s, s:s}]", "name", "qemu", "binary", SELFCHECK_BINARY));
	run.argument = COMPARISON_SELFCHECK;
	run.overrides = overrides;
	return cli_run(&run);
}
