build2/obj/base/config_value.o: base/config_value.c base/banned.h \
 base/config_value.h base/buf.h base/config.h base/memory.h base/text.h
base/banned.h:
base/config_value.h:
base/buf.h:
base/config.h:
base/memory.h:
base/text.h:
