build2/obj/base/arena.o: base/arena.c base/banned.h base/arena.h \
 base/memory.h
base/banned.h:
base/arena.h:
base/memory.h:
