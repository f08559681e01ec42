// SPDX-License-Identifier: GPL-2.0-or-later
/* The default places of the control socket and of a private state. */
#include "control/address.h"

#include <unistd.h>

#include "base/folder.h"
#include "base/mem.h"

/* Of the user, NULL where the session has no such folder. */
static char *users_own(void)
{
	const char *folder = getenv("XDG_RUNTIME_DIR");

	return folder && folder[0] == '/' ? mem_printf("%s/qsoak/control.sock", folder) : NULL;
}

char *address_to_listen(void)
{
	auto_free char *folder = folder_of_unit("RUNTIME_DIRECTORY");

	if (folder)
		return mem_printf("%s/control.sock", folder);
	return geteuid() == 0 ? mem_strdup(ADDRESS_SYSTEM) : users_own();
}

char *address_to_connect(void)
{
	auto_free char *own = geteuid() == 0 ? NULL : users_own();

	if (own && access(own, F_OK) == 0)
		return mem_steal(own);
	return mem_strdup(ADDRESS_SYSTEM);
}

char *address_of_private(const char *state)
{
	return mem_printf("%s/work/control.sock", state);
}

char *address_private_state(void)
{
	const char *xdg = getenv("XDG_STATE_HOME"), *home = getenv("HOME");

	if (xdg && xdg[0] == '/')
		return mem_printf("%s/qsoak", xdg);
	return mem_printf("%s/.local/state/qsoak", home ? home : "");
}
