build2/obj/base/text.o: base/text.c base/banned.h base/text.h base/buf.h
base/banned.h:
base/text.h:
base/buf.h:
