build2/obj/base/counters.o: base/counters.c base/banned.h base/counters.h \
 base/buf.h
base/banned.h:
base/counters.h:
base/buf.h:
