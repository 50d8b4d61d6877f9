build2/obj/upstreams/toml.o: upstreams/toml.c base/banned.h \
 upstreams/toml.h base/buf.h base/check.h base/json.h base/memory.h \
 base/text.h upstreams/toml_internal.h upstreams/scan.h
base/banned.h:
upstreams/toml.h:
base/buf.h:
base/check.h:
base/json.h:
base/memory.h:
base/text.h:
upstreams/toml_internal.h:
upstreams/scan.h:
