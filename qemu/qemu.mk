# SPDX-License-Identifier: GPL-2.0-or-later
# Builds of QEMU to soak, in a cache outside of this folder: to be included by the top-level Makefile.

# What QEMU 7.2 needs to build. DEPS_RUN brings firmware, and the libraries of the packaged QEMU.
DEPS_QEMU := dpkg-dev gcc libc6-dev make pkg-config ninja-build meson flex bison python3 libglib2.0-dev \
	libpixman-1-dev libfdt-dev libseccomp-dev libzstd-dev

.PHONY: qemu-builds
qemu-builds: ## make or fetch the builds of QEMU that qemu/README.md lists
	@tests/deps.sh $(DEPS_QEMU) $(DEPS_RUN)
	@qemu/builds.sh

.PHONY: prove
prove: qemu-builds ## soak the four builds, and say what that proves of "hold the BQL during setup"
	@tests/deps.sh $(DEPS_BUILD) $(DEPS_RUN) jq sqlite3
	@$(MAKE) --no-print-directory -s all
	@qemu/prove.sh $(BUILD)

.PHONY: qemu-migration-test
qemu-migration-test: ## run QEMU's own migration-test on the build bql-fixed
	@tests/deps.sh $(DEPS_QEMU) $(DEPS_RUN)
	@qemu/builds.sh bql-fixed
	@qemu/migration-test.sh
