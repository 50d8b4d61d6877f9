build2/obj/proxy/image_parts.o: proxy/image_parts.c base/banned.h \
 proxy/image_parts.h base/digest.h upstreams/manifest.h base/buf.h \
 storage/keep.h storage/store.h
base/banned.h:
proxy/image_parts.h:
base/digest.h:
upstreams/manifest.h:
base/buf.h:
storage/keep.h:
storage/store.h:
