build2/obj/upstreams/list_images.o: upstreams/list_images.c base/banned.h \
 base/text.h upstreams/image.h base/digest.h upstreams/list_internal.h \
 base/buf.h base/memory.h upstreams/list.h base/arena.h \
 upstreams/requirement.h upstreams/specifier.h upstreams/version.h \
 upstreams/toml.h upstreams/scan.h
base/banned.h:
base/text.h:
upstreams/image.h:
base/digest.h:
upstreams/list_internal.h:
base/buf.h:
base/memory.h:
upstreams/list.h:
base/arena.h:
upstreams/requirement.h:
upstreams/specifier.h:
upstreams/version.h:
upstreams/toml.h:
upstreams/scan.h:
