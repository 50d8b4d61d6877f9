build2/obj/proxy/site.o: proxy/site.c base/banned.h base/memory.h \
 base/text.h proxy/proxy.h base/config.h base/lock.h proxy/memcache.h \
 upstreams/upstream.h
base/banned.h:
base/memory.h:
base/text.h:
proxy/proxy.h:
base/config.h:
base/lock.h:
proxy/memcache.h:
upstreams/upstream.h:
