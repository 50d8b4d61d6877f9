build2/obj/admin/import_wheels.o: admin/import_wheels.c base/banned.h \
 admin/import_wheels.h admin/import_plan.h admin/foreign.h base/digest.h \
 storage/bundle.h base/arena.h storage/store.h base/buf.h base/clock.h \
 base/json.h base/memory.h base/text.h proxy/holding_version.h \
 upstreams/specifier.h upstreams/version.h proxy/page_merge.h \
 proxy/image_entries.h upstreams/manifest.h proxy/pypi.h proxy/document.h \
 base/lock.h proxy/memcache.h proxy/proxy.h base/config.h proxy/request.h \
 proxy/fill.h proxy/stream.h upstreams/fetch.h proxy/target.h \
 upstreams/page.h proxy/wheel.h upstreams/metadata.h \
 upstreams/requirement.h upstreams/project.h upstreams/wheel_tag.h \
 upstreams/word_list.h
base/banned.h:
admin/import_wheels.h:
admin/import_plan.h:
admin/foreign.h:
base/digest.h:
storage/bundle.h:
base/arena.h:
storage/store.h:
base/buf.h:
base/clock.h:
base/json.h:
base/memory.h:
base/text.h:
proxy/holding_version.h:
upstreams/specifier.h:
upstreams/version.h:
proxy/page_merge.h:
proxy/image_entries.h:
upstreams/manifest.h:
proxy/pypi.h:
proxy/document.h:
base/lock.h:
proxy/memcache.h:
proxy/proxy.h:
base/config.h:
proxy/request.h:
proxy/fill.h:
proxy/stream.h:
upstreams/fetch.h:
proxy/target.h:
upstreams/page.h:
proxy/wheel.h:
upstreams/metadata.h:
upstreams/requirement.h:
upstreams/project.h:
upstreams/wheel_tag.h:
upstreams/word_list.h:
