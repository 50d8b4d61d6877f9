build2/obj/proxy/range.o: proxy/range.c base/banned.h proxy/range.h \
 base/text.h
base/banned.h:
proxy/range.h:
base/text.h:
