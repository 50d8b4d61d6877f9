build2/obj/base/buf.o: base/buf.c base/banned.h base/buf.h base/check.h \
 base/memory.h
base/banned.h:
base/buf.h:
base/check.h:
base/memory.h:
