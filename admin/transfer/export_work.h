/* The data that the conversions of an export share: the bundle that is read, the counts, and the messages.
 *
 *     export_format.c    starts the thread, and calls one of
 *     export_image.c     images, as an OCI layout or a docker archive
 *     export_wheels.c    wheels and sdists, as a folder
 */
#ifndef ADMIN_TRANSFER_EXPORT_WORK_H
#define ADMIN_TRANSFER_EXPORT_WORK_H

#include <stdint.h>

#include "admin/transfer/bundle.h"

struct buf;
struct export_output;

/* Counts of what was written, for people and --json. */
struct export_written {
    int64_t files; /* wheels and sdists; or blobs */
    int64_t bytes;
};

/* All of it belongs to the caller of a conversion, and to the thread that the conversion runs on. */
struct export_work {
    const char *destination;
    const char *platform; /* NULL: none was named */
    struct bundle_reader *reader;
    const struct bundle_content *content; /* the reader's */
    struct export_written written;
    struct buf *notes; /* gets sentences for people, a line each */
    struct buf *error;
};

/* Writes the blob that the reader is at as a file of this name; name NULL: reads past it. Returns 0, or -1
 * with a sentence in work->error. */
int export_write_blob(struct export_work *work, struct export_output *output, const char *name,
                      const struct bundle_blob *blob);

#endif
