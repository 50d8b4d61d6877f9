/* Small files that are read whole. */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <stddef.h>

struct buf;

/* Appends what the file has, but stops once that is more than `max_bytes`: the caller looks at out->len. Returns 0;
 * -1 with errno. */
int file_read(const char *path, size_t max_bytes, struct buf *out);

#endif
