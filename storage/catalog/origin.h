/* The attributes of the store's entries: where what they name came from.
 *
 * Documents (page, list, json, tag, manifest, tags, referrers) keep the members of struct origin, one a line.
 * Bytes that were fetched by their name (file, metadata, blob) keep the upstream's name alone, without a line
 * break (entry_of_bytes() in spaces.h). Records of prefetch have none.
 *
 * Written by the fills of documents and bytes, and by imports; read by the fills of documents, which need
 * the validators and the base of relative links, by page_merge, by `yizhan show` and by exports. */
#ifndef STORAGE_CATALOG_ORIGIN_H
#define STORAGE_CATALOG_ORIGIN_H

#include <stdbool.h>
#include <stdint.h>

struct buf;
struct entry;

/* In place of an upstream's name, where an entry was brought by `yizhan import`. No upstream in
 * mirror.conf can have this name. */
#define IMPORTED "(imported)"

/* Of a document. Strings are heap memory, or NULL for "". */
struct origin {
    char *upstream; /* its name */
    char *url;
    char *content_type;
    char *etag;
    char *last_modified;
    /* Only of heads: documents of which only the head was asked for (tags). */
    char *digest;       /* Docker-Content-Digest, "" if it was not sent */
    char *previous;     /* the digest before it last changed, "" if it never did */
    int64_t size_bytes; /* not in the attributes: the entry has it; -1: unknown */
};

#define ORIGIN_INIT      \
    {                    \
        .size_bytes = -1 \
    }

/* Appends the attributes; head: with digest and previous. */
void origin_print(const struct origin *origin, bool head, struct buf *out);
/* Reads them into members that are NULL. Returns 0, or -1 with as much as could be read. */
int origin_parse(const char *attributes, bool head, struct origin *out);
/* Frees the strings and leaves ORIGIN_INIT. */
void origin_release(struct origin *origin);

/* Of an entry of any space: the upstream's name and the URL, each may be "". Heap memory. */
void origin_of_entry(const struct entry *entry, char **upstream, char **url);

#endif
