build2/obj/upstreams/toml_scalar.o: upstreams/toml_scalar.c base/banned.h \
 base/buf.h base/text.h upstreams/toml_internal.h upstreams/scan.h \
 upstreams/toml.h
base/banned.h:
base/buf.h:
base/text.h:
upstreams/toml_internal.h:
upstreams/scan.h:
upstreams/toml.h:
