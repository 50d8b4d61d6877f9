build2/obj/proxy/connections.o: proxy/connections.c base/banned.h \
 proxy/connections.h base/check.h base/counters.h base/lock.h \
 base/memory.h
base/banned.h:
proxy/connections.h:
base/check.h:
base/counters.h:
base/lock.h:
base/memory.h:
