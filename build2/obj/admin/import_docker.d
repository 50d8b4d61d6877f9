build2/obj/admin/import_docker.o: admin/import_docker.c base/banned.h \
 admin/import_image.h admin/import_plan.h admin/foreign.h base/digest.h \
 storage/bundle.h base/arena.h storage/store.h base/buf.h base/check.h \
 base/json.h base/memory.h base/text.h upstreams/manifest.h
base/banned.h:
admin/import_image.h:
admin/import_plan.h:
admin/foreign.h:
base/digest.h:
storage/bundle.h:
base/arena.h:
storage/store.h:
base/buf.h:
base/check.h:
base/json.h:
base/memory.h:
base/text.h:
upstreams/manifest.h:
