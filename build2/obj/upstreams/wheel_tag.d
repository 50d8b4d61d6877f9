build2/obj/upstreams/wheel_tag.o: upstreams/wheel_tag.c base/banned.h \
 upstreams/wheel_tag.h upstreams/project.h base/digest.h \
 upstreams/version.h upstreams/word_list.h base/arena.h base/buf.h \
 base/check.h base/memory.h base/text.h
base/banned.h:
upstreams/wheel_tag.h:
upstreams/project.h:
base/digest.h:
upstreams/version.h:
upstreams/word_list.h:
base/arena.h:
base/buf.h:
base/check.h:
base/memory.h:
base/text.h:
