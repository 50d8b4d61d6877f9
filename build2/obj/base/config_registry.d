build2/obj/base/config_registry.o: base/config_registry.c base/banned.h \
 base/config_registry.h base/buf.h base/config.h base/memory.h
base/banned.h:
base/config_registry.h:
base/buf.h:
base/config.h:
base/memory.h:
