/* Heads of manifests: what an upstream says of a manifest without sending it. */
#ifndef PROXY_REGISTRY_HEAD_H
#define PROXY_REGISTRY_HEAD_H

#include "formats/oci/manifest.h"
#include "proxy/document/document.h"
#include "proxy/registry/image.h"

struct manifest_head {
    struct shared shared;
    enum manifest_kind kind;
    char *media_type;
    int64_t size_bytes;
    char *digest;   /* as text */
    char *previous; /* what it was before; "" if it was never another */
};
/* Documents by "<image name>@<digest>", for clients that ask for the head of a manifest that is not held. In
 * memory only. */
extern const struct document_kind manifest_head_kind;

/* The content of a document of heads. */
const struct manifest_head *manifest_head_of(const struct document *document);
/* The head_suffices() and parse() of document kinds whose content is a struct manifest_head. */
bool manifest_head_suffices(const struct document_source *source);
struct shared *manifest_head_parse(const struct document_source *source, const char *key, int64_t *cost_bytes,
                                   struct buf *error);

/* Answers HEAD with what a document of heads tells; clearly refuses schema 1. `what` is for people. */
enum MHD_Result registry_respond_head(struct request *request, const struct image *image,
                                      const struct document *document, const char *what);

#endif
