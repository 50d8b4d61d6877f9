/* The manifest of a bundle as text (admin/transfer/bundle.h). Private to bundles. */
#ifndef ADMIN_TRANSFER_BUNDLE_MANIFEST_H
#define ADMIN_TRANSFER_BUNDLE_MANIFEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

struct bundle_content;
struct digest;

#define BUNDLE_MANIFEST_NAME_BYTES 79 /* manifest-<64 hex>.jsonl */
#define BUNDLE_MANIFEST_PREFIX "manifest-"

/* The name of the member. */
void bundle_manifest_name(const struct digest *digest, char out[BUNDLE_MANIFEST_NAME_BYTES + 1]);

/* Calls `write` for each line, its end included. Always makes the same bytes of the same content. Returns 0,
 * or what `write` returned. */
int bundle_manifest_write(const struct bundle_content *content,
                          int (*write)(void *arg, const void *data, size_t len), void *arg);

/* Reads it in pieces, as they come, into the content. */
struct bundle_manifest_parser {
    struct bundle_content *content;
    struct buf line; /* the beginning of one */
    uint64_t lines;
    int64_t blobs, entries, bytes; /* as the first line promises */
    struct buf error;              /* of the first bad line; nothing after it is looked at */
};
void bundle_manifest_parser_init(struct bundle_manifest_parser *parser, struct bundle_content *content);
void bundle_manifest_parser_release(struct bundle_manifest_parser *parser);
void bundle_manifest_feed(struct bundle_manifest_parser *parser, const char *data, size_t len);
/* Returns 0, or -1 with what is wrong appended to `error`: the rest of a sentence. */
int bundle_manifest_end(struct bundle_manifest_parser *parser, struct buf *error);

#endif
