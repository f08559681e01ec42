// SPDX-License-Identifier: GPL-2.0-or-later
/* Finding the files that come with qsoak. */
#include "cli/data.h"

#include "base/beside.h"
#include "base/mem.h"

/* In a build tree the folder above us has them, and the qsoakd that was built with us is beside us.
 * An installation may have been moved, or made below another root. */
char *data_find(const char *name)
{
	auto_free char *tree = mem_printf("../%s", name);
	auto_free char *installed = mem_printf("../share/qsoak/%s", name);
	const char *const places[] = { tree, installed };
	auto_free char *daemon = beside_find((const char *[]){ "qsoakd" }, 1, X_OK);
	size_t first = daemon ? 0 : 1;
	auto_free char *found = beside_find(places + first, ARRAY_SIZE(places) - first, R_OK);
	char *path = found ? realpath(found, NULL) : NULL;

	return path ? path : mem_printf(QSOAK_DATADIR "/%s", name);
}
