# troth - build, test, install. `make V=1` shows the commands. Everything made lands in build/.
# `make ARCH=arm64` on x86-64 cross-builds build/arm64/troth; `make ARCH=arm64 setup` prepares, and
# `make ARCH=arm64 check-vm` runs it in an emulator.
.DEFAULT_GOAL := all
VERSION := 0.1.0
HOST    := $(shell uname -m | sed 's/aarch64/arm64/')
ARCH    ?= $(HOST)
PREFIX  ?= /usr/local
CLANG   ?= clang
BPFTOOL ?= bpftool
FUZZ_SECONDS ?= 60
SOAK_S  ?= 3600
DOWN_S  ?= 600
PYTEST  := /usr/bin/python3 -m pytest -p no:cacheprovider

Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-8s %s\n' '$(1)' '$(2)')

WARNINGS := -Wall -Wextra -Werror -Wno-unknown-pragmas
CFLAGS   ?= -O2 -g
CFLAGS_ALL = -std=gnu11 -D_GNU_SOURCE -DTROTH_VERSION='"$(VERSION)"' $(WARNINGS) -Ibuild $(CFLAGS)
LIBS     := -lbpf -lelf -lz -ljansson -lyaml -lcap-ng -lseccomp -lsqlite3 -lmicrohttpd -lprotobuf-c \
		-lm -lpthread
SANITIZE := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=undefined

# What is built for another machine stays apart, and cannot be tested on this one.
OUT     := build
SYSROOT :=
ifneq ($(ARCH),$(HOST))
ifneq ($(ARCH),arm64)
$(error cannot cross-build for $(ARCH): arm64 only)
endif
ifneq ($(filter run test% check check-bpf check-e2e fuzz bench bench-vm build/troth% build/notify-driver build/unit/% build/fuzz/% \
		build/withhold/% build/newer/% build/sampler/% build/other/%,$(MAKECMDGOALS)),)
$(error ARCH=$(ARCH) runs on $(ARCH) machines: only build and install here)
endif
OUT     := build/$(ARCH)
CC      := aarch64-linux-gnu-gcc
SYSROOT := build/sysroot-$(ARCH)
CFLAGS_ALL += --sysroot=$(SYSROOT)
endif

bpf_target = $(if $(filter x86_64,$(1)),x86,$(1))
BPF_CFLAGS = -O2 -g -Wall -Werror -target bpf -mcpu=v3 -Ibpf

BPF     := $(patsubst bpf/%.bpf.c,%,$(wildcard bpf/*.bpf.c))
ARM64_BPF := $(BPF:%=build/arm64/%.bpf.o)
USER_C  := $(filter-out user/main.c,$(wildcard user/*/*.c))
USER_O  := $(USER_C:%.c=$(OUT)/%.o)

# What the tests are made of.
include tests/rules.mk

FORMAT  := $(shell git ls-files -co --exclude-standard 'bpf/*.[ch]' 'user/*.[ch]' 'tests/*.[ch]' 2>/dev/null)

.PHONY: all run test check check-bpf check-e2e check-vm verifier soak fuzz bench bench-vm install fmt check-format clean setup setup-test setup-vm
.DELETE_ON_ERROR:
.SECONDARY:

all: $(OUT)/troth

run: setup
	$(Q)$(MAKE) --no-print-directory build/troth
	$(Q)build/troth check --demo || [ $$? -eq 1 ]

test: setup-test
	$(Q)$(MAKE) --no-print-directory all test-build
	$(Q)scripts/run-tests

# What the tests need built, in parallel.
test-build: build/troth build/troth-withhold build/troth-other build/troth-newer $(DRIVERS) $(UNIT) $(FUZZ) $(ARM64_BPF) $(BPF_TEST) \
		$(SAMPLER_TEST)

setup:
	$(Q)scripts/setup $(if $(SYSROOT),--cross)
setup-test:
	$(Q)scripts/setup --test
setup-vm:
	$(Q)scripts/setup --vm $(if $(SYSROOT),--cross)

$(OUT)/troth: $(OUT)/user/main.o $(USER_O)
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS_ALL) $^ -o $@ $(LDFLAGS) $(LIBS)

$(OUT)/user/%.o: user/%.c
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_ALL) -MMD -MP -c $< -o $@

# Loaded when it is needed (user/base/curl.h): the library's name, as a linker would have noted it.
%/base/curl.o: CFLAGS_ALL += -DTROTH_LIBCURL='"$(shell readelf -d \
		$$($(CC) $(SYSROOT:%=--sysroot=%) -print-file-name=libcurl.so) | sed -n 's/.*soname: \[\(.*\)\]/\1/p')"'

# What protoc-c makes; the same source for every machine, as an object by user/export/metrics_pb.c.
build/metrics.pb-c.h build/metrics.pb-c.c &: user/export/metrics.proto
	$(call say,PROTOC,$@)
	$(Q)mkdir -p build
	$(Q)protoc-c --c_out=build -Iuser/export $<
METRICS_PB := $(foreach o,user/export/metrics_pb.o user/export/metrics_protobuf.o,\
		$(OUT)/$(o) build/sanitized/$(o) build/fuzzed/$(o))
$(METRICS_PB): | build/metrics.pb-c.h build/metrics.pb-c.c

# Holds them, by .incbin.
$(OUT)/user/cmd/slo_init.o: $(wildcard user/cmd/init/*.yaml)

$(OUT)/user/collect/programs.o: $(BPF:%=build/$(ARCH)/%.skel.h)
$(OUT)/user/collect/programs.o: CFLAGS_ALL += -Ibuild/$(ARCH)

ifdef SYSROOT
$(USER_O) $(OUT)/user/main.o $(BPF_TEST) $(OUT)/vm/guest $(OUT)/vm/verifier_log.so: | $(SYSROOT)
$(SYSROOT): scripts/sysroot
	$(call say,SYSROOT,$@)
	$(Q)scripts/sysroot $(ARCH) $@ && touch $@
endif

build/%.skel.h: build/%.bpf.o
	$(call say,SKEL,$@)
	$(Q)$(BPFTOOL) gen skeleton $< name $(notdir $*)_bpf > $@

build/$(ARCH)/%.bpf.o: bpf/%.bpf.c vmlinux/$(ARCH)/vmlinux.h
	$(call say,BPF,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -D__TARGET_ARCH_$(call bpf_target,$(ARCH)) -Ivmlinux/$(ARCH) -MMD -MP -c $< -o $@

check: $(UNIT) build/troth $(DRIVERS)
	$(Q)scripts/run-tests unit cli
check-bpf: $(BPF_TEST) $(ARM64_BPF) build/troth-withhold $(SAMPLER_TEST)
	$(Q)scripts/run-tests bpf
check-e2e: build/troth build/troth-withhold build/troth-other build/troth-newer build/privilege-driver
	$(Q)scripts/run-tests e2e
check-vm: setup-vm
	$(Q)$(MAKE) --no-print-directory $(OUT)/troth $(OUT)/vm/guest
	$(Q)ARCH=$(ARCH) KERNEL='$(KERNEL)' scripts/run-tests vm
verifier: setup-vm
	$(Q)$(MAKE) --no-print-directory $(OUT)/troth $(OUT)/vm/verifier_log.so
	$(Q)ARCH=$(ARCH) KERNEL='$(KERNEL)' CLANG='$(CLANG)' scripts/verifier
# SOAK_S=60 DOWN_S=66 SOAK_SEED=N: shorter, and the same again.
soak: build/troth
	$(Q)SOAK_S=$(SOAK_S) DOWN_S=$(DOWN_S) scripts/run-tests soak
fuzz: $(FUZZ)
	$(Q)FUZZ_SECONDS=$(FUZZ_SECONDS) scripts/run-tests fuzz
bench: build/troth build/bench build/record-maker
	$(Q)tests/bench/run
bench-vm: setup-vm
	$(Q)$(MAKE) --no-print-directory build/vm/instructions
	$(Q)scripts/bench-vm

# The unit runs what was installed. Configuration is the operator's: only a sample, out of the way.
install: $(OUT)/troth
	install -D -m 755 $(OUT)/troth $(DESTDIR)$(PREFIX)/sbin/troth
	for page in docs/man/*.[1-9]; do \
		install -D -m 644 $$page $(DESTDIR)$(PREFIX)/share/man/man$${page##*.}/$${page##*/}; done
	install -d $(DESTDIR)$(PREFIX)/lib/systemd/system
	sed 's,=/usr/local/,=$(PREFIX)/,' deploy/systemd/troth.service >$(DESTDIR)$(PREFIX)/lib/systemd/system/troth.service
	chmod 644 $(DESTDIR)$(PREFIX)/lib/systemd/system/troth.service
	for sample in $(wildcard deploy/troth.yaml); do \
		install -D -m 644 $$sample $(DESTDIR)$(PREFIX)/share/troth/$${sample##*/}; done

fmt:
	clang-format -i $(FORMAT)
check-format:
	clang-format --dry-run -Werror $(FORMAT)
clean:
	rm -rf build

-include $(shell find build -path 'build/sysroot-*' -prune -o -name '*.d' -print 2>/dev/null)
