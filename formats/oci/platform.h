/* Platforms of images, "os/architecture[/variant]" (OCI image specification, "Image index", platform). */
#ifndef FORMATS_OCI_PLATFORM_H
#define FORMATS_OCI_PLATFORM_H

#include <stdbool.h>

bool image_platform_valid(const char *text);
/* The platform of this machine: "linux/amd64". */
const char *image_platform_here(void);
/* How well an image for `offered` runs on `wanted`: the higher the better, -1 not at all. As in containerd,
 * an older variant of arm or amd64 will do, and no variant means v7 for arm, v8 for arm64, v1 for amd64. */
int image_platform_rank(const char *wanted, const char *offered);

#endif
