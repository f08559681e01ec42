// SPDX-License-Identifier: GPL-2.0-or-later
/* Tables by libsmartcols. */
#include "report/table.h"

#include <libsmartcols.h>

#include "base/mem.h"
#include "report/text.h"

struct table {
	struct libscols_table *scols;
	struct libscols_line *line;
	size_t columns;
	size_t next; /* column of the next cell */
};

/* libsmartcols fails for want of memory only. */
static void must(bool ok)
{
	if (!ok)
		abort();
}

struct table *table_new(const struct table_column *columns, size_t count)
{
	struct table *table = mem_new(struct table);

	table->scols = scols_new_table();
	must(table->scols);
	/* As to a file, also on a terminal: a cell that was cut to fit is of no use. */
	scols_table_set_termforce(table->scols, SCOLS_TERMFORCE_NEVER);
	/* text_printable() does it, whatever the locale. */
	scols_table_enable_noencoding(table->scols, 1);
	must(!scols_table_set_column_separator(table->scols, "  "));
	for (size_t i = 0; i < count; i++)
		must(scols_table_new_column(table->scols, columns[i].title, 0,
					    columns[i].right ? SCOLS_FL_RIGHT : 0));
	table->columns = count;
	return table;
}

void table_free(struct table *table)
{
	if (!table)
		return;
	scols_unref_table(table->scols);
	free(table);
}

void table_add(struct table *table, char *text)
{
	if (table->next == 0) {
		table->line = scols_table_new_line(table->scols, NULL);
		must(table->line);
	}
	must(!scols_line_refer_data(table->line, table->next, text_printable(text)));
	table->next = (table->next + 1) % table->columns;
	free(text);
}

void table_print(struct table *table, FILE *out)
{
	scols_table_set_stream(table->scols, out);
	must(!scols_print_table(table->scols));
}
