build2/obj/upstreams/answer.o: upstreams/answer.c base/banned.h \
 upstreams/answer.h upstreams/fetch.h base/memory.h upstreams/head.h
base/banned.h:
upstreams/answer.h:
upstreams/fetch.h:
base/memory.h:
upstreams/head.h:
