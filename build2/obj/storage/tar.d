build2/obj/storage/tar.o: storage/tar.c base/banned.h storage/tar.h \
 base/check.h
base/banned.h:
storage/tar.h:
base/check.h:
