build2/obj/proxy/candidate_list.o: proxy/candidate_list.c base/banned.h \
 proxy/candidate_list.h base/arena.h upstreams/fetch.h base/memory.h
base/banned.h:
proxy/candidate_list.h:
base/arena.h:
upstreams/fetch.h:
base/memory.h:
