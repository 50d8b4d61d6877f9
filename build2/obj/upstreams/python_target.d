build2/obj/upstreams/python_target.o: upstreams/python_target.c \
 base/banned.h upstreams/python_target.h base/arena.h upstreams/marker.h \
 upstreams/version.h base/buf.h base/memory.h base/text.h \
 upstreams/scan.h upstreams/wheel_platform.h upstreams/wheel_tag.h \
 upstreams/project.h base/digest.h upstreams/word_list.h
base/banned.h:
upstreams/python_target.h:
base/arena.h:
upstreams/marker.h:
upstreams/version.h:
base/buf.h:
base/memory.h:
base/text.h:
upstreams/scan.h:
upstreams/wheel_platform.h:
upstreams/wheel_tag.h:
upstreams/project.h:
base/digest.h:
upstreams/word_list.h:
