// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Any bytes as a file that somebody gives, for libFuzzer: refused with a text, or what it says is within its
 * limits. The first byte says what it is: known (i)ssues, the rules of a (g)ate, qsoakd's (c)onfiguration, or
 * (r)eports of guestperf.
 */
#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "base/mem.h"
#include "config/config.h"
#include "http/address.h"
#include "report/gate-rules.h"
#include "report/guestperf-import.h"
#include "report/ledger.h"
#include "tests/fuzz/require.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_refusal(const struct err *err)
{
	require(err->code == -EINVAL);
	require(!strncmp(err->text, "f:", 2));
	/* What came from the input drives no terminal. */
	for (const char *s = err->text; *s; s++)
		require((unsigned char)*s >= 0x20 && *s != 0x7f);
}

static void read_issues(const char *text, size_t size)
{
	auto_json json_t *versions =
		json_pack("[s, s]", "QEMU emulator version 7.2.22", "8.2.0-rc1");
	auto_json json_t *titles = json_pack("[s, n]", "crash by SIGSEGV");
	struct ledger ledger = { 0 };
	struct err err = { 0 };

	if (ledger_add(&ledger, text, size, "f", &err) < 0) {
		check_refusal(&err);
		require(!ledger.count);
	}
	require(ledger.count <= LEDGER_ISSUES_MAX);
	for (size_t i = 0; i < ledger.count; i++) {
		const struct ledger_issue *issue = &ledger.issues[i];

		require(*issue->pattern && *issue->title);
		require(!issue->reference || *issue->reference);
		ledger_issue_matches(issue, "assertion in f: !x", titles);
		ledger_is_fixed(issue, versions);
		ledger_affects(issue, "QEMU emulator version 10.0.2 (Debian)");
	}
	ledger_match(&ledger, NULL, titles);
	ledger_finish(&ledger);
}

static void read_rules(const char *text, size_t size)
{
	struct gate_rules rules = { 0 };
	struct err err = { 0 };
	bool taken;

	gate_rules_init(&rules);
	taken = gate_rules_read(&rules, text, size, "f", &err) == 0;
	if (!taken)
		check_refusal(&err);
	if (taken && rules.failures.given) {
		require(rules.failures.below > 0 && rules.failures.below < 1);
		require(rules.failures.confidence > 0.5 && rules.failures.confidence < 1);
	}
	if (taken) {
		require(rules.min_loops >= 0 && rules.min_blocks >= 0);
		require(rules.slower.margin <= 1 && rules.slower.metric_count <= GATE_METRICS_MAX);
	}
	for (size_t i = 0; taken && i < rules.slower.metric_count; i++)
		require(rules.slower.metrics[i].margin >= 0 && rules.slower.metrics[i].margin <= 1);
	gate_rules_finish(&rules);
}

static void check_shortage(const struct shortage_limit *limit)
{
	require(limit->pause_below >= 0 && limit->pause_below <= CONFIG_BYTES_MAX);
	require(!limit->resume_above || limit->resume_above > limit->pause_below);
}

static void check_config(const struct config *config)
{
	struct sockaddr_storage address;
	struct err err = { 0 };
	socklen_t size;

	require(!config->http || http_address_parse(config->http, &address, &size, &err) == 0);
	require(config->access.reader_count <= CONFIG_READERS_MAX);
	require(!config->access.everyone_reads || !config->access.reader_count);
	check_shortage(&config->disk);
	check_shortage(&config->memory);
	require(config->evidence.age_ns <= CONFIG_AGE_MAX_NS ||
		config->evidence.age_ns == evidence_rules_none.age_ns);
	require(config->evidence.age_ns > 0 && config->evidence.incidents > 0);
	require(config->hook_count <= CONFIG_HOOKS_MAX);
	for (size_t i = 0; i < config->hook_count; i++) {
		const struct hook *hook = &config->hooks[i];

		require(!hook->command != !hook->url);
		require(!hook->command || hook->command[0][0] == '/');
		/* It is a word of curl's command line. */
		require(!hook->url || hook->url[0] == 'h');
		require(hook->limit_ns >= CONFIG_HOOK_LIMIT_MIN_NS &&
			hook->limit_ns <= CONFIG_HOOK_LIMIT_MAX_NS);
	}
}

/* Twice: a later file replaces what an earlier one said. */
static void read_config(const char *text, size_t size)
{
	struct config config;
	struct err err = { 0 };
	int r;

	config_init(&config);
	r = config_add(&config, text, size, "f", &err);
	if (r == 0) {
		check_config(&config);
		require(config_add(&config, text, size, "f", &err) == 0);
		check_config(&config);
	} else {
		check_refusal(&err);
	}
	config_finish(&config);
}

static bool check_record(void *ctx, const struct record *record,
			 const struct record_durable *durable)
{
	(void)ctx;
	(void)durable;
	if (record->type != RECORD_OPERATION_END)
		return false;
	require(record->operation_end.duration_ns >= 0);
	for (size_t i = 0; i < record->operation_end.measure_count; i++)
		require(isfinite(record->operation_end.measures[i].value));
	return false;
}

static void read_reports(const char *text, size_t size)
{
	json_t *reports = NULL;
	struct records *records;
	struct err err = { 0 };

	if (guestperf_read(text, size, "f", &reports, &err) < 0) {
		/* Here the text may quote anything: who prints an error makes it printable. */
		require(err.code == -EINVAL && !strncmp(err.text, "f:", 2));
		require(!reports);
		return;
	}
	require(json_array_size(reports) >= 1 && json_array_size(reports) <= GUESTPERF_REPORTS_MAX);
	records = records_new(1);
	records_subscribe(records, check_record, NULL);
	require(guestperf_emit(reports, NULL, records) > 0);
	records_free(records);
	json_decref(reports);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_free char *text = NULL;

	if (!size)
		return 0;
	text = mem_zalloc(size);
	memcpy(text, data + 1, size - 1);
	switch (data[0]) {
	case 'i':
		read_issues(text, size - 1);
		break;
	case 'g':
		read_rules(text, size - 1);
		break;
	case 'c':
		read_config(text, size - 1);
		break;
	case 'r':
		read_reports(text, size - 1);
		break;
	}
	return 0;
}
