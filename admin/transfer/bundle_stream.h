/* The bytes of a bundle on their way out and in: buffered, and compressed where that is wanted. Private to
 * bundles. */
#ifndef ADMIN_TRANSFER_BUNDLE_STREAM_H
#define ADMIN_TRANSFER_BUNDLE_STREAM_H

#include <stddef.h>
#include <sys/types.h>

#include "admin/transfer/bundle.h"

/* ---- out ---- */

struct stream_out;
struct stream_out *stream_out_new(const struct bundle_output *output, int compress);
void stream_out_free(struct stream_out **out);
/* These return 0, or negative errno. */
int stream_out_write(struct stream_out *out, const void *data, size_t len);
/* Gives the free part of the buffer, at least one byte, to read into directly; then stream_out_filled() says
 * how many bytes were put there. */
int stream_out_space(struct stream_out *out, char **space, size_t *len);
void stream_out_filled(struct stream_out *out, size_t len);
/* Writes out everything that is buffered, and the end of a compressed stream. */
int stream_out_end(struct stream_out *out);

/* ---- in ---- */

struct stream_in;
struct stream_in *stream_in_new(const struct bundle_input *input);
void stream_in_free(struct stream_in **in);
/* Returns `len`, or less at the end of the stream; negative errno of the input; or of a compressed one
 *   -EBADMSG  it is not as it was written
 *   -ENODATA  it ends before its end
 *   -ENOTSUP  it lacks the digest after the frame: it was cut there, or stream_out did not compress it */
ssize_t stream_in_read(struct stream_in *in, void *data, size_t len);

#endif
