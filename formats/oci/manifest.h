/* Manifests and indexes of images, as upstreams send them. Docker "Image Manifest Version 2, Schema 2", OCI
 * image specification 1.1 (manifest, index) and the artifact manifest of its release candidates. Bodies are
 * hostile: their size is limited by the caller, nesting and counts here. Pure functions. */
#ifndef FORMATS_OCI_MANIFEST_H
#define FORMATS_OCI_MANIFEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/digest.h"

struct buf;

#define MANIFEST_MAX_BYTES (4 * 1024 * 1024)
#define MANIFEST_MAX_DESCRIPTORS 4096
#define MANIFEST_MAX_DEPTH 32
/* Indexes inside each other that are followed. Real ones have one level; a hostile one may name itself. */
#define MANIFEST_MAX_LEVELS 3
/* Of one descriptor: the sizes of a whole manifest can be added up without an overflow. */
#define MANIFEST_MAX_BLOB_BYTES ((int64_t)1 << 50)
#define MEDIA_TYPE_MAX_BYTES 255

/* All requested media types as one Accept value. */
extern const char manifest_accept[];

enum manifest_kind {
    MANIFEST_IMAGE,   /* config and layers: Docker schema 2, OCI manifest, OCI artifact (its blobs) */
    MANIFEST_INDEX,   /* other manifests: Docker list, OCI index */
    MANIFEST_SCHEMA1, /* refused: its digest is not that of its bytes */
    MANIFEST_OTHER,   /* not the media type of a manifest */
};
/* By media type, in any case; parameters after ";" are ignored. NULL is MANIFEST_OTHER. */
enum manifest_kind manifest_kind_of(const char *media_type);

/* Media types here are type "/" subtype of HTTP tokens, perhaps with parameters of printable ASCII, at most
 * MEDIA_TYPE_MAX_BYTES: they can be put into a header. */
struct descriptor {
    char *media_type; /* NULL: not said */
    struct checksum digest;
    int64_t size_bytes;  /* 0 .. MANIFEST_MAX_BLOB_BYTES */
    bool is_manifest;    /* to be requested as one; else as a blob, even in an index (caches of BuildKit) */
    bool elsewhere;      /* has "urls": foreign layers that registries do not hold */
    char *artifact_type; /* NULL: none */
    char *platform; /* "linux/arm64/v8", "unknown/unknown" (attestations); NULL: none, or not plain words */
};

struct manifest {
    enum manifest_kind kind; /* MANIFEST_IMAGE or MANIFEST_INDEX */
    char *media_type;        /* the Content-Type to serve it with, without parameters. Never NULL */
    char *artifact_type;     /* NULL: none */
    /* Config first, then layers; or an artifact's blobs; or the manifests of an index. A digest that is named
     * twice is here twice. Without `subject`, which need not exist. */
    struct descriptor *descriptors;
    size_t descriptor_count;
};

/* Reads one. `content_type` is the answer's header, or NULL: its type wins if it is a manifest's, else the
 * body's own mediaType, else what its fields look like. The fields must fit both types where they are known,
 * and not be both an image's and an index's, which clients would read differently. Returns 0; -1 with the end
 * of a sentence in `error` ("is HTML ...", "nests deeper than 32 levels", "is a schema 1 manifest ..."), *out
 * empty. */
int manifest_parse(const char *body, size_t len, const char *content_type, struct manifest *out,
                   struct buf *error);
#define CLEANUP_MANIFEST __attribute__((cleanup(manifest_release)))
void manifest_release(struct manifest *manifest);

#endif
