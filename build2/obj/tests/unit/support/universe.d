build2/obj/tests/unit/support/universe.o: tests/unit/support/universe.c \
 base/banned.h tests/unit/support/universe.h upstreams/resolve.h \
 base/arena.h base/digest.h base/buf.h base/check.h base/memory.h \
 base/text.h upstreams/page.h upstreams/project.h \
 upstreams/python_target.h upstreams/marker.h upstreams/version.h \
 upstreams/requirement.h upstreams/specifier.h
base/banned.h:
tests/unit/support/universe.h:
upstreams/resolve.h:
base/arena.h:
base/digest.h:
base/buf.h:
base/check.h:
base/memory.h:
base/text.h:
upstreams/page.h:
upstreams/project.h:
upstreams/python_target.h:
upstreams/marker.h:
upstreams/version.h:
upstreams/requirement.h:
upstreams/specifier.h:
