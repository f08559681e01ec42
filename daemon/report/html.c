// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The frame of the HTML page: style sheet, sections, and the data.
 *
 * Content-Security-Policy forbids all requests and scripts, so that nothing that a store holds
 * could make a browser do either, even if some text got through unescaped.
 */
#include "report/html.h"

#include <errno.h>

#include "base/mem.h"
#include "report/html-section.h"

__asm__(".pushsection .rodata\n"
	"html_style:\n"
	".incbin \"daemon/report/html.css\"\n"
	".byte 0\n"
	".popsection\n");

extern const char html_style[];

static const struct html_section *const sections[] = {
	&html_ratios,	  &html_metrics, &html_samples,	    &html_migrations, &html_failures,
	&html_operations, &html_history, &html_environment, &html_selfcheck,  &html_method,
};

static void add_build(const struct html *html, const char *name)
{
	if (name)
		html_build(html, name);
}

/* Colours go by the order of builds, A and B first, and not by what happens to be drawn first. */
static void add_builds(const struct html *html)
{
	add_build(html, html_string(html, "/report/comparison/a/build"));
	add_build(html, html_string(html, "/report/comparison/b/build"));
	for (size_t i = 0; i < html_rows(html_size(html, "/report/builds")); i++)
		add_build(html, html_string(html, "/report/builds/%zu/build", i));
}

static void print_head(const struct html *html)
{
	const char *name = html_string(html, "/report/campaign/name");

	fputs("<!DOCTYPE html>\n"
	      "<html lang=\"en\" xmlns=\"http://www.w3.org/1999/xhtml\">\n<head>\n"
	      "<meta charset=\"utf-8\"/>\n"
	      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
	      "style-src 'unsafe-inline'; img-src data:\"/>\n"
	      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
	      "<meta name=\"color-scheme\" content=\"light dark\"/>\n"
	      "<meta name=\"generator\" content=\"qsoak " QSOAK_VERSION "\"/>\n"
	      "<link rel=\"icon\" href=\"data:,\"/>\n<title>",
	      html->out);
	html_escape(html, name ? name : "campaign");
	fprintf(html->out, " \u2013 qsoak</title>\n<style>\n%s</style>\n</head>\n<body>\n",
		html_style);
}

static void print_contents(const struct html *html)
{
	fputs("<nav aria-label=\"contents\"><ul>", html->out);
	for (size_t i = 0; i < ARRAY_SIZE(sections); i++)
		if (sections[i]->has(html))
			fprintf(html->out, "<li><a href=\"#%s\">%s</a></li>", sections[i]->id,
				sections[i]->title);
	fputs("</ul></nav>\n", html->out);
}

static void print_section(const struct html *html, const struct html_section *section)
{
	if (!section->has(html))
		return;
	fprintf(html->out,
		"<section id=\"%s\" aria-labelledby=\"%s-title\"><h2 id=\"%s-title\">%s</h2>\n",
		section->id, section->id, section->id, section->title);
	section->print(html);
	fputs("</section>\n", html->out);
}

/* In ASCII, and without what would end the element or begin a comment in it, in HTML as well as
 * in XML: these stand in strings only, which have escapes for them. */
static int print_data(const struct html *html)
{
	auto_free char *text = json_dumps(html->root, JSON_ENSURE_ASCII | JSON_COMPACT);

	if (!text)
		return -EIO;
	fputs("<script type=\"application/json\" id=\"data\">", html->out);
	for (const char *s = text; *s; s++) {
		if (*s == '<' || *s == '>' || *s == '&')
			fprintf(html->out, "\\u%04x", (unsigned int)*s);
		else
			fputc(*s, html->out);
	}
	fputs("</script>\n", html->out);
	return 0;
}

static int print_page(const struct html *html)
{
	int r;

	add_builds(html);
	print_head(html);
	fputs("<main>\n", html->out);
	html_verdict_print(html);
	print_contents(html);
	for (size_t i = 0; i < ARRAY_SIZE(sections); i++)
		print_section(html, sections[i]);
	fputs("</main>\n<footer>qsoak " QSOAK_VERSION
	      ". All numbers of this page are in it as JSON, in the "
	      "element <code>data</code>: <code>report</code> is what <code>qsoak report "
	      "--json</code> "
	      "prints, <code>plots</code> what the plots show.</footer>\n",
	      html->out);
	r = print_data(html);
	fputs("</body>\n</html>\n", html->out);
	return r;
}

int html_report(json_t *report, json_t *plots, FILE *out, struct err *err)
{
	auto_json json_t *root = json_object(), *builds = json_array();
	struct html html = { out, root, builds };
	int r;

	json_object_set_new(root, "report", report ? json_incref(report) : json_null());
	json_object_set_new(root, "plots", plots ? json_incref(plots) : json_null());
	errno = 0;
	r = print_page(&html);
	if (fflush(out) || ferror(out))
		r = errno ? -errno : -EIO;
	return r < 0 ? err_set_errno(err, -r, "cannot print the page") : 0;
}
