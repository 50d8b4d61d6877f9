build2/obj/proxy/listener.o: proxy/listener.c base/banned.h \
 proxy/listener.h base/buf.h base/check.h base/clock.h base/config.h \
 base/counters.h base/log.h base/memory.h proxy/listen_socket.h
base/banned.h:
proxy/listener.h:
base/buf.h:
base/check.h:
base/clock.h:
base/config.h:
base/counters.h:
base/log.h:
base/memory.h:
proxy/listen_socket.h:
