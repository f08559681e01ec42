// SPDX-License-Identifier: GPL-2.0-or-later
/* Prints the HTML page of {"report", "plots"} on standard input, for tests that look at it from
 * outside. */
#include <stdio.h>

#include "base/mem.h"
#include "report/html.h"

int main(void)
{
	json_error_t error;
	auto_json json_t *data = json_loadf(stdin, 0, &error);
	struct err err = { 0 };

	if (!data) {
		fprintf(stderr, "line %d: %s\n", error.line, error.text);
		return 2;
	}
	if (html_report(json_object_get(data, "report"), json_object_get(data, "plots"), stdout,
			&err) < 0) {
		fprintf(stderr, "%s\n", err.text);
		return 1;
	}
	return 0;
}
