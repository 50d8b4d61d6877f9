build2/obj/base/digest_set.o: base/digest_set.c base/banned.h \
 base/digest_set.h base/digest.h base/memory.h
base/banned.h:
base/digest_set.h:
base/digest.h:
base/memory.h:
