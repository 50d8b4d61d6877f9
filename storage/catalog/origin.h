/* Where a document that is held came from: the attributes of its entry, one member a line. */
#ifndef STORAGE_CATALOG_ORIGIN_H
#define STORAGE_CATALOG_ORIGIN_H

#include <stdbool.h>
#include <stdint.h>

struct buf;

/* Strings are heap memory, or NULL for "". */
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
/* Reads them into members that are NULL. Returns 0, or -1 with what was read so far. */
int origin_parse(const char *attributes, bool head, struct origin *out);
/* Frees the strings and leaves ORIGIN_INIT. */
void origin_release(struct origin *origin);

#endif
