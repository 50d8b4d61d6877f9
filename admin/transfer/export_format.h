/* `yizhan export --format`: what the export operation sends is a bundle (admin/transfer/bundle.h); this makes
 * something else of it. The export sends manifests before all other blobs.
 *
 *     export_conversion_start(&options, &conversion, error)
 *     the export writes a bundle into export_conversion_take_fd(conversion), and closes it
 *     export_conversion_end(&conversion, whether all of it was sent, &written, notes, error) */
#ifndef ADMIN_TRANSFER_EXPORT_FORMAT_H
#define ADMIN_TRANSFER_EXPORT_FORMAT_H

#include <stdbool.h>

#include "admin/transfer/export_work.h"

struct buf;
struct export_conversion;

enum export_format { EXPORT_BUNDLE, EXPORT_OCI, EXPORT_DOCKER, EXPORT_WHEELS, EXPORT_FORMATS };
#define EXPORT_FORMAT_NAMES "bundle, oci, docker or wheels"
/* Finds a format by its name. Returns a negative number if there is no such format. */
int export_format_by_name(const char *name);

struct export_options {
    enum export_format format; /* not EXPORT_BUNDLE */
    /* OCI: a folder, unless it ends in ".tar". Docker: an archive. Wheels: a folder. */
    const char *destination;
    const char *platform; /* "linux/arm64"; NULL: all of an OCI layout's, a docker archive's only one */
};

/* Strings of the options must stay until the end. Returns 0, or -1 with a sentence in `error`. */
int export_conversion_start(const struct export_options *options, struct export_conversion **out,
                            struct buf *error);
int export_conversion_take_fd(struct export_conversion *conversion);
/* Waits for the end, and frees. whole: the export came to its end. Returns 0 with the destination in its
 * place; -1 with a sentence in `error`, which stays empty where all that failed is that the bundle had no
 * end: the export knows why. notes: gets sentences, a line each. */
int export_conversion_end(struct export_conversion **conversion, bool whole, struct export_written *out,
                          struct buf *notes, struct buf *error);

#endif
