/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where qsoakd keeps and finds things. The caller frees what is returned. */
#ifndef QSOAK_CONFIG_PLACES_H
#define QSOAK_CONFIG_PLACES_H

/* The results: as asked for; $STATE_DIRECTORY; for root /var/lib/qsoak; else the user's own. */
char *places_state(const char *asked);

/* The guests: as asked for; beside the binary (a build tree); in the lib beside its sbin (wherever it was installed);
 * or where it was to be installed. */
char *places_guests(const char *asked);

/* Which boot of the host this is; NULL: nobody knows. */
char *places_boot(void);

#endif
