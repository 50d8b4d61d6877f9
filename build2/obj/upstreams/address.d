build2/obj/upstreams/address.o: upstreams/address.c base/banned.h \
 upstreams/address.h base/text.h
base/banned.h:
upstreams/address.h:
base/text.h:
