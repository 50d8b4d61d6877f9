/* What a prefetch list of mirror.conf needs: the record by which `pin = prefetch:NAME` spares it and `yizhan show` tells
 * what of it is held. A blob of text, one lower-case SHA-256 a line in order, then "tag KEY" for each tag of an image that
 * the list names; itself named by the entry of space "prefetch" whose key is the name of the list. */
#ifndef PROXY_PREFETCH_RECORD_H
#define PROXY_PREFETCH_RECORD_H

#include <stdbool.h>

#include "base/digest.h"

struct digest_set;
struct store;
struct word_list;

#define SPACE_PREFETCH "prefetch"
/* A million blobs. */
#define PREFETCH_RECORD_MAX_BYTES (64 * 1024 * 1024)

/* A section of mirror.conf may have this name. */
bool prefetch_list_valid(const char *name);

/* Notes all that the list needs by now, held or not: files, their metadata, manifests and the blobs of images; and the
 * keys of its tags (NULL: none), which may point elsewhere later. Replaces what was noted before. Returns 0, or negative errno when the disk does not take it; `done` (may be NULL) runs on the
 * store thread when it is durable, or has failed, and only after 0. */
int prefetch_record_put(struct store *store, const char *list, const struct digest_set *needed,
                        const struct word_list *tags, void (*done)(void *arg, int error), void *arg);
/* Calls `visit` for each of them. Returns 0; -ENOENT when nothing is noted; or negative errno. Any thread; no use of
 * anything. */
int prefetch_record_each(struct store *store, const char *list,
                         void (*visit)(void *arg, const struct digest *digest), void *arg);
/* The same, adding the keys of its tags to a list. */
int prefetch_record_tags(struct store *store, const char *list, struct word_list *out);

#endif
