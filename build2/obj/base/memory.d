build2/obj/base/memory.o: base/memory.c base/banned.h base/memory.h \
 base/check.h
base/banned.h:
base/memory.h:
base/check.h:
