build2/obj/admin/command.o: admin/command.c base/banned.h admin/command.h
base/banned.h:
admin/command.h:
