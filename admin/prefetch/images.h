/* Which manifests and blobs of container images the lists mean. */
#ifndef ADMIN_PREFETCH_IMAGES_H
#define ADMIN_PREFETCH_IMAGES_H

struct prefetch;

/* Adds them to the run's items, for each platform. Failures are reported. */
void prefetch_plan_images(struct prefetch *prefetch);

#endif
