build2/obj/tests/unit/support/list_case.o: tests/unit/support/list_case.c \
 base/banned.h tests/unit/support/list_case.h base/buf.h upstreams/list.h \
 base/arena.h base/digest.h upstreams/requirement.h upstreams/specifier.h \
 upstreams/version.h upstreams/marker.h base/memory.h
base/banned.h:
tests/unit/support/list_case.h:
base/buf.h:
upstreams/list.h:
base/arena.h:
base/digest.h:
upstreams/requirement.h:
upstreams/specifier.h:
upstreams/version.h:
upstreams/marker.h:
base/memory.h:
