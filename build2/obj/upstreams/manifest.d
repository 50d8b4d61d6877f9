build2/obj/upstreams/manifest.o: upstreams/manifest.c base/banned.h \
 upstreams/manifest.h base/digest.h base/buf.h base/json.h base/memory.h \
 base/text.h upstreams/image.h
base/banned.h:
upstreams/manifest.h:
base/digest.h:
base/buf.h:
base/json.h:
base/memory.h:
base/text.h:
upstreams/image.h:
