/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From the reset vector in real mode to C in flat 32-bit protected mode. */

#include "layout.h"

/* CR0: protection on; EM and TS off, so that movq may be used; CD and NW off, so that caches work. */
#define CR0_PE_ET 0x11

#define SEL_CODE 0x08
#define SEL_DATA 0x10

/*
 * The last 256 bytes below 4 GiB. At reset CS has the base 0xffff0000, so what lies here is
 * reached by its low 16 bits.
 */
	.section .reset, "ax"
	.code16
	.globl start16
block:
start16:
	lgdtl	%cs:gdt_pointer - block + 0xff00
	movl	$CR0_PE_ET, %eax
	movl	%eax, %cr0
	ljmpl	$SEL_CODE, $start32

/* All descriptors are born with the accessed bit: the CPU would else set it, and this is flash. */
	.balign	8
gdt:
	.quad	0
	.quad	0x00cf9b000000ffff		/* SEL_CODE: 4 GiB, 32 bit */
	.quad	0x00cf93000000ffff		/* SEL_DATA: 4 GiB */
gdt_pointer:
	.word	. - gdt - 1
	.long	gdt

	.org	0xf0, 0xff
	jmp	start16				/* 0xfffffff0: the CPU starts here */
	.org	0x100, 0xff

	.text
	.code32
start32:
	movw	$SEL_DATA, %ax
	movw	%ax, %ds
	movw	%ax, %es
	movw	%ax, %ss

	/* RAM is not zero after a reset that kept it. */
	cld
	xorl	%eax, %eax
	movl	$bss_start, %edi
	movl	$bss_words, %ecx
	rep stosl

/* Any vCPU may come here, once .bss is clean, to take the next index and the stack of that index. */
cpu_enter:
	movl	$1, %eax
	lock xaddl %eax, cpus_entered
	leal	1(%eax), %esp
	shll	$STACK_SHIFT, %esp
	addl	$stacks, %esp
	xorl	%ebp, %ebp
	subl	$12, %esp			/* the ABI wants the arguments on 16 bytes */
	pushl	%eax
	call	cpu_main
1:	hlt
	jmp	1b

	.bss
	.balign	4
cpus_entered:
	.long	0
	.balign	16
stacks:
	.skip	CPUS_MAX << STACK_SHIFT

	.section .note.GNU-stack, "", @progbits
