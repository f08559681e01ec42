/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the control socket and a private state are, where nobody has said it. */
#ifndef QSOAK_CONTROL_ADDRESS_H
#define QSOAK_CONTROL_ADDRESS_H

#define ADDRESS_SYSTEM "/run/qsoak/control.sock"

/* For qsoakd: in $RUNTIME_DIRECTORY; for root in /run/qsoak; else in $XDG_RUNTIME_DIR/qsoak. NULL
 * where none of these is to be had. The caller frees. */
char *address_to_listen(void);

/* For qsoak: that of the user's own qsoakd if there is one, else the system's. */
char *address_to_connect(void);

/* Of a private qsoakd, in the folder that goes with it. The caller frees. */
char *address_of_private(const char *state);

/* The user's own state folder: $XDG_STATE_HOME/qsoak, else below $HOME. The caller frees. */
char *address_private_state(void);

#endif
