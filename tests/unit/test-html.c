// SPDX-License-Identifier: GPL-2.0-or-later
/* The HTML page: whatever the JSON is, it is well-formed, finite, and says where its numbers are
 * from. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "report/html-text.h"
#include "report/html.h"
#include "report/svg.h"

#define HOSTILE "</script><!--<b>&amp;\"'\x01\x1b[31m\xef\xbf\xbe"

static char *render(json_t *report, json_t *plots)
{
	struct err err = { 0 };
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	assert_int_equal(html_report(report, plots, out, &err), 0);
	fclose(out);
	assert_int_equal(strlen(text), size);
	return text;
}

/* Of JSON; NULL: none. */
static char *render_text(const char *report, const char *plots)
{
	json_error_t error;
	auto_json json_t *r = report ? json_loads(report, 0, &error) : NULL;
	auto_json json_t *p = plots ? json_loads(plots, 0, &error) : NULL;

	assert_true(!report || r);
	assert_true(!plots || p);
	return render(r, p);
}

/* Behind an element that is open at text, its attributes, and with it all in it. */
static const char *check_element(const char *text);

static const char *check_text(const char *text)
{
	for (; *text != '<'; text++) {
		assert_int_not_equal(*text, '>');
		assert_false((unsigned char)*text < 0x20 && !strchr("\n\t", *text));
		if (*text == '&')
			assert_non_null(memchr(text, ';', 7));
	}
	return text;
}

static const char *check_attributes(const char *text)
{
	while (*text == ' ') {
		text += strcspn(text, "=");
		assert_int_equal(text[1], '"');
		for (text += 2; *text != '"'; text++)
			assert_false(*text == '<' || (unsigned char)*text < 0x20);
		text++;
	}
	return text;
}

static const char *check_element(const char *text)
{
	size_t length = strcspn(text + 1, " />");
	const char *name = text + 1;

	text = check_attributes(name + length);
	if (*text == '/') {
		assert_int_equal(text[1], '>');
		return text + 2;
	}
	assert_int_equal(*text, '>');
	text = check_text(text + 1 +
			  (!strncmp(name, "style", length) ? strcspn(text + 1, "<") : 0));
	while (text[1] != '/')
		text = check_text(check_element(text));
	assert_memory_equal(text + 2, name, length);
	assert_int_equal(text[2 + length], '>');
	return text + 3 + length;
}

static void assert_page(const char *page)
{
	static const char doctype[] = "<!DOCTYPE html>\n";
	const char *numbers[] = { "nan", "inf" };

	assert_memory_equal(page, doctype, strlen(doctype));
	assert_string_equal(check_element(page + strlen(doctype)), "\n");
	/* Coordinates stand behind these. */
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		for (const char *before = "\"MHVLvlh -"; *before; before++) {
			auto_free char *bad = mem_printf("%c%s", *before, numbers[i]);
			const char *found = strstr(page, bad);

			/* Words of the text begin so, too. */
			assert_true(!found || (found[4] >= 'a' && found[4] <= 'z'));
		}
}

/* The element with that pointer says so. */
static void assert_value(const char *page, const char *pointer, const char *value,
			 const char *shown)
{
	auto_free char *wanted =
		mem_printf("data-path=\"%s\" data-value=\"%s\">%s<", pointer, value, shown);

	if (!strstr(page, wanted))
		fail_msg("not found: %s", wanted);
}

static json_t *data_of(const char *page)
{
	static const char begin[] = "<script type=\"application/json\" id=\"data\">";
	const char *from = strstr(page, begin);
	auto_free char *text = NULL;
	json_t *data;

	assert_non_null(from);
	from += strlen(begin);
	text = mem_strndup(from, strcspn(from, "<"));
	assert_memory_equal(from + strlen(text), "</script>", 9);
	/* As it is in HTML, it is in XML. */
	assert_null(strchr(text, '&'));
	data = json_loads(text, 0, NULL);
	assert_non_null(data);
	return data;
}

/* What a page may have of each kind, small; %s is a text of any origin. */
#define REPORT                                                                                     \
	"{\"campaign\": {\"id\": 7, \"name\": S, \"seed\": S, \"accel\": S, \"machine\": S,"       \
	"  \"vms\": 4, \"began_unix_ns\": 1767323045000000000, \"ended_unix_ns\":"                 \
	"  1767323106000000000, \"end\": S, \"exit_code\": 1, \"loops\": 97, \"operations\": 107," \
	"  \"failures\": 5, \"expected\": 2},"                                                     \
	" \"operations\": [{\"build\": S, \"kind\": S, \"count\": 5, \"failed\": 1,"               \
	"  \"rate_lower\": 0.01, \"rate_upper\": 0.65, \"p50_ns\": 50000000, \"max_ns\": 1}],"     \
	" \"signatures\": [{\"build\": S, \"class\": S, \"signature\": S, \"failures\": 5,"        \
	"  \"first_loops\": 2, \"loops_to_failure\": {\"median\": 3.0, \"lower\": 1.0},"           \
	"  \"incident\": S, \"ledger\": {\"status\": S, \"title\": S, \"reference\": S,"           \
	"  \"fixed_in\": S}}],"                                                                    \
	" \"builds\": [{\"build\": S, \"version\": S, \"verdict\": S, \"vms\": 1}],"               \
	" \"differences\": [{\"signature\": S, \"a\": S, \"b\": S, \"failures_a\": 1,"             \
	"  \"fisher_p\": 0.01, \"real\": true}], \"left_out\": [{\"kind\": S, \"reason\": S}],"    \
	" \"did_not_happen\": [{\"build\": S, \"title\": S}],"                                     \
	" \"comparison\": {\"a\": {\"build\": S, \"version\": S}, \"b\": {\"build\": \"b\"},"      \
	"  \"blocks\": {\"used\": 40, \"planned\": 40, \"looks\": [20, 40], \"look\": 2},"         \
	"  \"confidence\": 0.95, \"alpha\": 0.0444, \"verdict\": S, \"sentence\": S,"              \
	"  \"environment\": {\"host\": {\"a/b~c\": 3, \"cpu\": S, \"x\": true},"                   \
	"   \"differences\": [{\"key\": S, \"a\": S, \"b\": S}], \"forced\": true},"               \
	"  \"metrics\": [{\"metric\": \"m\", \"title\": S, \"unit\": \"ns\", \"better\": S,"       \
	"   \"primary\": true, \"margin\": 0.05, \"verdict\": S, \"blocks\": 40,"                  \
	"   \"a\": {\"samples\": 3, \"p50\": 187000000}, \"b\": {\"p50\": 200000000},"             \
	"   \"ratio\": 1.103, \"lower\": 1.08, \"upper\": 1.1234567890123457, \"adjusted_p\": "    \
	"0.0003, \"detectable\": 0.03, \"differences\": [0.1, 0.2, null]}]},"                      \
	" \"selfcheck\": {\"campaign\": 3, \"sentence\": S, \"alarms\": 0}}"

#define PLOTS                                                                                \
	"{\"metrics\": [{\"metric\": \"m\", \"title\": S, \"unit\": \"ns\", \"build\": S,"   \
	"  \"count\": 3, \"p50\": 187000000, \"p95\": 2e8, \"p99\": 3e8, \"max\": 4e8,"      \
	"  \"ecdf\": [[1e8, 0], [2e8, 1]], \"strip\": [[1, 1e8], [2, 2e8], [3, 3e8]]}],"     \
	" \"migrations\": [{\"build\": S, \"count\": 4, \"setup_ns\": 7000000,"              \
	"  \"copy_ns\": 1000000000, \"switchover_ns\": 20000000, \"first_tick_ns\": null}]," \
	" \"survival\": [{\"build\": S, \"class\": S, \"signature\": S,"                     \
	"  \"points\": [[1, 0.9, 0.8, 1, 10], [4, 0.5, 0.3, 0.7, 5]]}],"                     \
	" \"history\": [{\"metric\": \"m\", \"title\": S, \"unit\": \"ns\", \"points\": ["   \
	"  {\"campaign\": 1, \"build\": S, \"version\": S, \"p50\": 1e8, \"p95\": 2e8},"     \
	"  {\"campaign\": 2, \"build\": S, \"version\": S, \"p50\": 2e8, \"p95\": 3e8}],"    \
	"  \"changes\": [{\"at\": 1, \"p\": 0.01, \"before\": 1e8, \"after\": 2e8}]}]}"

/* The JSON of a macro above, with that text for each S. */
static json_t *load(const char *template, const char *s)
{
	auto_json json_t *text = json_string(s);
	auto_free char *quoted = json_dumps(text, JSON_ENCODE_ANY);
	auto_free char *filled = NULL;
	size_t size;
	FILE *out = open_memstream(&filled, &size);
	json_error_t error;
	json_t *json;

	for (; *template; template ++) {
		if (*template == 'S' && template[-1] == ' ')
			fputs(quoted, out);
		else
			fputc(*template, out);
	}
	fclose(out);
	json = json_loads(filled, 0, &error);
	if (!json)
		fail_msg("%s: %s", error.text, filled);
	return json;
}

static char *render_filled(const char *s)
{
	auto_json json_t *report = load(REPORT, s), *plots = load(PLOTS, s);

	return render(report, plots);
}

static void test_numbers(void **state)
{
	auto_free char *page = render_filled("a");

	(void)state;
	assert_page(page);
	assert_value(page, "/report/campaign/id", "7", "7");
	assert_value(page, "/report/campaign/began_unix_ns", "1767323045000000000",
		     "2026-01-02T03:04:05Z");
	assert_value(page, "/report/comparison/metrics/0/ratio", "1.103", "1.103");
	assert_value(page, "/report/comparison/metrics/0/ratio", "1.103", "+10.3 %");
	assert_value(page, "/report/comparison/metrics/0/upper", "1.1234567890123457", "1.123");
	assert_value(page, "/report/comparison/metrics/0/a/p50", "187000000", "187ms");
	assert_value(page, "/report/comparison/metrics/0/adjusted_p", "0.00029999999999999997",
		     "&lt; 0.001");
	assert_value(page, "/report/comparison/metrics/0/detectable", "0.029999999999999999",
		     "3.0 %");
	assert_value(page, "/report/comparison/environment/host/a~1b~0c", "3", "3");
	assert_value(page, "/report/operations/0/rate_upper", "0.65000000000000002", "65 %");
	assert_value(page, "/plots/migrations/0/copy_ns", "1000000000", "1.00s");
	assert_value(page, "/plots/history/0/changes/0/after", "200000000.0", "200ms");
	/* What is not known is a dash, and has no value. */
	assert_null(strstr(page, "/plots/migrations/0/first_tick_ns"));
}

static void test_data(void **state)
{
	auto_json json_t *report = load(REPORT, "<!--</script>&]]>\u00e9"),
			 *plots = load(PLOTS, "b");
	auto_json json_t *wanted = json_pack("{s:O, s:O}", "report", report, "plots", plots);
	auto_free char *page = render(report, plots);
	auto_json json_t *found = data_of(page);

	(void)state;
	assert_true(json_equal(found, wanted));
}

static void test_hostile(void **state)
{
	auto_free char *page = render_filled(HOSTILE);

	(void)state;
	assert_page(page);
	assert_null(strstr(page, "<!--"));
	assert_null(strstr(page, "<b>&"));
	assert_null(strstr(page, "\xef\xbf\xbe"));
	assert_non_null(
		strstr(page, "&lt;/script&gt;&lt;!--&lt;b&gt;&amp;amp;&quot;&#39;\\x01\\x1b[31m"));
}

static void test_links(void **state)
{
	static const char *const refused[] = {
		"javascript:alert(1)", "/etc/passwd", "../../x",   "//host/x",
		"http://host/",	       "a b",	      "file:///x", ""
	};
	auto_free char *page = render_filled("incidents/912");

	(void)state;
	assert_non_null(strstr(page, "<a href=\"incidents/912/\">incidents/912</a>"));
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		auto_free char *other = render_filled(refused[i]);

		assert_page(other);
		for (const char *at = other; (at = strstr(at, " href=\"")); at++)
			assert_true(at[7] == '#' || !strncmp(at + 7, "data:,\"", 7) ||
				    !strncmp(at + 7, "http://host/\"", 13));
	}
}

static void test_nothing(void **state)
{
	static const char *const kinds[] = {
		"{}",
		"[]",
		"{\"campaign\": null, \"comparison\": null, \"signatures\": null}",
		"{\"campaign\": [], \"comparison\": [], \"signatures\": {}, \"builds\": 3}",
		"{\"comparison\": {}, \"metrics\": [], \"survival\": [], \"history\": [], "
		"\"migrations\": []}",
		"{\"comparison\": {\"metrics\": [null, {}, [], 1, \"x\"], \"a\": 1, \"blocks\": "
		"[]},"
		" \"signatures\": [null, {}], \"operations\": [1], \"builds\": [null],"
		" \"differences\": [null], \"selfcheck\": {}, \"left_out\": [0],"
		" \"metrics\": [null, {\"metric\": \"m\"}, {\"metric\": 1}, {\"metric\": \"n\","
		" \"strip\": [null, [], [1], [\"a\", \"b\"]], \"ecdf\": {}}],"
		" \"survival\": [null, {}, {\"points\": [null, [], [1]]}],"
		" \"history\": [null, {}, {\"points\": [null], \"changes\": [null, {\"at\": "
		"1e300}]}],"
		" \"migrations\": [null, {}]}",
	};
	auto_free char *nothing = render(NULL, NULL);

	(void)state;
	assert_page(nothing);
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		/* As either of both. */
		auto_free char *page = render_text(kinds[i], kinds[i]);
		auto_free char *no_plots = render_text(kinds[i], NULL);
		auto_free char *no_report = render_text(NULL, kinds[i]);

		assert_page(page);
		assert_page(no_plots);
		assert_page(no_report);
	}
}

/* Each number in turn, anywhere in a value. */
static void replace_numbers(json_t *value, const double *numbers, size_t count, size_t *at)
{
	json_t *member;
	const char *key;
	size_t i;

	json_array_foreach(value, i, member) {
		if (json_is_number(member))
			json_array_set_new(value, i, json_real(numbers[(*at)++ % count]));
		else
			replace_numbers(member, numbers, count, at);
	}
	json_object_foreach(value, key, member) {
		if (json_is_number(member))
			json_object_set_new(value, key, json_real(numbers[(*at)++ % count]));
		else
			replace_numbers(member, numbers, count, at);
	}
}

static void test_extremes(void **state)
{
	static const double numbers[] = { 1.7e308, -1.7e308, 5e-324, 0,	  -1,	 9.3e18,
					  -9.3e18, 1,	     1e150,  -0., 1e-160 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		auto_json json_t *report = load(REPORT, "a"), *plots = load(PLOTS, "a");
		auto_free char *page = NULL, *one = NULL;
		size_t at = i;

		replace_numbers(report, numbers, ARRAY_SIZE(numbers), &at);
		replace_numbers(plots, numbers, ARRAY_SIZE(numbers), &at);
		page = render(report, plots);
		assert_page(page);
		/* And all the same. */
		replace_numbers(report, &numbers[i], 1, &at);
		replace_numbers(plots, &numbers[i], 1, &at);
		one = render(report, plots);
		assert_page(one);
	}
}

static void test_verdicts(void **state)
{
	static const struct {
		const char *report, *verdict, *sentence;
	} cases[] = {
		{ "{\"failures\": 0, \"loops\": 5, \"operations\": 9, \"end\": \"complete\"}",
		  "clean", "No failures" },
		{ "{\"failures\": 2, \"loops\": 5, \"operations\": 9, \"end\": \"complete\"}",
		  "failed", " failures in " },
		{ "{\"failures\": 1, \"loops\": 5, \"operations\": 9, \"end\": null}", "failed",
		  " failure in " },
		{ "{\"failures\": 2, \"expected\": 2, \"loops\": 5, \"end\": \"complete\"}",
		  "clean", " expected)" },
		{ "{\"failures\": 0, \"loops\": 5, \"operations\": 9, \"end\": null}", "running",
		  "" },
		{ "{\"failures\": 0, \"loops\": 0, \"end\": \"stopped\"}", "inconclusive",
		  "No failures" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_free char *report = mem_printf("{\"campaign\": %s}", cases[i].report);
		auto_free char *page = render_text(report, NULL);
		auto_free char *wanted =
			mem_printf("</span> %s</span><p class=\"sentence\">", cases[i].verdict);

		assert_page(page);
		assert_non_null(strstr(page, wanted));
		assert_non_null(strstr(page, cases[i].sentence));
	}
}

static void test_builds(void **state)
{
	(void)state;
	for (int count = 0; count < 9; count += count < 2 ? 1 : 3) {
		auto_json json_t *builds = json_array();
		auto_json json_t *report = json_pack("{s:O}", "builds", builds);
		auto_free char *page = NULL, *last = NULL;

		for (int i = 0; i < count; i++) {
			auto_free char *name = mem_printf("build-%d", i);

			json_array_append_new(builds, json_pack("{s:s}", "build", name));
		}
		page = render(report, NULL);
		assert_page(page);
		last = mem_printf("<i class=\"swatch b%d\"></i>build-%d</span>",
				  (count - 1) % HTML_COLOURS, count - 1);
		assert_int_equal(strstr(page, last) != NULL, count > 0);
	}
}

/* An output that cannot hold it. */
static void test_full(void **state)
{
	auto_fclose FILE *full = fopen("/dev/full", "w");
	struct err err = { 0 };

	(void)state;
	assert_non_null(full);
	assert_int_equal(html_report(NULL, NULL, full, &err), -ENOSPC);
	assert_string_equal(err.text, "cannot print the page: No space left on device");
}

static void test_formats(void **state)
{
	static const struct {
		enum html_format format;
		double value;
		const char *text;
	} cases[] = {
		{ HTML_DURATION, 21300000, "21.3ms" },
		{ HTML_DURATION, -21300000, "\u221221.3ms" },
		{ HTML_DURATION, 1e300, "1e+300" },
		{ HTML_CHANGE, 1.103, "+10.3 %" },
		{ HTML_CHANGE, .932, "\u22126.8 %" },
		{ HTML_CHANGE, 1.0001, "0.0 %" },
		{ HTML_CHANGE, 12, "\u00d712" },
		{ HTML_SHARE, .9987, "99.87 %" },
		{ HTML_P, .0003, "< 0.001" },
		{ HTML_P, 7, "7" },
		{ HTML_COUNT, 40, "40" },
		{ HTML_COUNT, 2.5, "2.5" },
		{ HTML_COUNT, 1e300, "1e+300" },
		{ HTML_MBPS, 2310.4, "2310 Mbit/s" },
		{ HTML_SPAN, 90, "90s" },
		{ HTML_SPAN, 300, "5min" },
		{ HTML_SPAN, 5400, "1.5h" },
		{ HTML_PLAIN, .7381, "0.738" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_free char *text = html_format(cases[i].format, cases[i].value);

		assert_string_equal(text, cases[i].text);
	}
	assert_int_equal(html_format_of("ns"), HTML_DURATION);
	assert_int_equal(html_format_of(NULL), HTML_PLAIN);
	assert_int_equal(html_format_of("furlongs"), HTML_PLAIN);
}

static void test_axes(void **state)
{
	struct svg_range range = { 0 };
	struct svg_axis axis = svg_axis_fit(&range, 10, 110, true, HTML_PLAIN);

	(void)state;
	assert_float_equal(svg_at(&axis, .5), 60, 1e-9);
	assert_float_equal(svg_at(&axis, -5), 10, 1e-9);
	assert_float_equal(svg_at(&axis, 1e300), 110, 1e-9);
	assert_float_equal(svg_at(&axis, NAN), 10, 1e-9);
	svg_range_add(&range, 1);
	svg_range_add(&range, 100);
	axis = svg_axis_fit(&range, 10, 110, true, HTML_PLAIN);
	assert_true(axis.log);
	assert_float_equal(svg_at(&axis, 10), 60, 1e-9);
	assert_float_equal(svg_at(&axis, 0), 10, 1e-9);
	assert_true(svg_is_within(&axis, 100));
	assert_false(svg_is_within(&axis, 200));
	axis = svg_axis_fit(&range, 10, 110, false, HTML_PLAIN);
	assert_false(axis.log);
	/* Upside down, as SVG is. */
	axis = svg_axis_fit(&range, 110, 10, false, HTML_PLAIN);
	assert_true(svg_at(&axis, 100) < svg_at(&axis, 1));
	/* One value, in the middle. */
	range = (struct svg_range){ -5, -5, true };
	axis = svg_axis_fit(&range, 0, 100, true, HTML_PLAIN);
	assert_float_equal(svg_at(&axis, -5), 50, 1e-9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),	 cmocka_unit_test(test_data),
		cmocka_unit_test(test_hostile),	 cmocka_unit_test(test_links),
		cmocka_unit_test(test_nothing),	 cmocka_unit_test(test_extremes),
		cmocka_unit_test(test_verdicts), cmocka_unit_test(test_builds),
		cmocka_unit_test(test_full),	 cmocka_unit_test(test_formats),
		cmocka_unit_test(test_axes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
