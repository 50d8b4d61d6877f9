build2/obj/proxy/prefetch_record.o: proxy/prefetch_record.c base/banned.h \
 proxy/prefetch_record.h base/digest.h base/buf.h base/clock.h \
 base/config_value.h base/memory.h base/text.h storage/keep.h \
 storage/store.h
base/banned.h:
proxy/prefetch_record.h:
base/digest.h:
base/buf.h:
base/clock.h:
base/config_value.h:
base/memory.h:
base/text.h:
storage/keep.h:
storage/store.h:
