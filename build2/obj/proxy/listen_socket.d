build2/obj/proxy/listen_socket.o: proxy/listen_socket.c base/banned.h \
 proxy/listen_socket.h base/buf.h base/config.h base/memory.h base/text.h
base/banned.h:
proxy/listen_socket.h:
base/buf.h:
base/config.h:
base/memory.h:
base/text.h:
