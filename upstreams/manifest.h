/* What upstreams say about images: manifests, indexes, lists of tags. Docker "Image Manifest Version 2, Schema 2",
 * OCI image specification 1.1 (manifest, index, artifact). Bodies are hostile: their size is limited by the caller,
 * nesting and counts here. Values are shared (struct fields are plain, freed by the *_release()). */
#ifndef UPSTREAMS_MANIFEST_H
#define UPSTREAMS_MANIFEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/digest.h"

struct buf;

#define MANIFEST_MAX_BYTES (4 * 1024 * 1024)
#define MANIFEST_MAX_DESCRIPTORS 4096
#define MANIFEST_MAX_DEPTH 32

/* Every media type that is asked for, as one Accept value. */
extern const char manifest_accept[];

enum manifest_kind {
    MANIFEST_IMAGE,   /* config and layers: Docker schema 2, OCI manifest, OCI artifact (its blobs) */
    MANIFEST_INDEX,   /* other manifests: Docker list, OCI index */
    MANIFEST_SCHEMA1, /* refused: its digest is not that of its bytes */
    MANIFEST_OTHER,   /* no media type of a manifest */
};
/* By media type; parameters after ";" do not count. */
enum manifest_kind manifest_kind_of(const char *media_type);

struct descriptor {
    char *media_type;
    struct checksum digest;
    int64_t size_bytes;
    bool is_manifest;    /* in an index, or a subject; else a blob */
    bool elsewhere;      /* has "urls": foreign layers that registries do not hold */
    char *artifact_type; /* NULL: none */
    char *platform;      /* "linux/arm64/v8"; NULL: none */
};

struct manifest {
    enum manifest_kind kind;
    char *media_type;    /* what it is served as, without parameters */
    char *artifact_type; /* NULL: none */
    struct descriptor
        *descriptors; /* config first, then layers; or the manifests of an index. Without `subject` */
    size_t descriptor_count;
};

/* Reads one. `content_type` is the answer's header: its type counts where it is a manifest's, else the body's own
 * mediaType, else what its fields look like. Returns 0; -1 with the end of a sentence in `error` ("is HTML", "nests
 * deeper than 32 levels", "is a schema 1 manifest ..."). */
int manifest_parse(const char *body, size_t len, const char *content_type, struct manifest *out,
                   struct buf *error);
void manifest_release(struct manifest *manifest);

/* {"name": ..., "tags": [...]}, any number of such documents one after the other (pages of one list). The tags are
 * valid, sorted by bytes, each once. "tags": null is an empty list. Returns 0; -1 with the end of a sentence. */
#define TAG_LIST_MAX_TAGS 500000
struct tag_list {
    char **tags;
    size_t count;
    char *memory;
};
int tag_list_parse(const char *body, size_t len, struct tag_list *out, struct buf *error);
void tag_list_release(struct tag_list *list);

#endif
