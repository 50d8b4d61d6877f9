build2/obj/proxy/wheel.o: proxy/wheel.c base/banned.h proxy/wheel.h \
 base/buf.h base/memory.h base/text.h upstreams/project.h base/digest.h
base/banned.h:
proxy/wheel.h:
base/buf.h:
base/memory.h:
base/text.h:
upstreams/project.h:
base/digest.h:
