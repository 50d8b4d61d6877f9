build2/obj/upstreams/field.o: upstreams/field.c base/banned.h \
 upstreams/field.h base/buf.h base/text.h
base/banned.h:
upstreams/field.h:
base/buf.h:
base/text.h:
