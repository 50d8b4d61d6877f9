build2/obj/admin/export_image.o: admin/export_image.c base/banned.h \
 admin/export_format.h storage/bundle.h base/arena.h base/digest.h \
 storage/store.h admin/export_output.h admin/export_pick.h \
 upstreams/manifest.h base/buf.h base/digest_set.h base/json.h \
 base/memory.h base/text.h
base/banned.h:
admin/export_format.h:
storage/bundle.h:
base/arena.h:
base/digest.h:
storage/store.h:
admin/export_output.h:
admin/export_pick.h:
upstreams/manifest.h:
base/buf.h:
base/digest_set.h:
base/json.h:
base/memory.h:
base/text.h:
