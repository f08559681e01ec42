// SPDX-License-Identifier: GPL-2.0-or-later
/* Looking at the host, and making the folders and images of a campaign. */
#include "campaign/site.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/beside.h"
#include "base/folder.h"
#include "base/log.h"
#include "base/mem.h"
#include "campaign/budget.h"
#include "triage/core.h"

/* Installed, or in a build tree. */
static char *find_program(void)
{
	static const char *const places[] = { "qsoak-domain", "../lib/qsoak/qsoak-domain" };
	char *found = beside_find(places, ARRAY_SIZE(places), X_OK);

	return found ? found : mem_strdup(QSOAK_LIBDIR "/qsoak-domain");
}

static void init_libvirt(struct site *site, const char *state)
{
	char host[HOST_NAME_MAX + 1] = "";

	gethostname(host, sizeof(host) - 1);
	site->libvirt.program = find_program();
	site->libvirt.uris = site->profile->uris;
	site->libvirt.peer_uris = site->profile->peer_uris;
	while (site->libvirt.uris[site->libvirt.uri_count])
		site->libvirt.uri_count++;
	site->libvirt.owner = libvirt_owner(host, state);
	site->machine.libvirt = &site->libvirt;
}

void site_init(struct site *site, const struct profile *profile, const char *accel,
	       const char *state, const char *work, const char *guests, struct cgroups *cgroups)
{
	site->profile = profile;
	site->firmware = mem_printf("%s/%s.bin", guests, profile->guest);
	site->template = mem_printf("%s/template", work);
	site->vms = mem_printf("%s/vms", work);
	site->incidents = mem_printf("%s/incidents", state);
	site->builds = mem_zalloc(profile->build_count * sizeof(*site->builds));
	site->machine = (struct machine){
		.type = profile->machine,
		.accel = accel,
		.ram_bytes = profile->ram_bytes,
		.disk_bytes = profile->disk_bytes,
		.vcpus = profile->vcpus,
		.firmware = site->firmware,
		.dumps_core = profile->evidence.cores != EVIDENCE_CORES_NONE,
		.cgroups = cgroups,
		.limits = {
			.memory_bytes = profile->vm_memory_bytes,
			.cpus = profile->vm_cpus,
			.pids = BUDGET_VM_PIDS,
		},
		.guest = {
			.flash_writes_per_turn = profile->writes_per_turn,
			.pause_ns_per_turn = (uint32_t)profile->pause_ns,
			.erase_every = profile->erase_every,
			.turns_per_write = profile->turns_per_write,
			.turns_per_ram_page = profile->turns_per_page,
			.working_set = (uint64_t)profile->working_set_bytes,
		},
	};
	if (profile->backend == BACKEND_LIBVIRT)
		init_libvirt(site, state);
}

int site_prepare(struct site *site, const struct resume *resume, struct err *err)
{
	const struct profile *profile = site->profile;
	int r = 0;

	if (access(site->firmware, R_OK) < 0) {
		return err_set(err, -EINVAL, "guest.name: found %s, but there is no %s",
			       profile->guest, site->firmware);
	}
	if (site->machine.libvirt && access(site->libvirt.program, X_OK) < 0)
		return err_set_errno(err, errno, "backend: libvirt takes %s, but",
				     site->libvirt.program);
	if (!strcmp(site->machine.accel, "kvm") && access("/dev/kvm", R_OK | W_OK) < 0)
		return err_set_errno(err, errno, "machine.accel is kvm, but /dev/kvm");
	for (size_t i = 0; i < profile->build_count; i++) {
		r = build_identify(&profile->builds[i], &site->builds[i], err);
		if (r < 0)
			return r;
	}
	if (resume)
		r = resume_match(resume, profile, site->builds, err);
	if (r == 0)
		r = build_check_machine(site->builds, profile->build_count, profile->machine, err);
	if (r < 0)
		return r;
	r = folder_make(site->incidents, 0700, err);
	if (r == 0)
		r = folder_make(site->vms, 0700, err);
	if (r == 0)
		r = folder_make(site->template, 0700, err);
	if (r == 0)
		r = direct_make_images(&site->machine, site->template, err);
	return r;
}

void site_warn_of_lost_cores(const struct site *site)
{
	struct core_place place;

	core_locate_here(site->vms, 0, &place);
	if (site->machine.dumps_core && place.route == CORE_LOST)
		log_warning("the cores of QEMUs that crash will be lost: %s", place.why);
	core_place_finish(&place);
}

void site_finish(struct site *site)
{
	for (size_t i = 0; i < site->profile->build_count; i++)
		build_finish(&site->builds[i]);
	free(site->builds);
	free(site->libvirt.program);
	free(site->libvirt.owner);
	free(site->firmware);
	free(site->template);
	free(site->vms);
	free(site->incidents);
}
