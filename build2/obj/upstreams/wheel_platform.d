build2/obj/upstreams/wheel_platform.o: upstreams/wheel_platform.c \
 base/banned.h upstreams/wheel_platform.h base/memory.h base/text.h \
 upstreams/word_list.h
base/banned.h:
upstreams/wheel_platform.h:
base/memory.h:
base/text.h:
upstreams/word_list.h:
