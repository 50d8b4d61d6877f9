build2/obj/upstreams/image.o: upstreams/image.c base/banned.h \
 upstreams/image.h base/digest.h base/check.h base/text.h \
 upstreams/address.h
base/banned.h:
upstreams/image.h:
base/digest.h:
base/check.h:
base/text.h:
upstreams/address.h:
