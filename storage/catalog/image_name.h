/* Which image a name means that people or clients write: "nginx", "library/nginx", "ghcr.io/owner/app". One
 * rule for commands and for requests, so that `purge docker:nginx` is about what `docker pull HOST/nginx`
 * asked for. */
#ifndef STORAGE_CATALOG_IMAGE_NAME_H
#define STORAGE_CATALOG_IMAGE_NAME_H

#include <stddef.h>

struct buf;
struct config;
struct registry_config;

/* The registry that a name means. */
struct image_registry {
    /* into the configuration or the text; NULL: the text names none, and none is the default */
    const char *name;
    size_t name_len;
    const struct registry_config *config; /* NULL: mirror.conf does not have it */
    size_t skip;                          /* where in the text the repository begins */
};

/* By the first of these that fits: what precedes the first "/" is the name of a registry of mirror.conf;
 * `otherwise` (the registry that the client addressed, NULL: none); what precedes the first "/" looks like a
 * registry; the default. */
struct image_registry image_registry_of(const struct config *config, const char *text, size_t len,
                                        const struct registry_config *otherwise);
/* The registry of this name in mirror.conf, or NULL. */
const struct registry_config *image_registry_find(const struct config *config, const char *name, size_t len);

/* Appends the image name (image_key.h). "nginx" of docker.io is "library/nginx". */
void image_name_print(const char *registry, size_t registry_len, const char *repository, size_t len,
                      struct buf *out);

#endif
