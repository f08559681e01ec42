// SPDX-License-Identifier: GPL-2.0-or-later
/* A comparison as tables of benchstat: values, and changes that are significant or not. */
#include "tests/unit/helper.h"

#include "report/benchstat.h"

static void same(const char *comparison, const char *expected)
{
	auto_free char *quoted = mem_strdup(comparison);
	auto_json json_t *value = NULL;
	json_error_t error;
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	for (char *c = quoted; *c; c++)
		*c = *c == '\'' ? '"' : *c;
	value = json_loads(quoted, 0, &error);
	if (!value)
		fail_msg("%s: %s", error.text, quoted);
	benchstat_print(value, out);
	fclose(out);
	if (strcmp(text, expected))
		fail_msg("found\n%s\nexpected\n%s", text, expected);
	free(text);
}

#define METRIC(name, unit, a, b, ratio, p, adjusted)                                          \
	"{'metric': '" name "', 'unit': '" unit "', 'blocks': 40, 'a': {'p50': " a "}, 'b': " \
	"{'p50': " b "}, 'ratio': " ratio ", 'p': " p ", 'adjusted_p': " adjusted "}"
#define BUILDS "'a': {'build': 'stock'}, 'b': {'build': 'patched'}, 'alpha': 0.0444, "

static void each_unit_has_a_table(void **state)
{
	(void)state;
	same("{'campaign': {'name': 'night', 'accel': 'kvm', 'machine': 'q35'}, 'environment': "
	     "{'host': {'cpu': 'a CPU'}}, " BUILDS "'metrics': [" METRIC(
		     "snapshot-save.duration", "ns", "13600000", "15001000", "1.103", "0.0001",
		     "0.0003") ", " METRIC("migrate.passes", "count", "3", "4.5", "1.5", "0.2",
					   "0.04") ", " METRIC("migrate.blackout", "ns", "980",
							       "123456789012", "0.9", "0.04",
							       "0.045") ", " METRIC("migrate."
										    "throughput",
										    "mbps", "1250",
										    "null", "null",
										    "null",
										    "null") "]}",
	     "campaign: night\n"
	     "accel: kvm\n"
	     "machine: q35\n"
	     "cpu: a CPU\n"
	     "\n"
	     "                       │ stock  │             patched             │\n"
	     "                       │ sec/op │ sec/op   vs base                │\n"
	     "snapshot-save.duration   13.60m    15.00m  +10.30% (p=0.000 n=40)\n"
	     "migrate.blackout         980.0n     123.5        ~ (p=0.045 n=40)\n"
	     "\n"
	     "               │ stock │             patched             │\n"
	     "               │ count │  count   vs base                │\n"
	     "migrate.passes   3.000     4.500  +50.00% (p=0.040 n=40)\n"
	     "\n"
	     "                   │ stock  │      patched      │\n"
	     "                   │ Mbit/s │ Mbit/s   vs base  │\n"
	     "migrate.throughput   1.250k         -  ~ (n=40)\n");
}

static void a_p_that_was_not_adjusted_counts_as_it_is(void **state)
{
	(void)state;
	same("{" BUILDS
	     "'metrics': [" METRIC("a.b", "ratio", "0.5", "0.25", "0.5", "0.01", "null") "]}",
	     "\n"
	     "    │ stock  │             patched             │\n"
	     "    │ ratio  │  ratio   vs base                │\n"
	     "a.b   500.0m    250.0m  -50.00% (p=0.010 n=40)\n");
}

static void nonsense_is_printed_safely(void **state)
{
	(void)state;
	same("{}", "");
	same("{'metrics': 7, 'campaign': 7}", "");
	same("{'campaign': {'name': 'a\\u001b'}, 'metrics': [7, {'metric': 'x\\ny', 'unit': "
	     "'u\\u0007', 'a': 7, 'blocks': 'many'}]}",
	     "campaign: a\\x1b\n"
	     "\n"
	     "  │ - │     -      │\n"
	     "  │ - │ -  vs base │\n"
	     "-   -   -  ~ (n=0)\n"
	     "\n"
	     "       │   -   │       -        │\n"
	     "       │ u\\x07 │ u\\x07  vs base │\n"
	     "x\\x0ay       -       -  ~ (n=0)\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_unit_has_a_table),
		cmocka_unit_test(a_p_that_was_not_adjusted_counts_as_it_is),
		cmocka_unit_test(nonsense_is_printed_safely),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
