// SPDX-License-Identifier: GPL-2.0-or-later
/* Names of failure classes and places, and their words. */
#include "watch/failure.h"

#include <stdio.h>

#include "base/ascii.h"
#include "base/names.h"

static const char *const class_names[] = {
	[FAILURE_ASSERTION] = "assertion", [FAILURE_CRASH] = "crash",
	[FAILURE_SANITIZER] = "sanitizer", [FAILURE_EXIT] = "exit",
	[FAILURE_HANG] = "hang",	   [FAILURE_PROTOCOL] = "protocol",
	[FAILURE_ERROR] = "error",	   [FAILURE_LEAK] = "leak",
	[FAILURE_HOST] = "host",	   [FAILURE_CORRUPTION] = "corruption",
};
NAMES_COMPLETE(class_names, FAILURE_CLASS_COUNT);

static const char *const place_names[] = {
	[PLACE_NONE] = NULL,
	[PLACE_PROCESS] = "process",
	[PLACE_MONITOR] = "monitor",
	[PLACE_MAIN_LOOP] = "main-loop",
	[PLACE_VCPU] = "vcpu",
	[PLACE_JOB] = "job",
	[PLACE_MIGRATION] = "migration",
	[PLACE_SHUTDOWN] = "shutdown",
	[PLACE_LIBVIRT] = "libvirt",
	[PLACE_RAM] = "ram",
	[PLACE_FLASH] = "flash",
	[PLACE_IMAGE] = "image",
	[PLACE_GENERATION] = "generation",
};
NAMES_COMPLETE(place_names, FAILURE_PLACE_COUNT);

const char *failure_class_name(enum failure_class class)
{
	return names_of(class_names, FAILURE_CLASS_COUNT, class);
}

const char *failure_place_name(enum failure_place place)
{
	return place == PLACE_NONE ? NULL : names_of(place_names, FAILURE_PLACE_COUNT, place);
}

enum failure_place failure_place_in(const struct run *run, enum failure_place place)
{
	return place == PLACE_MONITOR && run_uri(run) ? PLACE_LIBVIRT : place;
}

void failure_set_detail(struct failure *failure, const char *text)
{
	snprintf(failure->detail, sizeof(failure->detail), "%s", text);
	ascii_only(failure->detail, '?');
}
