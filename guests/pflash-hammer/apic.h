/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The xAPIC of each vCPU: all of them at one address. */
#ifndef PFLASH_HAMMER_APIC_H
#define PFLASH_HAMMER_APIC_H

#include <stdint.h>

#include "layout.h"

#define APIC(reg) (*(volatile uint32_t *)(0xfee00000u + (reg)))
#define APIC_SPURIOUS 0xf0
#define APIC_COMMAND 0x300 /* a store sends it */
#define APIC_COMMAND_TO 0x310
#define APIC_TIMER 0x320
#define APIC_LINT0 0x350
#define APIC_TIMER_COUNT 0x380 /* a store starts the timer */
#define APIC_TIMER_DIVIDE 0x3e0

#define APIC_ENABLE 0x100u
#define APIC_MASKED 0x10000u
#define APIC_TO_SHIFT 24

/* QEMU and KVM count at 1 GHz. */
#define APIC_DIVIDE_BY_1 0xbu

/* The first two go to all but the sender. */
#define COMMAND_INIT 0xc4500u
#define COMMAND_STARTUP (0xc4600u | TRAMPOLINE_GPA >> 12)
#define COMMAND_WAKE (0x4000u | VECTOR_WAKE)

#endif
