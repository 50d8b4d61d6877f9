/* No state. xmalloc(0) and friends give a block of one byte, so that NULL always means "no memory". */
#include "base/memory.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/check.h"

static void *check_memory(void *memory, size_t size)
{
    if (!memory)
        BUG("out of memory (%zu bytes wanted)", size);
    return memory;
}

void *xmalloc(size_t size)
{
    return check_memory(malloc(size ? size : 1), size);
}

void *xcalloc(size_t count, size_t size)
{
    return check_memory(calloc(count ? count : 1, size ? size : 1), count * size);
}

void *xrealloc(void *old, size_t size)
{
    return check_memory(realloc(old, size ? size : 1), size);
}

char *xstrdup(const char *text)
{
    return xstrndup(text, strlen(text));
}

char *xstrndup(const char *text, size_t len)
{
    char *copy = xmalloc(len + 1);

    memcpy(copy, text, len);
    copy[len] = '\0';
    return copy;
}

char *xstrdup_or_null(const char *text)
{
    return text ? xstrdup(text) : NULL;
}

char *xasprintf(const char *format, ...)
{
    va_list args;
    char *text = NULL;

    va_start(args, format);
    int len = vasprintf(&text, format, args);
    va_end(args);
    CHECK(len >= 0);
    return text;
}

char *xconcat_to_null(const char *first, ...)
{
    va_list args;
    size_t len = 0;

    va_start(args, first);
    for (const char *text = first; text; text = va_arg(args, const char *))
        len += strlen(text);
    va_end(args);

    char *all = xmalloc(len + 1);
    char *end = all;
    va_start(args, first);
    for (const char *text = first; text; text = va_arg(args, const char *))
        end = stpcpy(end, text);
    va_end(args);
    *end = '\0';
    return all;
}

void free_secret(char *text)
{
    if (text)
        explicit_bzero(text, strlen(text));
    free(text);
}

void cleanup_free(void *address_of_pointer)
{
    free(*(void **)address_of_pointer);
}

void cleanup_close(int *fd)
{
    int saved = errno; /* of the error that the scope returns with */

    if (*fd >= 0)
        close(*fd);
    errno = saved;
}

int take_fd(int *fd)
{
    int taken = *fd;

    *fd = -1;
    return taken;
}
