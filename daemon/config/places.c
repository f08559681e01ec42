// SPDX-License-Identifier: GPL-2.0-or-later
/* Where qsoakd keeps and finds things, where nobody has said it. */
#include "config/places.h"

#include <string.h>
#include <unistd.h>

#include "base/beside.h"
#include "base/file.h"
#include "base/folder.h"
#include "base/mem.h"
#include "control/address.h"

char *places_state(const char *asked)
{
	auto_free char *unit = folder_of_unit("STATE_DIRECTORY");

	if (asked)
		return mem_strdup(asked);
	if (unit)
		return mem_steal(unit);
	return geteuid() == 0 ? mem_strdup("/var/lib/qsoak") : address_private_state();
}

char *places_guests(const char *asked)
{
	static const char *const places[] = { "guests", "../lib/qsoak/guests" };
	char *found = asked ? mem_strdup(asked) : beside_find(places, ARRAY_SIZE(places), F_OK);

	return found ? found : mem_strdup(QSOAK_LIBDIR "/guests");
}

char *places_boot(void)
{
	char *text;
	struct err ignored = { 0 };
	size_t size;

	if (file_read("/proc/sys/kernel/random/boot_id", "boot_id", 64, &text, &size, &ignored) < 0)
		return NULL;
	text[strcspn(text, "\n")] = '\0';
	return text;
}
