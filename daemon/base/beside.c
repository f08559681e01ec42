// SPDX-License-Identifier: GPL-2.0-or-later
/* Places relative to the running program. */
#include "base/beside.h"

#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"

char *beside_folder(void)
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (n < 0)
		return NULL;
	self[n] = '\0';
	return mem_strndup(self, (size_t)(strrchr(self, '/') - self));
}

char *beside_find(const char *const *places, size_t count, int mode)
{
	auto_free char *folder = beside_folder();

	for (size_t i = 0; folder && i < count; i++) {
		auto_free char *path = mem_printf("%s/%s", folder, places[i]);

		if (access(path, mode) == 0)
			return mem_steal(path);
	}
	return NULL;
}
