build2/obj/proxy/status.o: proxy/status.c base/banned.h proxy/status.h \
 base/buf.h base/counters.h base/text.h base/version.h
base/banned.h:
proxy/status.h:
base/buf.h:
base/counters.h:
base/text.h:
base/version.h:
