/* Copies one blob out of the bundle. No state. */
#include "admin/transfer/export_work.h"

#include "admin/transfer/export_output.h"
#include "base/memory.h"

#define COPY_BYTES (256 * 1024)

int export_write_blob(struct export_work *work, struct export_output *output, const char *name,
                      const struct bundle_blob *blob)
{
    char *CLEANUP_FREE piece = xmalloc(COPY_BYTES);
    ssize_t got;

    if (name && export_output_begin(output, name, blob->size_bytes, work->error) < 0)
        return -1;
    /* To its end even without a name: the reader compares the digest there, and wants all bytes before it
     * goes to the next blob. */
    while ((got = bundle_read_bytes(work->reader, piece, COPY_BYTES, work->error)) > 0)
        if (name && export_output_bytes(output, piece, (size_t)got, work->error) < 0)
            return -1;
    if (got < 0)
        return -1;
    work->written.bytes += name ? blob->size_bytes : 0;
    return name ? export_output_end(output, work->error) : 0;
}
