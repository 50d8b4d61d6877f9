/* Where upstreams keep the thing that a key of the store names, and the rules that all documents of
 * registries share. Keys begin with an image name (storage/catalog/image_key.h). */
#ifndef PROXY_REGISTRY_SOURCE_H
#define PROXY_REGISTRY_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "proxy/document/document.h"

struct candidate_list;

/* Appends for each upstream of the registry its URL of `path` ("manifests/1.27") below the repository of
 * `key`, which is an image name, perhaps with a tag or digest. resolving: only upstreams that know what is
 * new. */
void registry_candidates(const struct site *site, const char *key, const char *path, bool resolving,
                         struct candidate_list *out);
/* For the kinds of documents that are manifests: where they are, by digest everywhere, by tag where tags are
 * new. */
void registry_manifest_candidates(const struct site *site, const char *key, struct candidate_list *out);
/* For the kinds of documents: times of the key's registry ... */
struct document_times registry_times(const struct site *site, const char *key);
/* ... and of what never changes there. */
struct document_times registry_immutable_times(const struct site *site, const char *key);

#endif
