build2/obj/upstreams/version.o: upstreams/version.c base/banned.h \
 upstreams/version.h base/buf.h upstreams/scan.h
base/banned.h:
upstreams/version.h:
base/buf.h:
upstreams/scan.h:
