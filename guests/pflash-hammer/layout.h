/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where everything lies in guest-physical memory. */
#ifndef PFLASH_HAMMER_LAYOUT_H
#define PFLASH_HAMMER_LAYOUT_H

/*
 *   32 KiB  where started vCPUs begin (start.S)
 *    1 MiB  telemetry page (TELEMETRY_GPA)
 *    2 MiB  .bss and stacks (link.ld)
 *    3 MiB  shadow of the flash
 *    4 MiB  working set
 *    4 GiB  - 192 KiB: pflash unit 1, then unit 0 with this firmware
 */
#define TRAMPOLINE_GPA 0x8000 /* a page below 1 MiB, as the startup IPI wants it */

#define SHADOW_GPA 0x300000u
#define RAM_GPA 0x400000u

#define FLASH_GPA 0xfffd0000u
#define FLASH_SIZE 0x10000u
#define FLASH_BLOCK_SIZE 0x1000u

#define PAGE_SIZE 4096u

/* Each APIC ID below this has a stack. 8 vCPUs may have holes between their IDs. */
#define APIC_IDS 32
#define STACK_SHIFT 12

/* The only interrupts. */
#define VECTOR_WAKE 0x20
#define VECTOR_TIMER 0x21
#define VECTOR_SPURIOUS 0x2f

#endif
