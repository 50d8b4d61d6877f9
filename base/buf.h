/* The one growing byte buffer. data is never NULL and always ends in a NUL that len does not count, so it can
 * be printed at any time. Bytes may be binary.
 *
 *     struct buf CLEANUP_BUF text = BUF_INIT;
 *     buf_printf(&text, "%d files", n);
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdarg.h>
#include <stddef.h>

struct buf {
    char *data;
    size_t len;
    size_t cap; /* 0: data is the shared empty string */
};

extern char buf_empty[1];

#define BUF_INIT        \
    {                   \
        buf_empty, 0, 0 \
    }
#define CLEANUP_BUF __attribute__((cleanup(buf_release)))

void buf_init(struct buf *buf);
/* Frees and leaves an empty, usable buffer. */
void buf_release(struct buf *buf);
/* Forgets the content, keeps the memory. */
void buf_reset(struct buf *buf);
/* Keeps the first `len` bytes, of at least that many. */
void buf_truncate(struct buf *buf, size_t len);
/* Makes room for at least `more` further bytes. */
void buf_reserve(struct buf *buf, size_t more);
void buf_add(struct buf *buf, const void *data, size_t len);
void buf_add_text(struct buf *buf, const char *text);
void buf_add_char(struct buf *buf, char c);
void buf_printf(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buf_vprintf(struct buf *buf, const char *format, va_list args) __attribute__((format(printf, 2, 0)));
/* Replaces the content. The usual way to fill a caller's error text. */
void buf_set(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Returns the content as heap memory owned by the caller and leaves the buffer empty. */
char *buf_take(struct buf *buf);

#endif
