/* A buf without heap memory (cap 0) points to buf_empty, so that data is a string in every state and never
 * NULL; nothing may write there. With heap memory, data[len] is NUL after every call. */
#include "base/buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/memory.h"

char buf_empty[1] = "";

void buf_init(struct buf *buf)
{
    *buf = (struct buf)BUF_INIT;
}

void buf_release(struct buf *buf)
{
    if (buf->cap)
        free(buf->data);
    buf_init(buf);
}

void buf_reset(struct buf *buf)
{
    buf->len = 0;
    if (buf->cap)
        buf->data[0] = '\0';
}

void buf_truncate(struct buf *buf, size_t len)
{
    CHECK(len <= buf->len);
    buf->len = len;
    if (buf->cap)
        buf->data[len] = '\0';
}

void buf_reserve(struct buf *buf, size_t more)
{
    size_t need = buf->len + more + 1;

    CHECK(need > buf->len); /* no overflow */
    if (need <= buf->cap)
        return;
    size_t cap = buf->cap ? buf->cap + buf->cap / 2 : 64;
    if (cap < need)
        cap = need;
    buf->data = xrealloc(buf->cap ? buf->data : NULL, cap);
    if (!buf->cap)
        buf->data[0] = '\0';
    buf->cap = cap;
}

void buf_add(struct buf *buf, const void *data, size_t len)
{
    if (!len)
        return;
    buf_reserve(buf, len);
    memcpy(buf->data + buf->len, data, len);
    buf->len += len;
    buf->data[buf->len] = '\0';
}

void buf_add_text(struct buf *buf, const char *text)
{
    buf_add(buf, text, strlen(text));
}

void buf_add_char(struct buf *buf, char c)
{
    buf_add(buf, &c, 1);
}

void buf_printf(struct buf *buf, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    buf_vprintf(buf, format, args);
    va_end(args);
}

void buf_vprintf(struct buf *buf, const char *format, va_list args)
{
    va_list again;

    /* Most texts fit at the first try, and vsnprintf() may use `args` only once. */
    va_copy(again, args);
    buf_reserve(buf, 120);
    int len = vsnprintf(buf->data + buf->len, buf->cap - buf->len, format, args);
    CHECK(len >= 0);
    if ((size_t)len >= buf->cap - buf->len) {
        buf_reserve(buf, (size_t)len);
        len = vsnprintf(buf->data + buf->len, buf->cap - buf->len, format, again);
    }
    va_end(again);
    buf->len += (size_t)len;
}

void buf_set(struct buf *buf, const char *format, ...)
{
    va_list args;

    buf_reset(buf);
    va_start(args, format);
    buf_vprintf(buf, format, args);
    va_end(args);
}

char *buf_take(struct buf *buf)
{
    buf_reserve(buf, 0);
    char *data = buf->data;

    buf_init(buf);
    return data;
}
