/* What a prefetch list of mirror.conf needs: the record by which `pin = prefetch:NAME` spares it, `yizhan
 * show` tells what of it is held and `yizhan export` knows what belongs to it. A blob of text, for each
 * name of the store one line "SHA256 SPACE KEY", with the digest that it had ("-": none); itself named by
 * the entry of space "prefetch" whose key is the name of the list. */
#ifndef STORAGE_CATALOG_PREFETCH_RECORD_H
#define STORAGE_CATALOG_PREFETCH_RECORD_H

#include <stdbool.h>

#include "base/digest.h"
#include "storage/catalog/spaces.h"

struct buf;
struct entry;
struct store;

/* Half a million names. */
#define PREFETCH_RECORD_MAX_BYTES (64 * 1024 * 1024)

/* A section of mirror.conf may have this name. */
bool prefetch_list_valid(const char *name);

/* A name that the list needs: a page, a file, its metadata, a tag, a manifest, a blob of an image. */
struct prefetch_need {
    const char *space;
    const char *key;
    bool has_digest;
    struct digest digest; /* when it was noted: pages change, tags move */
};

/* Appends the line of one name to a record. */
void prefetch_record_add(struct buf *record, const struct prefetch_need *need);
/* Notes all that the list needs by now, held or not. Replaces what was noted before. Returns 0, or
 * negative errno when the disk does not take it; `done` (may be NULL) runs on the store thread when it is
 * durable, or has failed, and only after 0. */
int prefetch_record_put(struct store *store, const char *list, const struct buf *record,
                        void (*done)(void *arg, int error), void *arg);
/* Calls `visit` for each name, until it returns non-zero. Returns that, 0; -ENOENT when nothing is noted;
 * or negative errno. Any thread; no use of anything. */
int prefetch_record_each(struct store *store, const char *list,
                         int (*visit)(void *arg, const struct prefetch_need *need), void *arg);

#endif
