/* Which registry and repository a request means: by ?ns= (containerd), by the first segment of the path, or
 * by the Host header; else the default registry (storage/catalog/image_name.h). */
#ifndef PROXY_REGISTRY_IMAGE_H
#define PROXY_REGISTRY_IMAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "proxy/core/proxy.h"
#include "proxy/http/request.h"

/* The image that a request is about. */
struct image {
    const struct registry *registry;
    char *name; /* "docker.io/library/nginx" (image_key.h); heap */
    bool ns;    /* the registry was named by ?ns= */
};
#define IMAGE_INIT        \
    {                     \
        NULL, NULL, false \
    }
#define CLEANUP_IMAGE __attribute__((cleanup(image_release)))

/* Reads registry and repository of the request, whose path has `after` segments after the repository. Returns
 * 0, or -1 after answering (*answered) where it names none that is served here. */
int image_of_request(struct request *request, size_t after, struct image *out, enum MHD_Result *answered);
void image_release(struct image *image);

#endif
