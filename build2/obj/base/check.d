build2/obj/base/check.o: base/check.c base/banned.h base/check.h
base/banned.h:
base/check.h:
