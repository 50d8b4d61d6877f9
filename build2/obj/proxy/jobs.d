build2/obj/proxy/jobs.o: proxy/jobs.c base/banned.h proxy/jobs.h \
 base/check.h base/lock.h base/memory.h
base/banned.h:
proxy/jobs.h:
base/check.h:
base/lock.h:
base/memory.h:
