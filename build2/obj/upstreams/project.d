build2/obj/upstreams/project.o: upstreams/project.c base/banned.h \
 upstreams/project.h base/digest.h base/buf.h base/text.h
base/banned.h:
upstreams/project.h:
base/digest.h:
base/buf.h:
base/text.h:
