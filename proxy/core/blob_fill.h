/* Filling one blob: from any of several upstreams into the store, while readers follow. */
#ifndef PROXY_CORE_BLOB_FILL_H
#define PROXY_CORE_BLOB_FILL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/digest.h"
#include "proxy/core/fill.h"
#include "proxy/core/proxy.h"

struct candidate_list;

struct blob_fill_options {
    const char *label; /* for the log: "file /packages/..." */
    struct fill_subject subject;
    const struct candidate_list *candidates;
    const struct checksum *checksum; /* of the bytes, as promised; NULL: not known */
    int64_t expected_bytes;          /* -1 unknown */
    int64_t max_bytes;               /* -1: no limit */
    /* The entry that names the blob once it is committed. */
    const char *space;
    const char *key;
    const char *scope;
    /* Its digest in the store, if it is there already; NULL: the one that the entry names. */
    const struct digest *stored;
    /* A last check of content without a known hash: false refuses it (an error page with status 200, say).
     * NULL: no check. */
    bool (*plausible)(const char *key, const char *start, size_t len);
    /* Runs on the jobs thread when the bytes are verified, before they are committed: fd is the whole file.
     * NULL: none. */
    void (*before_commit)(struct proxy *proxy, const char *key, const char *scope, int fd);
};

/* Joins the running fill of this key, or starts one: returns a reference. The fill is already done if the
 * blob has come into the store since the caller looked. Returns NULL if there is nowhere to fetch it from, or
 * too many fills are running. Options are copied. */
struct fill *blob_fill_join(struct proxy *proxy, const char *fill_key,
                            const struct blob_fill_options *options);

#endif
