build2/obj/upstreams/word_list.o: upstreams/word_list.c base/banned.h \
 upstreams/word_list.h base/buf.h base/memory.h
base/banned.h:
upstreams/word_list.h:
base/buf.h:
base/memory.h:
