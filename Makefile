# Builds the hypervisor and the host tests. `make` builds the product; `make help` says what else there is.
# Sources are listed in sources.mk. Everything built goes to build/.

include sources.mk

B := build
CC := gcc
CLANG := clang
V ?= 0
Q := $(if $(filter 0,$(V)),@,)

WARN := -Wall -Wextra -Wshadow -Wundef -Wvla -Wstrict-prototypes -Wmissing-prototypes -Wmissing-declarations \
  -Wpointer-arith -Wwrite-strings -Wimplicit-fallthrough -Werror
INCLUDE := -Ihypervisor/include -Ihypervisor -isystem $(B)/abi
# The hypervisor runs in the middle of the address space (not the top 2 GiB, which belong to guests), so its
# code is position independent; it is linked at a fixed address.
MACHINE_FLAGS := -std=gnu2x -O2 -g -ffreestanding -nostdinc -Ihypervisor/arch/x86/include -isystem $(shell $(CC) -print-file-name=include) $(INCLUDE) \
  $(WARN) -m64 -fpie -fvisibility=hidden -include hypervisor/include/hyp/visibility.h -mno-red-zone -mgeneral-regs-only -fcf-protection=none \
  -fno-stack-protector -fno-asynchronous-unwind-tables -fno-strict-aliasing -fno-common -fno-omit-frame-pointer \
  -fno-jump-tables -ffunction-sections -fdata-sections -Wframe-larger-than=2048
MACHINE_ASM_FLAGS := -m64 -g -D__ASSEMBLER__ -I$(B)/machine -Ihypervisor/arch/x86
HOST_FLAGS := -std=gnu2x -Ihypervisor/arch/fake/include -O1 -g $(INCLUDE) -Itests $(WARN) -DHOST_BUILD -fno-strict-aliasing -fno-common -fno-omit-frame-pointer \
  -fsanitize=address,undefined -fno-sanitize-recover=all

MACHINE_OBJ := $(patsubst %.c,$(B)/machine/%.o,$(PURE) $(MACHINE)) $(patsubst %.S,$(B)/machine/%.o,$(ASM))
HOST_OBJ := $(patsubst %.c,$(B)/host/%.o,$(PURE) $(FAKE))
TESTS := $(patsubst tests/unit/%.c,$(B)/tests/unit/%,$(wildcard tests/unit/*_test.c)) \
  $(patsubst tests/model/%.c,$(B)/tests/model/%,$(wildcard tests/model/*_test.c))
FUZZERS := $(patsubst tests/fuzz/%.c,$(B)/fuzz/%,$(wildcard tests/fuzz/*_fuzz.c))

.PHONY: FORCE all help tests fuzzers clean
.DEFAULT_GOAL := all
all: $(B)/hospes

help:
	@echo "make          the hypervisor, build/hospes"
	@echo "make tests    the host tests, under build/tests (./test unit runs them)"
	@echo "make fuzzers  the libFuzzer targets, under build/fuzz"
	@echo "make check    layers, headers, symbols, links and words: the rules of docs/ARCHITECTURE.md, in seconds"
	@echo "make locks    are locks held where the annotations ask for them? (clang)"
	@echo "make stats    how large everything is"
	@echo "make coverage lines of the rules that the host tests run"
	@echo "make clean    removes build/"

$(B)/abi/xen:
	@mkdir -p $(@D)
	@test -e /usr/include/xen/xen.h || { echo "make: <xen/xen.h> is missing: apt-get install libxen-dev" >&2; exit 1; }
	$(Q)ln -sfn /usr/include/xen $@

$(B)/machine/%.o: %.c | $(B)/abi/xen
	@mkdir -p $(@D)
	$(Q)$(CC) $(MACHINE_FLAGS) -MMD -MP -c $< -o $@

# Assembly sees C's structures through generated numbers.
$(B)/machine/offsets.h: hypervisor/arch/x86/offsets.c | $(B)/abi/xen
	@mkdir -p $(@D)
	$(Q)$(CC) $(MACHINE_FLAGS) -MMD -MP -MF $(@:.h=.d) -MT $@ -S $< -o $(@:.h=.s)
	$(Q)sed -n 's/^#OFFSET \([A-Za-z0-9_]*\) \(.*\)$$/#define \1 \2/p' $(@:.h=.s) > $@

$(B)/machine/%.o: %.S $(B)/machine/offsets.h
	@mkdir -p $(@D)
	$(Q)$(CC) $(MACHINE_ASM_FLAGS) -MMD -MP -c $< -o $@

LDS := $(B)/machine/hospes.lds
$(LDS): hypervisor/arch/x86/hospes.lds hypervisor/arch/x86/layout.h
	@mkdir -p $(@D)
	$(Q)$(CC) -E -P -D__ASSEMBLER__ -x c -Ihypervisor/arch/x86 $< -o $@

# Linked twice: the table of symbols is made from the first image. It lies behind the text, so no function moves.
LINK := ld -nostdlib -static -z max-page-size=4096 -z noexecstack --no-warn-rwx-segments --gc-sections --orphan-handling=place \
  --build-id=sha1 -T $(LDS)

$(B)/machine/symbols_none.s: scripts/symbols
	@mkdir -p $(@D)
	$(Q)scripts/symbols > $@

$(B)/machine/symbols_all.s: scripts/symbols $(B)/hospes_first.elf
	$(Q)scripts/symbols $(B)/hospes_first.elf > $@

$(B)/machine/symbols_%.o: $(B)/machine/symbols_%.s
	$(Q)$(CC) -m64 -c $< -o $@

$(B)/hospes_first.elf: $(MACHINE_OBJ) $(B)/machine/symbols_none.o $(LDS)
	$(Q)$(LINK) $(MACHINE_OBJ) $(B)/machine/symbols_none.o -o $@

$(B)/hospes.elf: $(B)/hospes_first.elf $(B)/machine/symbols_all.o
	$(Q)$(LINK) -Map $(B)/hospes.map $(MACHINE_OBJ) $(B)/machine/symbols_all.o -o $@.new
	$(Q)scripts/symbols $@.new | cmp -s - $(B)/machine/symbols_all.s || { echo "make: the second link moved functions" >&2; exit 1; }
	$(Q)mv $@.new $@

# What the image says of itself: the commit that it was built from, and when that was made.
VERSION := $(shell git describe --always --dirty=+ 2>/dev/null || echo unknown)
DATE := $(shell git log -1 --format=%cd --date=short 2>/dev/null || echo unknown)
$(B)/version: FORCE
	@mkdir -p $(@D)
	@echo '$(VERSION) $(DATE)' | cmp -s - $@ || echo '$(VERSION) $(DATE)' > $@
$(B)/machine/hypervisor/init/version.o: $(B)/version
$(B)/machine/hypervisor/init/version.o: MACHINE_FLAGS += -DHOSPES_VERSION='"$(VERSION)"' -DHOSPES_DATE='"$(DATE)"'

# The loader takes a flat file; addresses stand in the multiboot headers.
$(B)/hospes: $(B)/hospes.elf
	$(Q)objcopy -O binary $< $@

$(B)/host/%.o: %.c | $(B)/abi/xen
	@mkdir -p $(@D)
	$(Q)$(CC) $(HOST_FLAGS) -MMD -MP -c $< -o $@

$(B)/libhost.a: $(HOST_OBJ)
	@rm -f $@
	$(Q)ar rcs $@ $^

$(B)/tests/%: tests/%.c $(B)/libhost.a
	@mkdir -p $(@D)
	$(Q)$(CC) $(HOST_FLAGS) -MMD -MP -MF $@.d $< $(B)/libhost.a -lcmocka -o $@

tests: $(TESTS)

# The fuzzers are built by clang, whole, so that coverage guides them through the code under test.
FUZZ_FLAGS := -std=gnu2x -Ihypervisor/arch/fake/include -O1 -g $(INCLUDE) -Itests -DHOST_BUILD -fno-strict-aliasing -fsanitize=fuzzer-no-link,address,undefined \
  -fno-sanitize-recover=all
FUZZ_OBJ := $(patsubst %.c,$(B)/fuzz-objects/%.o,$(PURE) $(FAKE))
$(B)/fuzz-objects/%.o: %.c | $(B)/abi/xen
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(FUZZ_FLAGS) -MMD -MP -c $< -o $@
$(B)/libfuzz.a: $(FUZZ_OBJ)
	@rm -f $@
	$(Q)ar rcs $@ $^
# Two are of the x86 machine's own calls, whose sources they include: all that these call is replaced.
$(B)/fuzz/physdev_op_fuzz $(B)/fuzz/platform_op_fuzz: private FUZZ_FLAGS := $(subst arch/fake,arch/x86,$(FUZZ_FLAGS))
$(B)/fuzz/%: tests/fuzz/%.c $(B)/libfuzz.a
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(FUZZ_FLAGS) -fsanitize=fuzzer -MMD -MP -MF $@.d $< $(B)/libfuzz.a -o $@
fuzzers: $(FUZZERS)

# What the documents say of the tree is so; docs/testing.md lists the checks.
.PHONY: check locks stats coverage
check: $(MACHINE_OBJ)
	@CC='$(CC)' MACHINE_FLAGS='$(MACHINE_FLAGS)' HOST_FLAGS='$(HOST_FLAGS)' scripts/check

locks: | $(B)/abi/xen
	@scripts/locks

stats:
	@scripts/stats

# The host tests once more, counting the lines that run instead of watching memory.
COVERAGE_FLAGS := $(filter-out -fsanitize% -fno-sanitize% -O1,$(HOST_FLAGS)) -O0 --coverage
COVERAGE_OBJ := $(patsubst %.c,$(B)/coverage/objects/%.o,$(PURE) $(FAKE))
COVERAGE_TESTS := $(patsubst $(B)/tests/%,$(B)/coverage/tests/%,$(TESTS))
$(B)/coverage/objects/%.o: %.c | $(B)/abi/xen
	@mkdir -p $(@D)
	$(Q)$(CC) $(COVERAGE_FLAGS) -MMD -MP -c $< -o $@
$(B)/coverage/libhost.a: $(COVERAGE_OBJ)
	@rm -f $@
	$(Q)ar rcs $@ $^
$(B)/coverage/tests/%: tests/%.c $(B)/coverage/libhost.a
	@mkdir -p $(@D)
	$(Q)$(CC) $(COVERAGE_FLAGS) -MMD -MP -MF $@.d $< $(B)/coverage/libhost.a -lcmocka -o $@
coverage: $(COVERAGE_TESTS)
	@scripts/coverage $^

clean:
	rm -rf $(B)

-include $(shell find $(B) -name '*.d' 2>/dev/null)
