build2/obj/upstreams/judge.o: upstreams/judge.c base/banned.h \
 upstreams/judge.h base/buf.h upstreams/head.h
base/banned.h:
upstreams/judge.h:
base/buf.h:
upstreams/head.h:
