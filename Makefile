# SPDX-License-Identifier: GPL-2.0-or-later
# qsoak: build, test, install. `make help` lists the targets.

VERSION := 0.1
SANITIZER ?=
prefix ?= /usr/local
bindir ?= $(prefix)/bin
sbindir ?= $(prefix)/sbin
libdir ?= $(prefix)/lib
datadir ?= $(prefix)/share
mandir ?= $(datadir)/man
unitdir ?= $(prefix)/lib/systemd/system
sysusersdir ?= $(prefix)/lib/sysusers.d
tmpfilesdir ?= $(prefix)/lib/tmpfiles.d
catalogdir ?= $(prefix)/lib/systemd/catalog

# Each sanitizer has its own objects: SANITIZER=address,undefined or SANITIZER=thread.
comma := ,
BUILD ?= build$(if $(SANITIZER),-$(subst $(comma),-,$(SANITIZER)))

# Files of dependencies name objects so: an absolute path into this tree would be another one to them.
override BUILD := $(patsubst $(CURDIR)/%,%,$(BUILD))

CC ?= gcc
CFLAGS ?= -O2 -g
WERROR ?=

# What the program needs to build, to run, and to be tested, as Debian 12 names it.
DEPS_BUILD := gcc libc6-dev make pkg-config libev-dev libjansson-dev libsqlite3-dev libyaml-dev \
	libsmartcols-dev nettle-dev libelf-dev libdw-dev libzstd-dev \
	libmicrohttpd-dev zlib1g-dev libsystemd-dev libvirt-dev libpq-dev
DEPS_RUN := qemu-system-x86 qemu-utils zstd
DEPS_CHECK := systemd prometheus gdb libc6-dbg libcmocka-dev jq sqlite3 procps python3 curl chromium e2fsprogs \
	bash-completion man-db groff-base debhelper lintian debootstrap systemd-container \
	postgresql $(DEPS_LIBVIRT)
# No libvirt-daemon-system: it would start one, and tests have their own.
DEPS_LIBVIRT := libvirt-daemon libvirt-clients iproute2 openssh-server openssl
DEPS_MAN := python3-docutils
DEPS_FUZZ := clang libclang-rt-14-dev

PKGS := jansson sqlite3 yaml-0.1 smartcols nettle libdw libelf libzstd libmicrohttpd zlib libsystemd
# libev ships no pkg-config file.
LIBS = -lev $(shell pkg-config --libs $(PKGS)) -lpthread -lm
# Of the client alone: nothing that talks to another host is in qsoakd.
LIBS_CLIENT = $(LIBS) $(shell pkg-config --libs libpq)
CPPFLAGS_ALL = -D_GNU_SOURCE -DQSOAK_VERSION='"$(VERSION)"' -DQSOAK_LIBDIR='"$(libdir)/qsoak"' \
	-DQSOAK_DATADIR='"$(datadir)/qsoak"' \
	-Idaemon -I. $(shell pkg-config --cflags $(PKGS) libpq) $(CPPFLAGS)
CFLAGS_ALL = -std=gnu11 -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	-Wpointer-arith -Wvla -fno-strict-aliasing -fno-common $(if $(WERROR),-Werror) \
	$(if $(SANITIZER),-fsanitize=$(SANITIZER) -fno-sanitize-recover=all -fno-omit-frame-pointer) \
	$(CFLAGS)
LDFLAGS_ALL = $(if $(SANITIZER),-fsanitize=$(SANITIZER)) $(LDFLAGS)

lib_src := $(filter-out daemon/cli/% daemon/stack/qsoak-stack.c daemon/domain/qsoak-domain.c,$(wildcard daemon/*/*.c))
cli_src := $(wildcard daemon/cli/*.c)
unit_src := $(wildcard tests/unit/*.c)
fake_src := $(wildcard tests/fake/*.c)

lib_obj := $(lib_src:%.c=$(BUILD)/%.o)
cli_obj := $(cli_src:%.c=$(BUILD)/%.o)
unit_bin := $(unit_src:tests/unit/%.c=$(BUILD)/tests/unit/%)
programs := $(BUILD)/qsoakd $(BUILD)/qsoak $(BUILD)/qsoak-stack $(BUILD)/qsoak-domain

.PHONY: all
all: $(programs) guests units ## build qsoakd, qsoak, qsoak-stack and the guests

include guests/guests.mk
include qemu/qemu.mk

units := $(notdir $(patsubst %.in,%,$(wildcard $(addprefix systemd/*.,service.in socket slice timer))))

.PHONY: units
units: $(units:%=$(BUILD)/systemd/%)

# Each time: another prefix is another unit.
$(BUILD)/systemd/%: systemd/%.in FORCE
	@mkdir -p $(@D)
	@sed -e 's|@bindir@|$(bindir)|' -e 's|@sbindir@|$(sbindir)|' $< >$@

.PHONY: FORCE
FORCE:

$(BUILD)/systemd/%: systemd/%
	@mkdir -p $(@D)
	@cp $< $@

$(BUILD)/libqsoak.a: $(lib_obj)
	@rm -f $@
	$(AR) rcs $@ $^

$(BUILD)/qsoakd: $(BUILD)/daemon/main.o $(BUILD)/libqsoak.a
	$(CC) $(CFLAGS_ALL) $(LDFLAGS_ALL) -o $@ $^ $(LIBS)

$(BUILD)/qsoak: $(cli_obj) $(BUILD)/libqsoak.a
	$(CC) $(CFLAGS_ALL) $(LDFLAGS_ALL) -o $@ $^ $(LIBS_CLIENT)

$(BUILD)/qsoak-stack: $(BUILD)/daemon/stack/qsoak-stack.o $(BUILD)/libqsoak.a
	$(CC) $(CFLAGS_ALL) $(LDFLAGS_ALL) -o $@ $^ $(LIBS)

# Alone with libvirt, which brings threads and much memory along.
$(BUILD)/qsoak-domain: $(BUILD)/daemon/domain/qsoak-domain.o $(BUILD)/libqsoak.a
	$(CC) $(CFLAGS_ALL) $(LDFLAGS_ALL) -o $@ $^ -lev $(shell pkg-config --libs jansson libvirt libvirt-qemu) -lpthread

# The fake QEMU stands beside the program, not in it: it links nothing of it.
$(BUILD)/tests/fake-qemu: $(fake_src:%.c=$(BUILD)/%.o)
	$(CC) $(CFLAGS_ALL) $(LDFLAGS_ALL) -o $@ $^ -ljansson -lpthread

$(BUILD)/daemon/triage/reproducer-print.o: daemon/triage/reproducer.sh

$(BUILD)/daemon/report/html.o: daemon/report/html.css

$(BUILD)/daemon/http/page.o: $(wildcard daemon/http/page/*)

$(BUILD)/tests/fake/recording.o: $(wildcard tests/data/qmp-schema-*.json)

$(BUILD)/tests/unit/%: $(BUILD)/tests/unit/%.o $(BUILD)/libqsoak.a
	$(CC) $(CFLAGS_ALL) $(LDFLAGS_ALL) -o $@ $^ $(LIBS) -lcmocka

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -MMD -MP -c -o $@ $<

-include $(wildcard $(BUILD)/daemon/*.d $(BUILD)/daemon/*/*.d $(BUILD)/tests/*/*.d)

.PHONY: tests-build
tests-build: all $(unit_bin) $(BUILD)/tests/fake-qemu

.PHONY: deps
deps: ## install the Debian packages that building, running and testing need
	@tests/deps.sh $(DEPS_BUILD) $(DEPS_RUN) $(DEPS_CHECK) $(DEPS_MAN)

# Sub-makes, because pkg-config answers only after deps has run.
.PHONY: demo
demo: ## one minute of soaking on the distribution's QEMU
	@$(MAKE) --no-print-directory deps
	@echo 'demo: building'
	@$(MAKE) --no-print-directory -s all
	@tests/demo.sh $(BUILD)

.PHONY: check
check: ## all tests, plain and under ASan and UBSan
	@$(MAKE) --no-print-directory deps
	@tests/check.sh

.PHONY: bench
bench: ## figures, each within one run: against a naive driver, the cost of evidence, blackouts, a flood
	@tests/deps.sh $(DEPS_BUILD) $(DEPS_RUN) sqlite3 python3-minimal jq
	@$(MAKE) --no-print-directory -s all
	@tests/bench/bench.sh $(BUILD)
	@BUILD=$(abspath $(BUILD)) tests/bench/evidence.sh
	@BUILD=$(abspath $(BUILD)) tests/bench/blackout.sh
	@$(MAKE) --no-print-directory -s $(BUILD)/tests/fake-qemu
	@BUILD=$(abspath $(BUILD)) tests/bench/flood.sh
	@BUILD=$(abspath $(BUILD)) tests/bench/libvirt-lag.sh

$(BUILD)/tests/bench/simulate: $(BUILD)/tests/bench/simulate.o $(BUILD)/libqsoak.a
	$(CC) $(CFLAGS_ALL) $(LDFLAGS_ALL) -o $@ $^ $(LIBS)

.PHONY: simulate
simulate: $(BUILD)/tests/bench/simulate ## how often comparisons are wrong on simulated noisy hosts
	@nice $(BUILD)/tests/bench/simulate

# Objects of their own, by the compiler that has the fuzzer.
fuzz_bin := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/fuzz/fuzz-*.c))

$(BUILD)/tests/fuzz/%: $(BUILD)/tests/fuzz/%.o $(BUILD)/libqsoak.a
	$(CC) $(CFLAGS_ALL) $(LDFLAGS_ALL) -fsanitize=fuzzer -o $@ $^ $(LIBS)

.PHONY: fuzz-build
fuzz-build: $(fuzz_bin)

.PHONY: fuzz
fuzz: ## run each fuzzer of tests/fuzz for FUZZ_SECONDS (60)
	@tests/deps.sh $(DEPS_BUILD) $(DEPS_FUZZ)
	@$(MAKE) --no-print-directory -s CC=clang SANITIZER=address,undefined BUILD=build-fuzz \
		CFLAGS='-O1 -g -fsanitize=fuzzer-no-link' fuzz-build
	@tests/fuzz.sh build-fuzz

man_pages := $(patsubst man/%.rst,$(BUILD)/man/%,$(wildcard man/*.rst))

# A warning (2) fails.
$(BUILD)/man/%: man/%.rst
	@mkdir -p $(@D)
	rst2man --report=2 --exit-status=2 $< $@.new
	@mv $@.new $@

.PHONY: man-build
man-build: $(man_pages)

.PHONY: man
man: ## build the man pages; install then installs them
	@tests/deps.sh $(DEPS_MAN)
	@$(MAKE) --no-print-directory -s man-build

.PHONY: layers
layers: ## check that each folder includes only earlier folders
	@tests/layers.sh

.PHONY: format
format: ## format all C by .clang-format
	clang-format -i $(wildcard daemon/*.c daemon/*/*.[ch] guests/*.h guests/*/*.[ch] tests/*/*.[ch])

# What is installed, as `MODE SOURCE TARGET`: install and uninstall read the same list.
installed = \
	755 $(BUILD)/qsoak $(bindir)/qsoak \
	755 $(BUILD)/qsoak-stack $(bindir)/qsoak-stack \
	755 $(BUILD)/qsoakd $(sbindir)/qsoakd \
	755 $(BUILD)/qsoak-domain $(libdir)/qsoak/qsoak-domain \
	644 known-issues.yaml $(datadir)/qsoak/known-issues.yaml \
	$(foreach f,$(guest_images),644 $(f) $(libdir)/qsoak/guests/$(notdir $(f))) \
	$(foreach f,$(wildcard profiles/*.yaml),644 $(f) $(datadir)/qsoak/profiles/$(notdir $(f))) \
	$(foreach f,$(units),644 $(BUILD)/systemd/$(f) $(unitdir)/$(f)) \
	644 systemd/qsoakd.conf $(datadir)/qsoak/qsoakd.conf \
	$(foreach f,$(wildcard monitoring/*),644 $(f) $(datadir)/qsoak/$(f)) \
	644 completion/qsoak.bash $(datadir)/bash-completion/completions/qsoak \
	644 systemd/sysusers.conf $(sysusersdir)/qsoak.conf \
	644 systemd/tmpfiles.conf $(tmpfilesdir)/qsoak.conf \
	644 systemd/qsoak.catalog $(catalogdir)/qsoak.catalog \
	$(foreach f,$(wildcard $(man_pages)),644 $(f) $(mandir)/man$(subst .,,$(suffix $(f)))/$(notdir $(f)))

# Folders of our own, which go once they are empty.
installed_folders := $(libdir)/qsoak/guests $(libdir)/qsoak $(datadir)/qsoak/profiles \
	$(datadir)/qsoak/monitoring $(datadir)/qsoak

.PHONY: install
install: all ## install below DESTDIR and prefix
	@set -- $(installed); while [ $$# -gt 0 ]; do \
		install -D -m $$1 $$2 "$(DESTDIR)$$3" || exit; shift 3; done

.PHONY: uninstall
uninstall: ## remove what install has installed
	@set -- $(installed); while [ $$# -gt 0 ]; do rm -f "$(DESTDIR)$$3" || exit; shift 3; done
	@for folder in $(installed_folders); do \
		rmdir "$(DESTDIR)$$folder" 2>/dev/null || true; done

.PHONY: clean
clean: ## remove all that was built
	rm -rf build build-*

.PHONY: help
help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(filter %Makefile %.mk,$(MAKEFILE_LIST)) | expand -t 22
	@echo
	@echo 'SANITIZER=address,undefined|thread  BUILD=DIR  prefix=DIR  DESTDIR=DIR  WERROR=1'
	@echo 'FUZZ_SECONDS=60'
