/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Makes a domain look like a QEMU that is our child: QMP on a socket, last words on stderr, an exit code.
 *
 * The peer (qsoakd) is greeted once libvirt is connected to, and told by the event BRIDGE_ARRIVED that the domain runs
 * here; its data are the pid of the QEMU, 0 where that is no process of this host. Commands, which are for a domain
 * that has arrived, go through libvirt in their order, as a monitor takes
 * them; those out-of-band ask whether libvirt answers, meanwhile. What libvirt answers with is passed on. Some commands
 * are libvirt's, not QEMU's (domain/calls.h); what this libvirt cannot do is an error of class QMP_UNSUPPORTED.
 */
#ifndef QSOAK_DOMAIN_BRIDGE_H
#define QSOAK_DOMAIN_BRIDGE_H

#include <ev.h>

#include "base/clock.h"
#include "domain/exit.h"
#include "domain/host.h"

#define BRIDGE_EVENT_PREFIX "QSOAK_"
#define BRIDGE_ARRIVED BRIDGE_EVENT_PREFIX "ARRIVED"

/* How its QEMU has ended, where the kernel tells: status, or signal and core-dumped. The last thing that is said. */
#define BRIDGE_ENDED BRIDGE_EVENT_PREFIX "ENDED"

/* How long a QEMU that libvirt says has gone may take to be no process any more. */
#define BRIDGE_GONE_NS (2 * CLOCK_NS_PER_S)

/* So long libvirt may take to destroy a domain that we were asked to end. What is left after it is swept by the next
 * one in its slot. */
#define BRIDGE_DESTROY_LIMIT_NS (20 * CLOCK_NS_PER_S)

/* How long the news that a QEMU has gone may take after the command that it did not answer: libvirt cleans up first. */
#define BRIDGE_REFUSAL_NS (10 * CLOCK_NS_PER_S)

/* Runs the domain to its end. fd is the socket, which is taken over. Ended by SIGTERM, SIGINT, and when the
 * peer goes. */
enum domain_exit bridge_run(struct ev_loop *loop, int fd, const struct host_spec *spec);

#endif
