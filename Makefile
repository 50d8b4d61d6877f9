## Two commands that need nothing before them:
##   make run        install what is missing, build, and serve on http://127.0.0.1:8080/
##   make test       install what the tests need, build, and run every test
## For work on the code (nothing is installed):
##   make            build build/yizhan
##   make check      unit and feature tests
##   make unit       unit tests          make unit TESTS=config_test
##   make feature    feature tests       make feature PYTEST_FLAGS="-k resume" TEST_JOBS=0
##   make asan       check, under AddressSanitizer and UndefinedBehaviorSanitizer
##   make tsan       check, under ThreadSanitizer
##   make fuzz       every fuzz target for FUZZ_SECONDS=60
##   make soak       all that is too long for every change, from a fresh seed: hours
##   make bench      the figures of docs/benchmarks.md; installs its tools
##   make lint       format, arrows between rooms, warnings of gcc and clang, clang-tidy, cppcheck, shellcheck, docs
##   make lint-deep  clang-tidy that goes into every function as far as it can
##   make format     put the format right
##   make install    to DESTDIR and PREFIX=/usr/local
##   make clean      remove build/
## Variables: BUILD=folder  CC=compiler  CONFIG=mirror.conf  PYTHON=/usr/bin/python3  V=1 shows commands

BUILD ?= build
PREFIX ?= /usr/local
CONFIG ?= mirror.conf.example
PYTHON ?= /usr/bin/python3
FUZZ_SECONDS ?= 60
OPTIMISE ?= -O2 -g
SANITIZE ?=
# Feature tests side by side: they mostly wait, so twice as many as there are processors, at most eight.
# TEST_JOBS=0, or no pytest-xdist: one after the other.
TEST_JOBS ?= $(shell n=$$(nproc 2>/dev/null || echo 1); echo $$((n < 4 ? 2 * n : 8)))
SIDE_BY_SIDE = $(if $(shell $(PYTHON) -c 'import xdist' 2>/dev/null && echo yes),-n $(TEST_JOBS))
# Warnings stop developers and CI, but not a user whose compiler is newer than ours.
WERROR ?= -Werror

ifeq ($(MAKELEVEL),0)
MAKEFLAGS += -j$(shell nproc 2>/dev/null || echo 1)
endif
MAKEFLAGS += --no-print-directory --no-builtin-rules
V ?=
Q = $(if $(V),,@)

# What the program is linked with, and the oldest version that has what we call. Before set-up there may be no
# pkg-config: that must not stop `make run`, so the check is a rule and not made here.
PACKAGES = libmicrohttpd libcurl sqlite3 libcrypto jansson yajl yaml-0.1 inih libzip libarchive libb2 zlib libzstd \
	libpsl
TEST_PACKAGES = cmocka libxml-2.0
VERSIONS = 'libmicrohttpd >= 0.9.71' 'libcurl >= 7.80' 'sqlite3 >= 3.37' 'libcrypto >= 3.0'
PACKAGE_CFLAGS := $(shell pkg-config --cflags $(PACKAGES) 2>/dev/null)
PACKAGE_LIBS := $(shell pkg-config --libs $(PACKAGES) 2>/dev/null)
TEST_CFLAGS := $(shell pkg-config --cflags $(TEST_PACKAGES) 2>/dev/null)
TEST_LIBS := $(shell pkg-config --libs $(TEST_PACKAGES) 2>/dev/null)

WARNINGS = -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wformat=2 -Wundef $(WERROR)
DEFINES = -I. -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 $(PACKAGE_CFLAGS) -include base/banned.h
CPPFLAGS += $(DEFINES)
CFLAGS += -std=gnu11 $(OPTIMISE) $(WARNINGS) $(SANITIZE) -pthread -fstack-protector-strong -fno-omit-frame-pointer
LDFLAGS += $(SANITIZE)
LDLIBS += $(PACKAGE_LIBS) -pthread

ROOMS = base formats storage upstreams proxy admin
MAIN = admin/main.c
SOURCES = $(filter-out $(MAIN),$(sort $(shell find $(ROOMS) -name '*.c')))
OBJECTS = $(SOURCES:%.c=$(BUILD)/obj/%.o)
SUPPORT_OBJECTS = $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard tests/unit/support/*.c))
TESTS = $(patsubst tests/unit/%.c,%,$(wildcard tests/unit/*_test.c))
# Those that take longest are started first.
LONG_TESTS = store_recover_test bundle_damage_test fetch_limits_test fetch_auth_test list_yaml_test
UNIT_TESTS = $(patsubst %,$(BUILD)/tests/%,$(filter $(LONG_TESTS),$(TESTS)) $(filter-out $(LONG_TESTS),$(TESTS)))
# Programs that feature tests use.
TOOLS = $(patsubst tests/tools/%.c,$(BUILD)/tools/%,$(wildcard tests/tools/*.c))
FUZZ_TARGETS = $(patsubst tests/fuzz/%.c,$(BUILD)/fuzz/%,$(wildcard tests/fuzz/*_fuzz.c))
LINTED = $(SOURCES) $(MAIN) $(wildcard $(addprefix tests/,unit/*.c unit/support/*.c fuzz/*.c bench/*.c tools/*.c))

all: $(BUILD)/yizhan

help:
	@sed -n 's/^## \{0,1\}//p' Makefile

# ---- building ----

# Changes when the compiler, a flag or the list of sources does; then everything is built again.
$(BUILD)/settings: FORCE
	@pkg-config --print-errors --exists $(VERSIONS) $(PACKAGES) || \
		{ echo "A library is missing or too old: run scripts/setup build"; exit 1; }
	@mkdir -p $(BUILD)
	@echo '$(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) $(LDLIBS) $(OBJECTS)' | cmp -s - $@ || \
		echo '$(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) $(LDLIBS) $(OBJECTS)' > $@

$(BUILD)/obj/%.o: %.c $(BUILD)/settings
	@mkdir -p $(@D)
	@echo "  cc    $<"
	$(Q)$(CC) $(CPPFLAGS) $(if $(filter tests/%,$<),$(TEST_CFLAGS)) $(CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/libyizhan.a: $(OBJECTS)
	@echo "  ar    $@"
	$(Q)rm -f $@ && ar qcs $@ $(OBJECTS)

$(BUILD)/yizhan: $(BUILD)/obj/$(MAIN:.c=.o) $(BUILD)/libyizhan.a
	@echo "  link  $@"
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

# One program for each unit test file, linked with everything.
$(BUILD)/tests/%: $(BUILD)/obj/tests/unit/%.o $(SUPPORT_OBJECTS) $(BUILD)/libyizhan.a
	@mkdir -p $(@D)
	@echo "  link  $@"
	$(Q)$(CC) $(LDFLAGS) -o $@ $< $(SUPPORT_OBJECTS) $(BUILD)/libyizhan.a $(LDLIBS) $(TEST_LIBS)

$(BUILD)/tools/%: $(BUILD)/obj/tests/tools/%.o $(BUILD)/libyizhan.a
	@mkdir -p $(@D)
	@echo "  link  $@"
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(BUILD)/fuzz/%: $(BUILD)/obj/tests/fuzz/%.o $(BUILD)/libyizhan.a
	@mkdir -p $(@D)
	@echo "  link  $@"
	$(Q)$(CC) $(LDFLAGS) -fsanitize=fuzzer -o $@ $< $(BUILD)/libyizhan.a $(LDLIBS)

# ---- the two commands ----

run:
	scripts/setup build
	$(MAKE) WERROR= all
	exec $(BUILD)/yizhan serve -c $(CONFIG)

test:
	scripts/setup test
	$(MAKE) check

# ---- tests ----

# One after the other, and the second also when the first fails. What they left is counted at the end; a test that was
# skipped for no allowed reason fails the run.
check:
	@rm -f $(BUILD)/log/unit.count $(BUILD)/log/feature.xml
	@status=0; $(MAKE) unit || status=1; $(MAKE) feature || status=1; \
		$(PYTHON) .ci/count_tests.py $(BUILD)/log || status=1; exit $$status

unit: $(UNIT_TESTS)
	@scripts/run-unit-tests $(BUILD)/log $(UNIT_TESTS)

feature: $(BUILD)/yizhan $(TOOLS)
	@mkdir -p $(BUILD)/log
	YIZHAN=$(abspath $(BUILD)/yizhan) YIZHAN_TEST_TOOLS=$(abspath $(BUILD)/tools) PYTHONDONTWRITEBYTECODE=1 \
		$(PYTHON) -m pytest -q -p no:cacheprovider $(SIDE_BY_SIDE) \
		--junitxml=$(BUILD)/log/feature.xml $(FEATURE_TESTS) $(PYTEST_FLAGS) tests/feature

# What other programs do takes a third of the time and shows a sanitizer nothing new: one test of each of
# them, and all in a soak.
ASAN_TESTS ?= $(if $(filter soak,$(YIZHAN_TEST_EXTENT)),,-m "not peers or one_of_each")

asan:
	ASAN_OPTIONS=detect_stack_use_after_return=1 UBSAN_OPTIONS=print_stacktrace=1 YIZHAN_TEST_PATIENCE=4 \
		$(MAKE) BUILD=$(BUILD)/asan OPTIMISE="-O1 -g" \
		SANITIZE="-fsanitize=address,undefined -fno-sanitize-recover=undefined" \
		FEATURE_TESTS='$(ASAN_TESTS)' check

tsan:
	YIZHAN_TEST_PATIENCE=6 $(MAKE) BUILD=$(BUILD)/tsan OPTIMISE="-O1 -g" SANITIZE="-fsanitize=thread" check

fuzz:
	$(MAKE) BUILD=$(BUILD)/fuzzing CC=clang OPTIMISE="-O1 -g" \
		SANITIZE="-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all" fuzz-run

fuzz-run: $(FUZZ_TARGETS)
	@scripts/run-fuzz $(BUILD) $(FUZZ_SECONDS) $(FUZZ_TARGETS)

soak:
	.ci/soak

bench:
	scripts/setup bench
	$(MAKE) all
	$(PYTHON) tests/bench/bench.py $(BENCH_FLAGS) $(BUILD)/yizhan

# ---- lint ----

# -k: all that is wrong is told at once; -O: in one piece each.
lint:
	$(MAKE) -k -Otarget lint-format lint-rooms lint-objects lint-clang lint-tidy lint-cppcheck lint-shell lint-python lint-docs

C_FILES = $(shell find $(ROOMS) tests -name '*.[ch]')

lint-format:
	clang-format --dry-run -Werror $(C_FILES)

format:
	clang-format -i $(C_FILES)

lint-rooms:
	scripts/check-rooms

# gcc's warnings, also in what no other target builds.
lint-objects: $(LINTED:%.c=$(BUILD)/obj/%.o)

# clang's own: they come of parsing, so nothing is built.
lint-clang: $(LINTED:%=clang/%)

$(LINTED:%=clang/%): clang/%:
	$(Q)clang -fsyntax-only $(CPPFLAGS) $(TEST_CFLAGS) $(CFLAGS) $*

# How many steps the analyzer goes into a function. Few functions need many, and nearly all of the time is
# theirs: so the default of 225,000 is for lint-deep.
TIDY_NODES ?= 45000

lint-tidy: $(LINTED:%=tidy/%)

$(LINTED:%=tidy/%): tidy/%:
	$(Q)scripts/tidy $(TIDY_NODES) $* $(DEFINES) $(TEST_CFLAGS) -std=gnu11

lint-deep:
	$(MAKE) -k -Otarget TIDY_NODES=225000 lint-tidy

# It skips system headers, but must know the macros that are loops.
lint-cppcheck:
	cppcheck --quiet --error-exitcode=1 --enable=warning,performance,portability --inline-suppr --std=c11 -I. \
		-D_GNU_SOURCE $(addprefix --include=/usr/include/,utlist.h uthash.h jansson.h) $(ROOMS)

SHELL_SCRIPTS = $(shell grep -lE '^\#!.*\b(ba)?sh$$' scripts/* .ci/*)

lint-shell:
	shellcheck -x $(SHELL_SCRIPTS) .ci/steps.sh

lint-python:
	$(PYTHON) -m pyflakes tests .ci scripts/check-rooms

lint-docs: $(BUILD)/yizhan
	scripts/check-docs $(BUILD)/yizhan

# ---- the rest ----

install: all
	install -D -m 755 $(BUILD)/yizhan $(DESTDIR)$(PREFIX)/bin/yizhan
	install -D -m 644 mirror.conf.example $(DESTDIR)$(PREFIX)/share/yizhan/mirror.conf.example

clean:
	rm -rf $(BUILD)

FORCE:
-include $(OBJECTS:.o=.d) $(SUPPORT_OBJECTS:.o=.d) $(LINTED:%.c=$(BUILD)/obj/%.d)
.SECONDARY:
.DELETE_ON_ERROR:
.PHONY: all help run test check unit feature asan tsan fuzz fuzz-run soak bench lint lint-format format lint-rooms \
	lint-objects lint-clang lint-tidy lint-deep $(LINTED:%=clang/%) $(LINTED:%=tidy/%) lint-cppcheck lint-shell \
	lint-python lint-docs install clean FORCE
