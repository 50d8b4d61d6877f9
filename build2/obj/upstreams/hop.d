build2/obj/upstreams/hop.o: upstreams/hop.c base/banned.h upstreams/hop.h \
 base/buf.h base/memory.h base/text.h upstreams/address.h \
 upstreams/upstream.h
base/banned.h:
upstreams/hop.h:
base/buf.h:
base/memory.h:
base/text.h:
upstreams/address.h:
upstreams/upstream.h:
