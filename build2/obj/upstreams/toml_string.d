build2/obj/upstreams/toml_string.o: upstreams/toml_string.c base/banned.h \
 upstreams/toml_internal.h upstreams/scan.h upstreams/toml.h base/buf.h \
 base/text.h
base/banned.h:
upstreams/toml_internal.h:
upstreams/scan.h:
upstreams/toml.h:
base/buf.h:
base/text.h:
