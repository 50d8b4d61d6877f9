/* Manifests by digest, as documents. Their handler is in registry.h. */
#ifndef PROXY_REGISTRY_MANIFEST_H
#define PROXY_REGISTRY_MANIFEST_H

#include "proxy/document/document.h"
#include "proxy/registry/image.h"

/* Documents by "<image name>@<digest>". */
extern const struct document_kind manifest_kind;

/* Answers with a manifest that was found. */
enum MHD_Result registry_respond_manifest(struct request *request, const struct image *image,
                                          struct document *document);

#endif
