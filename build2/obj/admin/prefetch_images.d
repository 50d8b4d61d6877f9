build2/obj/admin/prefetch_images.o: admin/prefetch_images.c base/banned.h \
 admin/image_platform.h admin/prefetch.h base/buf.h upstreams/list.h \
 base/arena.h base/digest.h upstreams/requirement.h upstreams/specifier.h \
 upstreams/version.h upstreams/python_target.h upstreams/marker.h \
 base/json.h base/memory.h base/text.h upstreams/client.h \
 upstreams/image.h upstreams/manifest.h
base/banned.h:
admin/image_platform.h:
admin/prefetch.h:
base/buf.h:
upstreams/list.h:
base/arena.h:
base/digest.h:
upstreams/requirement.h:
upstreams/specifier.h:
upstreams/version.h:
upstreams/python_target.h:
upstreams/marker.h:
base/json.h:
base/memory.h:
base/text.h:
upstreams/client.h:
upstreams/image.h:
upstreams/manifest.h:
