/* Small files that are read whole, and writing all that there is. */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <stddef.h>

struct buf;

/* Appends what the file has, but stops once that is more than `max_bytes`: the caller looks at out->len. Returns 0;
 * -1 with errno. */
int file_read(const char *path, size_t max_bytes, struct buf *out);
/* write(2) until all is written: a file, a pipe, or anything else that blocks. Returns 0, or negative errno; errno says the
 * same. */
int file_write_all(int fd, const void *data, size_t len);

#endif
