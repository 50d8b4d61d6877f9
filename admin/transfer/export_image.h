/* Images out of a bundle. */
#ifndef ADMIN_TRANSFER_EXPORT_IMAGE_H
#define ADMIN_TRANSFER_EXPORT_IMAGE_H

#include <stdbool.h>

struct export_work;

/* Writes the images of a bundle: as an archive for `docker load`, or as an OCI layout, in a folder unless the
 * destination ends in ".tar". Returns 0, or -1 with a sentence in work->error. */
int export_image_convert(struct export_work *work, bool docker);

#endif
