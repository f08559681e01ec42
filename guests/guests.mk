# SPDX-License-Identifier: GPL-2.0-or-later
# Builds the guests: to be included by the top-level Makefile, which sets BUILD.

# What is built and installed: BUILD/guests/NAME.bin of each guest.
guest_images := $(BUILD)/guests/pflash-hammer.bin

.PHONY: guests
guests: $(guest_images)

GUEST_CC ?= gcc
GUEST_OBJCOPY ?= objcopy

GUEST_CPPFLAGS := -MMD -MP
GUEST_CFLAGS := -m32 -march=i686 -std=gnu11 -O2 -Wall -Wextra -Werror \
	-ffreestanding -fno-pic -fno-pie -fno-stack-protector -fcf-protection=none \
	-fno-asynchronous-unwind-tables -fno-strict-aliasing -mgeneral-regs-only
GUEST_LDFLAGS := -m32 -nostdlib -static -Wl,--build-id=none -Wl,--orphan-handling=error

# pflash-hammer

HAMMER := $(BUILD)/guests/pflash-hammer
HAMMER_SRC := guests/pflash-hammer
HAMMER_OBJS := $(addprefix $(HAMMER)/,start.o main.o settings.o fw_cfg.o smp.o sleep.o lock.o flash.o \
	sweep.o publish.o)

$(HAMMER)/%.o: $(HAMMER_SRC)/%.c guests/guests.mk
	@mkdir -p $(@D)
	$(GUEST_CC) $(GUEST_CPPFLAGS) $(GUEST_CFLAGS) -c -o $@ $<

$(HAMMER)/%.o: $(HAMMER_SRC)/%.S guests/guests.mk
	@mkdir -p $(@D)
	$(GUEST_CC) $(GUEST_CPPFLAGS) $(GUEST_CFLAGS) -c -o $@ $<

$(HAMMER).elf: $(HAMMER_OBJS) $(HAMMER_SRC)/link.ld
	$(GUEST_CC) $(GUEST_LDFLAGS) -T $(HAMMER_SRC)/link.ld -o $@ $(HAMMER_OBJS)

$(HAMMER).bin: $(HAMMER).elf
	$(GUEST_OBJCOPY) -O binary $< $@

-include $(HAMMER_OBJS:.o=.d)
