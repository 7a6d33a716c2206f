# SPDX-License-Identifier: Apache-2.0
# rules.mk - what the tests, the fuzzers and the benchmarks are made of. Part of the Makefile.

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

# A build of the same layout with other programs, to upgrade from and to.
build/troth-newer: $(OUT)/user/main.o $(filter-out %/programs.o,$(USER_O)) build/newer/programs.o
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS_ALL) $^ -o $@ $(LDFLAGS) $(LIBS)
build/newer/programs.o: user/collect/programs.c $(BPF:%=build/newer/%.skel.h)
	$(call say,CC,$@)
	$(Q)$(CC) $(CFLAGS_ALL) -MMD -MP -Ibuild/newer -c $< -o $@
build/newer/%.bpf.o: bpf/%.bpf.c vmlinux/$(ARCH)/vmlinux.h
	$(call say,BPF,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -DTROTH_NEWER_TEST -D__TARGET_ARCH_$(call bpf_target,$(ARCH)) -Ivmlinux/$(ARCH) -MMD -MP -c $< -o $@

build/withhold/programs.o: user/collect/programs.c $(BPF:%=build/withhold/%.skel.h)
	$(call say,CC,$@)
	$(Q)$(CC) $(CFLAGS_ALL) -MMD -MP -Ibuild/withhold -DTROTH_WITHHOLD -c $< -o $@

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
	$(Q)$(CC) $(CFLAGS_ALL) $(SANITIZE) -MMD -MP -MF $@.d $< $(filter %.o,$^) -o $@ -lcmocka $(LIBS) $(UNIT_FLAGS)

# The daemon over a kernel that is made up.
TICKS_O := $(patsubst %.c,build/sanitized/%.o,$(filter-out $(PURE_C),$(wildcard user/daemon/*.c)) tests/unit/ticks.c)
TICKS_TESTS := $(patsubst tests/unit/%.c,build/unit/%,$(wildcard tests/unit/test_ticks*.c))
$(TICKS_TESTS): $(TICKS_O)
$(TICKS_TESTS): UNIT_FLAGS := $(foreach f,malloc calloc realloc reallocarray strdup moment_now log_line,-Wl,--wrap=$(f))

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
$(FUZZ_OF_CONF): FUZZ_LIBS := -lyaml -lm
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

# Gives up what troth run gives up, see tests/e2e/privilege.py.
build/privilege-driver: $(wildcard tests/privilege/*.c) $(USER_O)
	$(call say,CC,$@)
	$(Q)$(CC) $(CFLAGS_ALL) -I. -MMD -MP -MF $@.d $(filter-out %.h,$^) -o $@ $(LIBS) -lcurl

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
