# SPDX-License-Identifier: ISC -- libtoteborch: the tracked Makefile
# Makes build/ once (autoreconf, configure) and hands every target over to it. configure.ac knows
# this file by its first line. Packages are installed by `make check` and `make demo` alone, after
# printing the line, and never with NO_INSTALL=1; CONFIGURE_FLAGS reach the first configure.
BUILD ?= build
CONFIGURE_FLAGS ?=
.DEFAULT_GOAL := all
.NOTPARALLEL:
MAKEFLAGS += --no-print-directory

groups_demo = build
groups_check = build check
wanted = $(if $(filter-out 0,$(NO_INSTALL)),,$(groups_$@))

# What came by a package is found by looking again: a newer configure makes build/ do so.
install = test -z "$$(.ci/install -n $(wanted))" || \
	{ .ci/install $(wanted) && { test ! -f configure || touch configure; }; }
bootstrap = command -v autoreconf >/dev/null || { .ci/install -n build; exit 1; }; \
	mkdir -p build-aux && autoreconf -fi && mkdir -p $(BUILD) && cd $(BUILD) && "$(CURDIR)/configure" -q $(CONFIGURE_FLAGS)

# All cores build, unless the caller said how many.
jobs = $(if $(findstring -j,$(MAKEFLAGS)),,-j$(shell nproc))

%: FORCE
	@$(if $(wanted),$(install))
	@$(if $(filter check-interop bench,$@),.ci/install -n $(@:check-%=%))
	@test -f $(BUILD)/Makefile || { $(bootstrap); }
	@$(MAKE) -C $(BUILD) $(jobs) $@

FORCE: ;
Makefile: ;
