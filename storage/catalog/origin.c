/* No state. Lines instead of JSON: the values are header fields and URLs, which have no line breaks, and
 * an entry is parsed for every document that comes from the store. */
#include "storage/catalog/origin.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/memory.h"
#include "storage/store.h"

/* In the order of their lines, which all existing stores have: append, never reorder. */
#define LINES(origin)                                                                  \
    {                                                                                  \
        &(origin)->upstream, &(origin)->url, &(origin)->content_type, &(origin)->etag, \
            &(origin)->last_modified, &(origin)->digest, &(origin)->previous           \
    }
#define LINES_OF_HEAD 7
#define LINES_OF_BODY 5

void origin_print(const struct origin *origin, bool head, struct buf *out)
{
    char *const *lines[] = LINES(origin);

    for (size_t i = 0; i < (head ? LINES_OF_HEAD : LINES_OF_BODY); i++)
        buf_printf(out, "%s\n", *lines[i] ? *lines[i] : "");
}

int origin_parse(const char *attributes, bool head, struct origin *out)
{
    char **lines[] = LINES(out);

    for (size_t i = 0; i < (head ? LINES_OF_HEAD : LINES_OF_BODY); i++) {
        const char *end = strchr(attributes, '\n');
        if (!end)
            return -1;
        *lines[i] = xstrndup(attributes, (size_t)(end - attributes));
        attributes = end + 1;
    }
    return 0;
}

void origin_of_entry(const struct entry *entry, char **upstream, char **url)
{
    const char *text = entry->attributes;
    size_t len = strcspn(text, "\n");
    const char *second = text[len] ? text + len + 1 : "";

    *upstream = xstrndup(text, len);
    *url = xstrndup(second, strcspn(second, "\n"));
}

void origin_release(struct origin *origin)
{
    char **lines[] = LINES(origin);

    for (size_t i = 0; i < LINES_OF_HEAD; i++)
        free(*lines[i]);
    *origin = (struct origin)ORIGIN_INIT;
}
