build2/obj/proxy/target.o: proxy/target.c base/banned.h proxy/target.h \
 base/buf.h base/check.h base/memory.h base/text.h
base/banned.h:
proxy/target.h:
base/buf.h:
base/check.h:
base/memory.h:
base/text.h:
