/* Platforms of images, "os/architecture[/variant]" (OCI image specification, "Image index", platform). */
#ifndef FORMATS_OCI_PLATFORM_H
#define FORMATS_OCI_PLATFORM_H

#include <stdbool.h>

bool image_platform_valid(const char *text);
/* The platform of a machine that uname(2) calls so: "x86_64" is "linux/amd64". An unknown name is taken for
 * the most common one. */
const char *image_platform_of_machine(const char *machine);
/* How well an image for `offered` runs on `wanted`: the higher the better, -1 not at all. As in containerd,
 * an older variant of arm or amd64 will do, and no variant means v7 for arm, v8 for arm64, v1 for amd64. */
int image_platform_rank(const char *wanted, const char *offered);

#endif
