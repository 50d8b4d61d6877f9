/* Reading small files whole, and writing all of a buffer. */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <stddef.h>

struct buf;

/* Appends the file's content, but stops after more than `max_bytes`: the caller looks at out->len. Returns 0,
 * or -1 with errno. */
int file_read(const char *path, size_t max_bytes, struct buf *out);
/* write(2) until all is written, to a file, a pipe or anything else that blocks. Returns 0, or negative
 * errno, which is in errno too. */
int file_write_all(int fd, const void *data, size_t len);

#endif
