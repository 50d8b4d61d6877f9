/* Files on their way out: into a tar archive, or a folder. Both have another name until they are whole, and
 * take the place of their destination at once; what fails leaves nothing behind. */
#ifndef ADMIN_TRANSFER_EXPORT_OUTPUT_H
#define ADMIN_TRANSFER_EXPORT_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct export_output;

/* All return 0, or -1 with a sentence in `error`. folder: the destination must not exist, or be an empty
 * folder. An archive replaces the file that it names. */
int export_output_open(const char *destination, bool folder, struct export_output **out, struct buf *error);
/* Writes one file: begin, exactly size_bytes bytes in any pieces, end. The name is relative, at most 100
 * bytes in an archive; folders in it are made. */
int export_output_begin(struct export_output *output, const char *name, int64_t size_bytes,
                        struct buf *error);
int export_output_bytes(struct export_output *output, const void *data, size_t len, struct buf *error);
int export_output_end(struct export_output *output, struct buf *error);
/* Writes one file whose bytes are in memory. */
int export_output_file(struct export_output *output, const char *name, const void *data, size_t len,
                       struct buf *error);
/* Writes a copy of a file that was written before. Only in folders. */
int export_output_again(struct export_output *output, const char *name, const char *again, struct buf *error);
/* Makes the whole durable and gives it its name. */
int export_output_finish(struct export_output *output, struct buf *error);
/* Frees; removes what was not finished. */
void export_output_free(struct export_output **output);
#define CLEANUP_EXPORT_OUTPUT __attribute__((cleanup(export_output_free)))

#endif
