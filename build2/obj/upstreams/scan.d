build2/obj/upstreams/scan.o: upstreams/scan.c base/banned.h \
 upstreams/scan.h base/buf.h
base/banned.h:
upstreams/scan.h:
base/buf.h:
