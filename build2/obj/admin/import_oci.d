build2/obj/admin/import_oci.o: admin/import_oci.c base/banned.h \
 admin/import_image.h admin/import_plan.h admin/foreign.h base/digest.h \
 storage/bundle.h base/arena.h storage/store.h base/buf.h base/json.h \
 base/memory.h upstreams/image.h upstreams/manifest.h
base/banned.h:
admin/import_image.h:
admin/import_plan.h:
admin/foreign.h:
base/digest.h:
storage/bundle.h:
base/arena.h:
storage/store.h:
base/buf.h:
base/json.h:
base/memory.h:
upstreams/image.h:
upstreams/manifest.h:
