/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where everything lies in guest-physical memory. */
#ifndef PFLASH_HAMMER_LAYOUT_H
#define PFLASH_HAMMER_LAYOUT_H

/*
 *    1 MiB  telemetry page (TELEMETRY_GPA)
 *    2 MiB  .bss and stacks (link.ld)
 *    3 MiB  shadow of the flash
 *    4 MiB  working set
 *    4 GiB  - 192 KiB: pflash unit 1, then unit 0 with this firmware
 */
#define SHADOW_GPA 0x300000u
#define RAM_GPA 0x400000u

#define FLASH_GPA 0xfffd0000u
#define FLASH_SIZE 0x10000u

#define PAGE_SIZE 4096u

#define CPUS_MAX 8 /* TELEMETRY_VCPUS_MAX, for start.S */
#define STACK_SHIFT 12

#endif
