build2/obj/upstreams/challenge.o: upstreams/challenge.c base/banned.h \
 upstreams/challenge.h base/buf.h base/json.h base/memory.h base/text.h \
 upstreams/field.h upstreams/url.h
base/banned.h:
upstreams/challenge.h:
base/buf.h:
base/json.h:
base/memory.h:
base/text.h:
upstreams/field.h:
upstreams/url.h:
