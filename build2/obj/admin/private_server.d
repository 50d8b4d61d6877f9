build2/obj/admin/private_server.o: admin/private_server.c base/banned.h \
 admin/private_server.h admin/server_url.h base/buf.h base/check.h \
 base/config.h base/memory.h proxy/proxy.h base/lock.h proxy/memcache.h \
 proxy/server.h
base/banned.h:
admin/private_server.h:
admin/server_url.h:
base/buf.h:
base/check.h:
base/config.h:
base/memory.h:
proxy/proxy.h:
base/lock.h:
proxy/memcache.h:
proxy/server.h:
