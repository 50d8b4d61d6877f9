build2/obj/tests/unit/support/resolver.o: tests/unit/support/resolver.c \
 base/banned.h tests/unit/support/resolver.h base/text.h
base/banned.h:
tests/unit/support/resolver.h:
base/text.h:
