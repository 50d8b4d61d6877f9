build2/obj/upstreams/tag_list.o: upstreams/tag_list.c base/banned.h \
 upstreams/tag_list.h base/buf.h base/json.h base/memory.h \
 upstreams/image.h base/digest.h
base/banned.h:
upstreams/tag_list.h:
base/buf.h:
base/json.h:
base/memory.h:
upstreams/image.h:
base/digest.h:
