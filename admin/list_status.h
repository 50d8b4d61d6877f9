/* How many of the blobs that a prefetch list needs are held: for ls and show. */
#ifndef ADMIN_LIST_STATUS_H
#define ADMIN_LIST_STATUS_H

#include <jansson.h>

struct buf;
struct operation_call;

/* Emits {"type":"list","name":...,"needed":n,"held":n,"missing":n,"bytes":n,"used_at":n}. Returns 0,
 * -EPIPE when nobody listens any longer, or negative errno. */
int list_emit(struct operation_call *call, const char *name);
/* Appends the object that list_emit() emits as a sentence for people. */
void list_print(const json_t *list, struct buf *out);

#endif
