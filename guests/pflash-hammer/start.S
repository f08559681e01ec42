/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From real mode, after a reset or a startup IPI, to C in flat 32-bit protected mode. */

#include "layout.h"

/* CR0: protection on; EM and TS off, so that movq may be used; CD and NW off, so that caches work. */
#define CR0_PE_ET 0x11

#define APIC_EOI 0xfee000b0

#define SEL_CODE 0x08
#define SEL_DATA 0x10
#define GATE_INTERRUPT 0x8e00

/* pointer is the offset in CS of what lgdt wants. */
.macro	go_32bit pointer, start
	lgdtl	%cs:\pointer
	movl	$CR0_PE_ET, %eax
	movl	%eax, %cr0
	ljmpl	$SEL_CODE, $\start
.endm

.macro	load_segments
	movw	$SEL_DATA, %ax
	movw	%ax, %ds
	movw	%ax, %es
	movw	%ax, %ss
	lidtl	idt_pointer
	cld
.endm

/*
 * The last 256 bytes below 4 GiB. At reset CS has the base 0xffff0000, so what lies here is
 * reached by its low 16 bits.
 */
	.section .reset, "ax"
	.code16
	.globl start16
block:
start16:
	go_32bit "gdt_pointer - block + 0xff00", boot32

/* All descriptors are born with the accessed bit: the CPU would else set it, and this is flash. */
	.balign	8
gdt:
	.quad	0
	.quad	0x00cf9b000000ffff		/* SEL_CODE: 4 GiB, 32 bit */
	.quad	0x00cf93000000ffff		/* SEL_DATA: 4 GiB */
gdt_end:
gdt_pointer:
	.word	gdt_end - gdt - 1
	.long	gdt

/*
 * The interrupts of a vCPU that sleeps (sleep.c). They return with interrupts off, and by a near
 * return that drops CS and EFLAGS: KVM's instruction emulator has no iret in protected mode.
 */
	.code32
timer:
	movl	$VECTOR_TIMER, %eax
wake:
	movl	$0, APIC_EOI
spurious:
	ret	$8
	.code16

	.org	0xf0, 0xff
	jmp	start16				/* 0xfffffff0: the boot vCPU starts here */
	.org	0x100, 0xff

/* Copied to TRAMPOLINE_GPA, where CS of a started vCPU has its base. */
	.section .rodata, "a"
	.balign	4
	.globl trampoline
trampoline:
	go_32bit "trampoline_gdt_pointer - trampoline", ap32
trampoline_gdt_pointer:
	.word	gdt_end - gdt - 1
	.long	gdt
	.balign	4
trampoline_end:

	.globl trampoline_words
trampoline_words:
	.long	(trampoline_end - trampoline) / 4

/* An exception finds no gate, and ends in a reset. The handlers lie in .reset. */
.macro	gate target
	.word	\target - block + 0xff00, SEL_CODE, GATE_INTERRUPT, 0xffff
.endm

	.balign	8
idt:
	.fill	VECTOR_WAKE, 8, 0
	gate	wake
	gate	timer
	.fill	VECTOR_SPURIOUS - VECTOR_TIMER - 1, 8, 0
	gate	spurious
idt_pointer:
	.word	. - idt - 1
	.long	idt

	.text
	.code32
boot32:
	load_segments

	/* RAM is not zero after a reset that kept it. */
	xorl	%eax, %eax
	movl	$bss_start, %edi
	movl	$bss_words, %ecx
	rep stosl

	movl	$boot_main, %esi
	jmp	enter

ap32:
	load_segments
	movl	$ap_main, %esi

/* Calls what %esi has with the APIC ID, on the stack of that ID. */
enter:
	movl	$1, %eax
	cpuid
	shrl	$24, %ebx
	cmpl	$APIC_IDS, %ebx
	jae	1f
	leal	1(%ebx), %esp
	shll	$STACK_SHIFT, %esp
	addl	$stacks, %esp
	xorl	%ebp, %ebp
	subl	$12, %esp			/* the ABI wants the arguments on 16 bytes */
	pushl	%ebx
	call	*%esi
1:	hlt
	jmp	1b

/* Not cleared at boot: most are never used. */
	.section .stacks, "aw", @nobits
	.balign	16
stacks:
	.skip	APIC_IDS << STACK_SHIFT

	.section .note.GNU-stack, "", @progbits
