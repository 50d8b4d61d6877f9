build2/obj/admin/verify.o: admin/verify.c base/banned.h admin/invocation.h \
 admin/command.h admin/operation.h base/buf.h admin/refetch.h \
 base/clock.h base/config.h base/json.h base/memory.h base/text.h \
 proxy/forget.h proxy/proxy.h base/lock.h proxy/memcache.h storage/keep.h \
 storage/store.h base/digest.h
base/banned.h:
admin/invocation.h:
admin/command.h:
admin/operation.h:
base/buf.h:
admin/refetch.h:
base/clock.h:
base/config.h:
base/json.h:
base/memory.h:
base/text.h:
proxy/forget.h:
proxy/proxy.h:
base/lock.h:
proxy/memcache.h:
storage/keep.h:
storage/store.h:
base/digest.h:
