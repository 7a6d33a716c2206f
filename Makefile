# troth - build, test, install. `make V=1` shows the commands. Everything made lands in build/.
# `make ARCH=arm64` on x86-64 cross-builds build/arm64/troth; `make ARCH=arm64 setup` prepares, and
# `make ARCH=arm64 check-vm` runs it in an emulator.
VERSION := 0.1.0
HOST    := $(shell uname -m | sed 's/aarch64/arm64/')
ARCH    ?= $(HOST)
PREFIX  ?= /usr/local
CLANG   ?= clang
BPFTOOL ?= bpftool
FUZZ_SECONDS ?= 60
SOAK_S  ?= 3600
PYTEST  := /usr/bin/python3 -m pytest -p no:cacheprovider

Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-8s %s\n' '$(1)' '$(2)')

WARNINGS := -Wall -Wextra -Werror -Wno-unknown-pragmas
CFLAGS   ?= -O2 -g
CFLAGS_ALL = -std=gnu11 -D_GNU_SOURCE -DTROTH_VERSION='"$(VERSION)"' $(WARNINGS) -Ibuild $(CFLAGS)
LIBS     := -lbpf -lelf -lz -ljansson -lyaml -lcap-ng -lseccomp -lsqlite3 -lmicrohttpd -lcurl -lprotobuf-c \
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
		build/withhold/% build/sampler/% build/other/%,$(MAKECMDGOALS)),)
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
UNIT_C  := $(wildcard tests/unit/test_*.c)
UNIT    := $(UNIT_C:tests/unit/%.c=build/unit/%)
BPF_TEST := $(foreach backend,$(BPF),$(patsubst tests/bpf/%.c,$(OUT)/bpf/$(backend)/%,$(wildcard tests/bpf/*_test.c)))
# One part of the daemon each, driven by tests/cli.
DRIVERS := build/web-driver build/web-driver-sanitized build/notify-driver build/privilege-driver build/record-maker build/live_play
SAMPLER_TEST := $(patsubst tests/%.c,build/%,$(wildcard tests/sampler/*_test.c)) build/other/keeper
FUZZ_C  := $(wildcard tests/fuzz/fuzz_*.c)
FUZZ    := $(FUZZ_C:tests/fuzz/%.c=build/fuzz/%)
# The readers of files are fuzzed as they are, the others as headers.
FUZZ_CONF_O := $(patsubst %.c,build/fuzzed/%.o,$(wildcard user/base/*.c user/conf/*.c))
FUZZ_STORE_O := $(patsubst %.c,build/fuzzed/%.o,$(wildcard user/base/*.c user/store/codec.c user/store/lines*.c))
# What needs libbpf or a skeleton is tested against the kernel, not natively.
PURE_C  := $(filter-out user/collect/collector.c user/collect/features%.c \
		user/collect/lockdown.c user/collect/pins%.c user/collect/programs%.c user/collect/sampler%.c \
		user/cmd/% user/daemon/%,$(USER_C)) \
		$(wildcard user/daemon/privilege%.c user/daemon/sdnotify.c)
# What a writer of records needs.
RECORD_O := $(filter $(OUT)/user/base/% $(OUT)/user/store/% $(OUT)/user/slo/cell.o,$(USER_O))
PURE_O  := $(PURE_C:%.c=build/sanitized/%.o)
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
test-build: build/troth build/troth-withhold build/troth-other $(DRIVERS) $(UNIT) $(FUZZ) $(ARM64_BPF) $(BPF_TEST) \
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

build/troth-withhold: $(OUT)/user/main.o $(filter-out %/programs.o,$(USER_O)) build/withhold/programs.o
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS_ALL) $^ -o $@ $(LDFLAGS) $(LIBS)

# A build whose maps have another layout, to upgrade from and to.
OTHER_O := $(USER_C:%.c=build/other/%.o)
build/troth-other: build/other/user/main.o $(OTHER_O)
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS_ALL) $^ -o $@ $(LDFLAGS) $(LIBS)
build/other/%.o: %.c
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_ALL) -DTROTH_ABI_TEST -Ibuild/other -MMD -MP -c $< -o $@
build/other/user/collect/programs.o: $(BPF:%=build/other/%.skel.h)
build/other/user/cmd/slo_init.o: $(wildcard user/cmd/init/*.yaml)
build/other/%.bpf.o: bpf/%.bpf.c vmlinux/$(ARCH)/vmlinux.h
	$(call say,BPF,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -DTROTH_ABI_TEST -D__TARGET_ARCH_$(call bpf_target,$(ARCH)) -Ivmlinux/$(ARCH) -MMD -MP -c $< -o $@

$(OUT)/user/%.o: user/%.c
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_ALL) -MMD -MP -c $< -o $@

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
build/withhold/programs.o: user/collect/programs.c $(BPF:%=build/withhold/%.skel.h)
	$(call say,CC,$@)
	$(Q)$(CC) $(CFLAGS_ALL) -MMD -MP -Ibuild/withhold -DTROTH_WITHHOLD -c $< -o $@
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

build/withhold/%.bpf.o: bpf/%.bpf.c vmlinux/$(ARCH)/vmlinux.h
	$(call say,BPF,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -DTROTH_WITHHOLD -D__TARGET_ARCH_$(call bpf_target,$(ARCH)) -Ivmlinux/$(ARCH) -MMD -MP -c $< -o $@

ifneq ($(ARCH),arm64)
build/arm64/%.bpf.o: bpf/%.bpf.c vmlinux/arm64/vmlinux.h
	$(call say,BPF,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -D__TARGET_ARCH_arm64 -Ivmlinux/arm64 -MMD -MP -c $< -o $@
endif

build/sanitized/%.o: %.c
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_ALL) $(SANITIZE) -MMD -MP -c $< -o $@

build/unit/%: tests/unit/%.c $(PURE_O)
	$(call say,TEST,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_ALL) $(SANITIZE) -MMD -MP -MF $@.d $< $(PURE_O) -o $@ -lcmocka $(LIBS)

# The server with made-up numbers, for tests/cli/test_web*.py.
build/web-driver: $(wildcard tests/web/*.c) $(patsubst %.c,$(OUT)/%.o,$(filter user/base/% user/conf/% \
		user/export/% user/report/% user/slo/% user/store/% user/web/%,$(USER_C)))
	$(call say,TEST,$@)
	$(Q)$(CC) $(CFLAGS_ALL) -I. -MMD -MP -MF $@.d $(filter %.c %.o,$^) -o $@ $(LIBS)

build/web-driver-sanitized: $(wildcard tests/web/*.c) $(PURE_O)
	$(call say,TEST,$@)
	$(Q)$(CC) $(CFLAGS_ALL) $(SANITIZE) -I. -MMD -MP -MF $@.d $(filter %.c %.o,$^) -o $@ $(LIBS)

# The notifier alone, with sanitizers, see tests/cli/test_notify.py.
build/notify-driver: tests/notify/driver.c $(PURE_O)
	$(call say,TEST,$@)
	$(Q)$(CC) $(CFLAGS_ALL) $(SANITIZE) -MMD -MP -MF $@.d $< $(PURE_O) -o $@ $(LIBS)

# Plays ticks for tests/cli/test_live_oracle.py.
build/live_play: tests/cli/live_play.c $(PURE_O)
	$(call say,TEST,$@)
	$(Q)$(CC) $(CFLAGS_ALL) $(SANITIZE) -MMD -MP -MF $@.d $< $(PURE_O) -o $@ -lcmocka $(LIBS)

build/fuzz/%: tests/fuzz/%.c
	$(call say,FUZZ,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(CFLAGS_ALL) -O1 -g -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined \
		-MMD -MP -MF $@.d $< $(filter %.o,$^) -o $@ $(FUZZ_LIBS)

FUZZ_OF_CONF := build/fuzz/fuzz_yaml build/fuzz/fuzz_counts build/fuzz/fuzz_daemon_conf
$(FUZZ_OF_CONF): $(FUZZ_CONF_O)
$(FUZZ_OF_CONF): FUZZ_LIBS := -lyaml -lcurl -lm
build/fuzz/fuzz_codec build/fuzz/fuzz_lines: $(FUZZ_STORE_O)
build/fuzz/fuzz_codec build/fuzz/fuzz_lines: FUZZ_LIBS := -ljansson -lm
build/fuzzed/%.o: %.c
	$(call say,FUZZ,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(CFLAGS_ALL) -O1 -g -fsanitize=fuzzer-no-link,address,undefined \
		-fno-sanitize-recover=undefined -MMD -MP -c $< -o $@

# Each once for each backend.
define bpf_test_rule
$(OUT)/bpf/$(1)/%: tests/bpf/%.c build/$(ARCH)/$(1).skel.h
	$$(call say,TEST,$$@)
	$$(Q)mkdir -p $$(@D)
	$$(Q)$$(CC) $$(CFLAGS_ALL) -DBACKEND=$(1) -Ibuild/$(ARCH) -MMD -MP -MF $$@.d $$< -o $$@ -lcmocka -lbpf -lelf -lz
endef
$(foreach backend,$(BPF),$(eval $(call bpf_test_rule,$(backend))))

# What is pinned, under traffic: the real kernel, from scripts/run-tests sampler.
build/sampler/%: tests/sampler/%.c $(USER_O)
	$(call say,TEST,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_ALL) -MMD -MP -MF $@.d $< $(USER_O) -o $@ -lcmocka $(LIBS)
build/other/keeper: build/other/tests/sampler/keeper.o $(OTHER_O)
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS_ALL) $^ -o $@ $(LIBS)

# Writes records for tests/cli/test_report.py, and for the benchmark of reports.
build/record-maker: tests/bench/record_maker.c $(RECORD_O)
	$(call say,CC,$@)
	$(Q)$(CC) $(CFLAGS_ALL) -I. -MMD -MP -MF $@.d $(filter-out %.h,$^) -o $@ -ljansson -lsqlite3 -lm

build/bench: $(filter-out tests/bench/record_maker.c,$(wildcard tests/bench/*.c)) build/tests/bench/floor.skel.h $(USER_O)
	$(call say,CC,$@)
	$(Q)$(CC) $(CFLAGS_ALL) -I. -Ibuild/tests/bench -MMD -MP -MF $@.d $(filter-out %.bpf.c %.h,$^) -o $@ $(LIBS) \
		-Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc

# Gives up what troth run gives up, see tests/e2e/test_privilege.py.
build/privilege-driver: $(wildcard tests/privilege/*.c) $(USER_O)
	$(call say,CC,$@)
	$(Q)$(CC) $(CFLAGS_ALL) -I. -MMD -MP -MF $@.d $(filter-out %.h,$^) -o $@ $(LIBS)

# Counts instructions in a guest, see scripts/bench-vm.
build/vm/instructions: tests/bench/vm/instructions.c tests/bench/hooks.c tests/bench/talk.c \
		build/tests/bench/floor.skel.h $(USER_O)
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_ALL) -I. -Ibuild/tests/bench -MMD -MP -MF $@.d $(filter-out %.h,$^) -o $@ $(LIBS)

build/tests/bench/%.bpf.o: tests/bench/%.bpf.c vmlinux/$(ARCH)/vmlinux.h
	$(call say,BPF,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -D__TARGET_ARCH_$(call bpf_target,$(ARCH)) -Ivmlinux/$(ARCH) -c $< -o $@

# Plays on other kernels, see scripts/vmtest.
$(OUT)/vm/guest: $(wildcard tests/vm/*.[ch]) bpf/abi.h
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_ALL) -I. $(filter %.c,$^) -o $@ -ljansson -lpthread

# Asks for the verifier's statistics, see scripts/verifier.
$(OUT)/vm/verifier_log.so: tests/bpf/verifier_log.c
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_ALL) -fPIC -shared $< -o $@ -lbpf

check: $(UNIT) build/troth $(DRIVERS)
	$(Q)scripts/run-tests unit cli
check-bpf: $(BPF_TEST) $(ARM64_BPF) build/troth-withhold $(SAMPLER_TEST)
	$(Q)scripts/run-tests bpf
check-e2e: build/troth build/troth-withhold build/troth-other build/privilege-driver
	$(Q)scripts/run-tests e2e
check-vm: setup-vm
	$(Q)$(MAKE) --no-print-directory $(OUT)/troth $(OUT)/vm/guest
	$(Q)ARCH=$(ARCH) KERNEL='$(KERNEL)' scripts/run-tests vm
verifier: setup-vm
	$(Q)$(MAKE) --no-print-directory $(OUT)/troth $(OUT)/vm/verifier_log.so
	$(Q)ARCH=$(ARCH) KERNEL='$(KERNEL)' CLANG='$(CLANG)' scripts/verifier
# SOAK_S=60 SOAK_SEED=N: shorter, and the same again.
soak: build/troth
	$(Q)SOAK_S=$(SOAK_S) TROTH=$(CURDIR)/build/troth $(PYTEST) -q tests/e2e/test_run_soak.py
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
