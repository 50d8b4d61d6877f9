build2/obj/admin/list_status.o: admin/list_status.c base/banned.h \
 admin/list_status.h admin/operation.h base/buf.h base/digest_set.h \
 base/digest.h base/json.h base/text.h proxy/prefetch_record.h \
 storage/keep.h storage/store.h
base/banned.h:
admin/list_status.h:
admin/operation.h:
base/buf.h:
base/digest_set.h:
base/digest.h:
base/json.h:
base/text.h:
proxy/prefetch_record.h:
storage/keep.h:
storage/store.h:
