/* The record of a prefetch list of mirror.conf: the entries that it needs. `pin = prefetch:NAME` spares
 * them, `yizhan show` counts how many are held, and `yizhan export` exports them. A blob of text with one
 * line "SHA256 SPACE KEY" for each entry, with the digest that it had ("-": none); named itself by the
 * entry of SPACE_PREFETCH whose key is the list's name. Written by the scheduled prefetch. */
#ifndef STORAGE_CATALOG_PREFETCH_RECORD_H
#define STORAGE_CATALOG_PREFETCH_RECORD_H

#include <stdbool.h>

#include "base/digest.h"
#include "storage/catalog/spaces.h"

struct buf;
struct entry;
struct store;

/* Half a million entries. */
#define PREFETCH_RECORD_MAX_BYTES (64 * 1024 * 1024)

/* A [prefetch "..."] section of mirror.conf may have this name. */
bool prefetch_list_valid(const char *name);

/* An entry that the list needs: a page, a file, its metadata, a tag, a manifest, an image's blob. */
struct prefetch_need {
    const char *space;
    const char *key;
    bool has_digest;
    struct digest digest; /* at that time: pages change, tags move */
};

/* Appends the line of one name to a record. */
void prefetch_record_add(struct buf *record, const struct prefetch_need *need);
/* Replaces the list's record. Returns 0, or
 * negative errno when it cannot be written; `done` (may be NULL) runs on the store thread when it is
 * durable, or has failed, and only after 0. */
int prefetch_record_put(struct store *store, const char *list, const struct buf *record,
                        void (*done)(void *arg, int error), void *arg);
/* Calls `visit` for each entry of the record, until it returns non-zero. Returns that, 0; -ENOENT without
 * a record; or negative errno. Any thread; counts as no use. */
int prefetch_record_each(struct store *store, const char *list,
                         int (*visit)(void *arg, const struct prefetch_need *need), void *arg);

#endif
