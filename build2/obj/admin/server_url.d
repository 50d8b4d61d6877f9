build2/obj/admin/server_url.o: admin/server_url.c base/banned.h \
 admin/server_url.h admin/control.h admin/operation.h base/buf.h \
 admin/private_server.h base/config.h base/json.h base/text.h \
 proxy/proxy.h base/lock.h proxy/memcache.h
base/banned.h:
admin/server_url.h:
admin/control.h:
admin/operation.h:
base/buf.h:
admin/private_server.h:
base/config.h:
base/json.h:
base/text.h:
proxy/proxy.h:
base/lock.h:
proxy/memcache.h:
