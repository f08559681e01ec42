/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files that come with qsoak. */
#ifndef QSOAK_CLI_DATA_H
#define QSOAK_CLI_DATA_H

/* The file or folder called name, in the source tree or as it was installed; it need not be there. The
 * caller frees. */
char *data_find(const char *name);

#endif
