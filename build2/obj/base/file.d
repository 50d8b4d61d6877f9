build2/obj/base/file.o: base/file.c base/banned.h base/file.h base/buf.h \
 base/memory.h
base/banned.h:
base/file.h:
base/buf.h:
base/memory.h:
