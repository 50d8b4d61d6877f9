build2/obj/base/digest.o: base/digest.c base/banned.h base/digest.h \
 base/check.h base/memory.h base/text.h
base/banned.h:
base/digest.h:
base/check.h:
base/memory.h:
base/text.h:
