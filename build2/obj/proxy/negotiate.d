build2/obj/proxy/negotiate.o: proxy/negotiate.c base/banned.h \
 proxy/negotiate.h base/text.h
base/banned.h:
proxy/negotiate.h:
base/text.h:
