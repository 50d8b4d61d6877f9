build2/obj/admin/serve.o: admin/serve.c base/banned.h admin/command.h \
 admin/control.h admin/schedule.h base/buf.h base/config.h \
 proxy/holding.h proxy/holding_version.h upstreams/specifier.h \
 upstreams/version.h proxy/proxy.h base/lock.h proxy/memcache.h \
 proxy/server.h
base/banned.h:
admin/command.h:
admin/control.h:
admin/schedule.h:
base/buf.h:
base/config.h:
proxy/holding.h:
proxy/holding_version.h:
upstreams/specifier.h:
upstreams/version.h:
proxy/proxy.h:
base/lock.h:
proxy/memcache.h:
proxy/server.h:
