build2/obj/base/clock.o: base/clock.c base/banned.h base/clock.h \
 base/memory.h
base/banned.h:
base/clock.h:
base/memory.h:
