build2/obj/proxy/forget.o: proxy/forget.c base/banned.h proxy/forget.h \
 base/memory.h proxy/memcache.h proxy/proxy.h base/config.h base/lock.h
base/banned.h:
proxy/forget.h:
base/memory.h:
proxy/memcache.h:
proxy/proxy.h:
base/config.h:
base/lock.h:
