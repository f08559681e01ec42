/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The small commands: negotiation, run state, and what QEMU says of itself. */
#include "command.h"

#include <string.h>

#include "dispatch.h"
#include "fake.h"
#include "monitor.h"
#include "schema.h"
#include "strike.h"
#include "vm.h"

void command_negotiate(struct request *request)
{
	/* The schema lets nothing but "oob" through. */
	bool oob = json_array_size(json_object_get(request->args, "enable"));

	monitor_negotiate(request->fake->monitor, oob);
}

void command_query_version(struct request *request)
{
	request_return(request, dispatch_version());
}

void command_query_name(struct request *request)
{
	request_return(request, json_pack("{s:s*}", "name", request->fake->name));
}

void command_query_kvm(struct request *request)
{
	request_return(request, json_pack("{s:b, s:b}", "enabled", 0, "present", 0));
}

void command_query_cpus(struct request *request)
{
	request_return(request,
		       json_pack("[{s:i, s:{s:i, s:i, s:i}, s:s, s:s, s:i}]", "thread-id",
				 vm_vcpu_tid(request->fake->vm), "props", "core-id", 0, "thread-id",
				 0, "socket-id", 0, "qom-path", "/machine/unattached/device[0]",
				 "target", "x86_64", "cpu-index", 0));
}

void command_query_schema(struct request *request)
{
	request_return(request, schema_introspect());
}

void command_query_yank(struct request *request)
{
	request_return(request, json_pack("[{s:s, s:s}]", "type", "chardev", "id", "qmp"));
}

void command_query_status(struct request *request)
{
	struct vm *vm = request->fake->vm;

	request_return(request, json_pack("{s:s, s:b, s:b}", "status", vm_runstate(vm),
					  "singlestep", 0, "running", vm_running(vm)));
}

void command_stop(struct request *request)
{
	if (vm_running(request->fake->vm))
		vm_stop(request->fake->vm, "paused");
	else
		request->fake->autostart = false;
}

void command_cont(struct request *request)
{
	struct fake *fake = request->fake;

	if (!strcmp(vm_runstate(fake->vm), "inmigrate"))
		fake->autostart = true;
	else if (!strcmp(vm_runstate(fake->vm), "finish-migrate"))
		request_error(request, "Migration is not finalized yet");
	else
		strike_resume(fake, &request->hits);
}

void command_reset(struct request *request)
{
	vm_reset(request->fake->vm);
}

void command_quit(struct request *request)
{
	request->fake->quit_ms = request->slow_ms;
	fake_quit(request->fake, "host-qmp-quit", hit(&request->hits, FAULT_STUCK_QUIT));
}
