/* Archives of `docker save`, `podman save` and `skopeo copy docker-archive:`. */
#ifndef ADMIN_TRANSFER_IMPORT_DOCKER_H
#define ADMIN_TRANSFER_IMPORT_DOCKER_H

struct buf;
struct import_images;
struct import_plan;

/* Reads the manifest.json of plan->foreign: the images that it names, with a manifest made for each, and what
 * their blobs are. Returns 0, or -1 with a sentence in `error`. */
int import_docker_read(struct import_plan *plan, struct import_images *out, struct buf *error);

#endif
