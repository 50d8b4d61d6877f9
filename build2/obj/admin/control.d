build2/obj/admin/control.o: admin/control.c base/banned.h admin/control.h \
 admin/control_line.h base/buf.h admin/operation.h base/check.h \
 base/json.h base/lock.h base/log.h base/memory.h base/version.h \
 proxy/proxy.h base/config.h proxy/memcache.h
base/banned.h:
admin/control.h:
admin/control_line.h:
base/buf.h:
admin/operation.h:
base/check.h:
base/json.h:
base/lock.h:
base/log.h:
base/memory.h:
base/version.h:
proxy/proxy.h:
base/config.h:
proxy/memcache.h:
