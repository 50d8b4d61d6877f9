build2/obj/proxy/access_log.o: proxy/access_log.c base/banned.h \
 proxy/access_log.h base/buf.h base/clock.h base/lock.h base/log.h \
 base/memory.h base/text.h
base/banned.h:
proxy/access_log.h:
base/buf.h:
base/clock.h:
base/lock.h:
base/log.h:
base/memory.h:
base/text.h:
