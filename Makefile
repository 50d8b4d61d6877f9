# make run    install what is missing, build, serve      make test   install test packages, build, run every test
# make check  every test, nothing installed               make help   all targets
BUILD ?= build
CC ?= cc
PACKAGES = libmicrohttpd libcurl sqlite3 libcrypto jansson yajl libxml-2.0 inih libzip libb2 zlib
WARNINGS = -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wformat=2 -Wundef -Werror
OPTIMISE ?= -O2 -g
SANITIZE ?=
CPPFLAGS += -I. -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 $(shell pkg-config --cflags $(PACKAGES)) -include base/banned.h
CFLAGS += -std=gnu11 $(OPTIMISE) $(WARNINGS) $(SANITIZE) -pthread -fstack-protector-strong -fno-omit-frame-pointer
LDLIBS += $(shell pkg-config --libs $(PACKAGES)) -pthread
LDFLAGS += $(SANITIZE)

ROOMS = base storage upstreams proxy admin
SOURCES = $(foreach room,$(ROOMS),$(wildcard $(room)/*.c))
MAIN = admin/main.c
OBJECTS = $(patsubst %.c,$(BUILD)/obj/%.o,$(filter-out $(MAIN),$(SOURCES)))
UNIT_TESTS = $(patsubst tests/unit/%.c,$(BUILD)/tests/%,$(wildcard tests/unit/*_test.c))

all: $(BUILD)/yizhan

$(BUILD)/yizhan: $(BUILD)/obj/admin/main.o $(BUILD)/libyizhan.a
	$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(BUILD)/libyizhan.a: $(OBJECTS)
	rm -f $@ && ar rcs $@ $^

$(BUILD)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

# One program per unit test file, linked against everything.
$(BUILD)/tests/%: tests/unit/%.c $(BUILD)/libyizhan.a
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP $(LDFLAGS) -o $@ $< $(BUILD)/libyizhan.a $(LDLIBS) -lcmocka

unit: $(UNIT_TESTS)
	@for t in $(UNIT_TESTS); do echo "== $$t"; $$t || exit 1; done

clean:
	rm -rf $(BUILD)

-include $(OBJECTS:.o=.d)
.PHONY: all unit clean
