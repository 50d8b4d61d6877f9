build2/obj/base/lock.o: base/lock.c base/banned.h base/lock.h base/check.h
base/banned.h:
base/lock.h:
base/check.h:
