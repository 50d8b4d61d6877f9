build2/obj/base/log.o: base/log.c base/banned.h base/log.h base/buf.h
base/banned.h:
base/log.h:
base/buf.h:
