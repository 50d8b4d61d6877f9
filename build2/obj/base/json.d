build2/obj/base/json.o: base/json.c base/banned.h base/json.h base/buf.h
base/banned.h:
base/json.h:
base/buf.h:
