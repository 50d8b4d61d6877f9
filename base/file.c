/* No state. Both calls survive signals and short reads and writes. */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/memory.h"

#define STEP_BYTES (64 * 1024)

int file_read(const char *path, size_t max_bytes, struct buf *out)
{
    int CLEANUP_CLOSE fd = open(path, O_RDONLY | O_CLOEXEC);
    size_t start = out->len;

    if (fd < 0)
        return -1;
    while (out->len - start <= max_bytes) {
        buf_reserve(out, STEP_BYTES);
        ssize_t got = read(fd, out->data + out->len, STEP_BYTES);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return (int)got;
        out->len += (size_t)got;
        out->data[out->len] = '\0';
    }
    return 0;
}

int file_write_all(int fd, const void *data, size_t len)
{
    const char *from = data;

    while (len > 0) {
        ssize_t done = write(fd, from, len);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return -errno;
        from += done;
        len -= (size_t)done;
    }
    return 0;
}
