/* Names of images and of what belongs to them, as the store's keys spell them:
 *
 *   image name             "docker.io/library/nginx"               registry and repository
 *   tag                    "docker.io/library/nginx:1.27"
 *   manifest, blob, ...    "docker.io/library/nginx@sha256:..."
 *
 * The registry may have a port ("localhost:5000/app"). Written by the handlers of proxy/registry/, by
 * prefetch and by the import of images; taken apart by whoever asks an upstream for what a key names. */
#ifndef STORAGE_CATALOG_IMAGE_KEY_H
#define STORAGE_CATALOG_IMAGE_KEY_H

#include <stdbool.h>
#include <stddef.h>

struct buf;

/* Heap memory. The digest is spelt as in "sha256:...". */
char *image_key_of_tag(const char *image_name, const char *tag);
char *image_key_of_digest(const char *image_name, const char *digest);

/* A key taken apart; pointers into it. An image name alone is one too. */
struct image_key_parts {
    size_t registry_len; /* the key begins with the registry */
    const char *repository;
    size_t repository_len;
    const char *reference; /* tag or digest; "" in an image name */
};

struct image_key_parts image_key_split(const char *key);
/* Its tag or digest. */
const char *image_key_reference(const char *key);
bool image_key_has_digest(const char *key);
/* Appends its image name. */
void image_key_name(const char *key, struct buf *out);

#endif
