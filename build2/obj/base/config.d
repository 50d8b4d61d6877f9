build2/obj/base/config.o: base/config.c base/banned.h base/config.h \
 base/buf.h base/check.h base/config_registry.h base/config_table.h \
 base/config_value.h base/file.h base/memory.h base/text.h
base/banned.h:
base/config.h:
base/buf.h:
base/check.h:
base/config_registry.h:
base/config_table.h:
base/config_value.h:
base/file.h:
base/memory.h:
base/text.h:
