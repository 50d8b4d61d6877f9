build2/obj/admin/main.o: admin/main.c base/banned.h admin/command.h \
 base/buf.h base/clock.h base/config.h base/version.h
base/banned.h:
admin/command.h:
base/buf.h:
base/clock.h:
base/config.h:
base/version.h:
