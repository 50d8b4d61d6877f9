build2/obj/upstreams/cache_status.o: upstreams/cache_status.c \
 base/banned.h upstreams/cache_status.h base/buf.h base/text.h \
 upstreams/field.h
base/banned.h:
upstreams/cache_status.h:
base/buf.h:
base/text.h:
upstreams/field.h:
