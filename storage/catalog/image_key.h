/* Names of images and of what belongs to them, as the store's keys spell them:
 *
 *   image name      "docker.io/library/nginx"                registry and repository
 *   tag             "docker.io/library/nginx:1.27"
 *   manifest, blob  "docker.io/library/nginx@sha256:..."
 *
 * The registry may have a port ("localhost:5000/app"). */
#ifndef STORAGE_CATALOG_IMAGE_KEY_H
#define STORAGE_CATALOG_IMAGE_KEY_H

#include <stddef.h>

struct buf;

/* "docker.io/library/nginx@sha256:..." taken apart; pointers into the key. */
struct image_key_parts {
    size_t registry_len;
    const char *repository;
    size_t repository_len;
    const char *reference; /* tag or digest, "" if there is none */
};

struct image_key_parts image_key_split(const char *key);
/* Its tag or digest. */
const char *image_key_reference(const char *key);
/* Appends its image name. */
void image_key_name(const char *key, struct buf *out);

#endif
