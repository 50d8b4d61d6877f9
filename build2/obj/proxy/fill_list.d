build2/obj/proxy/fill_list.o: proxy/fill_list.c base/banned.h \
 proxy/fill_list.h base/buf.h base/check.h proxy/fill.h base/lock.h \
 proxy/memcache.h proxy/stream.h storage/store.h base/digest.h \
 upstreams/fetch.h proxy/home.h proxy/request.h proxy/proxy.h \
 base/config.h proxy/target.h proxy/respond.h
base/banned.h:
proxy/fill_list.h:
base/buf.h:
base/check.h:
proxy/fill.h:
base/lock.h:
proxy/memcache.h:
proxy/stream.h:
storage/store.h:
base/digest.h:
upstreams/fetch.h:
proxy/home.h:
proxy/request.h:
proxy/proxy.h:
base/config.h:
proxy/target.h:
proxy/respond.h:
