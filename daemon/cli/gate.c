// SPDX-License-Identifier: GPL-2.0-or-later
/* qsoak gate: whether a campaign is good enough to release its build, by rules. */
#include "report/gate.h"

#include "base/file.h"
#include "base/mem.h"
#include "cli/known.h"
#include "cli/source.h"
#include "report/report.h"

/* The rules of --rules, or the built-in ones; finish them in any case. */
static int read_rules(const struct cli *cli, struct gate_rules *ret_rules, struct err *err)
{
	auto_free char *text = NULL;
	size_t size = 0;
	int r;

	gate_rules_init(ret_rules);
	if (!cli->rules)
		return 0;
	r = file_read(cli->rules, "the rules", GATE_RULES_TEXT_MAX, &text, &size, err);
	return r < 0 ? r : gate_rules_read(ret_rules, text, size, cli->rules, err);
}

static int judge(const struct cli *cli, const struct gate_rules *rules, json_t **ret_value,
		 struct err *err)
{
	struct source source = { 0 };
	struct ledger ledger = { 0 };
	auto_json json_t *report = NULL;
	int64_t campaign = 0;
	int r = cli_parse_id("CAMPAIGN", cli->argument, &campaign, err);

	if (r == 0)
		r = known_read(cli, &ledger, err);
	if (r == 0)
		r = source_open(cli, &source, err);
	if (r == 0)
		r = source_get(&source, "query-report",
			       json_pack("{s:I, s:b}", "campaign", (json_int_t)campaign, "force",
					 (int)rules->any_environment),
			       &report, err);
	source_close(&source);
	if (r == 0) {
		ledger_apply_report(&ledger, report);
		*ret_value = gate_judge(report, rules);
	}
	ledger_finish(&ledger);
	return r;
}

int cli_gate(const struct cli *cli)
{
	static const int codes[] = {
		[GATE_PASS] = EXIT_CLEAN,
		[GATE_BROKEN] = EXIT_FAILURES,
		[GATE_INCONCLUSIVE] = EXIT_INCONCLUSIVE,
	};
	auto_json json_t *value = NULL;
	struct gate_rules rules;
	struct err err = { 0 };
	int r = read_rules(cli, &rules, &err);

	if (r == 0)
		r = judge(cli, &rules, &value, &err);
	gate_rules_finish(&rules);
	if (r == 0)
		r = report_print(value, gate_print, cli->json, stdout, &err);
	return r == 0 ? codes[gate_verdict(value)] : cli_error(&err);
}
