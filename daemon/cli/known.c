// SPDX-License-Identifier: GPL-2.0-or-later
/* Where ledgers of known issues lie. */
#include "cli/known.h"

#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "cli/data.h"
#include "report/report.h"

#define SYSTEM_FILE "/etc/qsoak/" LEDGER_FILE

/* NULL where nobody says where the user's files are; the caller frees. */
static char *user_file(void)
{
	const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");

	if (config && *config == '/')
		return mem_printf("%s/qsoak/" LEDGER_FILE, config);
	return home && *home == '/' ? mem_printf("%s/.config/qsoak/" LEDGER_FILE, home) : NULL;
}

static int add_file(const char *path, struct ledger *ledger, struct err *err)
{
	auto_free char *text = NULL;
	size_t size = 0;
	int r = file_read(path, "the known issues", LEDGER_TEXT_MAX, &text, &size, err);

	return r < 0 ? r : ledger_add(ledger, text, size, path, err);
}

static int add_if_there(const char *path, struct ledger *ledger, struct err *err)
{
	return path && access(path, F_OK) == 0 ? add_file(path, ledger, err) : 0;
}

int known_read(const struct cli *cli, struct ledger *ret_ledger, struct err *err)
{
	auto_free char *own = user_file(), *ours = data_find(LEDGER_FILE);
	struct ledger ledger = { 0 };
	int r;

	if (cli->known) {
		r = add_file(cli->known, &ledger, err);
	} else {
		r = add_if_there(own, &ledger, err);
		if (r == 0)
			r = add_if_there(SYSTEM_FILE, &ledger, err);
		if (r == 0)
			r = add_if_there(ours, &ledger, err);
	}
	if (r < 0)
		ledger_finish(&ledger);
	else
		*ret_ledger = ledger;
	return r;
}

int known_print_report(const struct ledger *ledger, json_t *report, bool json, struct err *err)
{
	ledger_apply_report(ledger, report);
	return report_print(report, report_campaign, json, stdout, err);
}
