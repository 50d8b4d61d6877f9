build2/obj/admin/import_operation.o: admin/import_operation.c \
 base/banned.h admin/bundle_names.h admin/operation.h base/buf.h \
 base/clock.h base/config.h base/json.h base/memory.h base/text.h \
 proxy/forget.h proxy/page_merge.h proxy/image_entries.h base/digest.h \
 storage/store.h upstreams/manifest.h storage/bundle.h base/arena.h \
 storage/keep.h
base/banned.h:
admin/bundle_names.h:
admin/operation.h:
base/buf.h:
base/clock.h:
base/config.h:
base/json.h:
base/memory.h:
base/text.h:
proxy/forget.h:
proxy/page_merge.h:
proxy/image_entries.h:
base/digest.h:
storage/store.h:
upstreams/manifest.h:
storage/bundle.h:
base/arena.h:
storage/keep.h:
