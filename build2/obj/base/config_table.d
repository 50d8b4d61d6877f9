build2/obj/base/config_table.o: base/config_table.c base/banned.h \
 base/config_table.h base/buf.h base/check.h base/config.h \
 base/config_registry.h base/config_value.h base/memory.h base/text.h
base/banned.h:
base/config_table.h:
base/buf.h:
base/check.h:
base/config.h:
base/config_registry.h:
base/config_value.h:
base/memory.h:
base/text.h:
