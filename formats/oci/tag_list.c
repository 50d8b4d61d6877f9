/* A list may come in many pages, which the caller joins as they are: the limits hold for all of them
 * together, and are checked before jansson builds a tree. Tags are sorted by bytes, whatever the order of the
 * upstream is: clients page through our list by the last name they saw, so it needs one order. */
#include "formats/oci/tag_list.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/memory.h"
#include "formats/oci/image.h"

/* Some registries add an object about each image, beside the tags. */
static const struct json_limits limits = {.depth = 32, .containers = 250000, .values = 1000000};

/* Appends the valid tags of one document, each with its NUL. A tag that is not valid could not be asked for
 * anyway, so it is left out and does not cost the list. Returns 0, or -1. */
static int add_tags(const json_t *document, struct buf *memory, size_t *count, struct buf *error)
{
    const json_t *tags = json_object_get(document, "tags");
    const json_t *tag;
    size_t i;

    if (!json_is_array(tags) && !json_is_null(tags)) {
        buf_set(error, "is not a list of tags: it has no \"tags\"");
        return -1;
    }
    json_array_foreach(tags, i, tag)
    {
        const char *text = json_string_value(tag);
        if (!text || !image_tag_valid(text, json_string_length(tag)))
            continue;
        if (++*count > TAG_LIST_MAX_TAGS) {
            buf_set(error, "has more than %d tags", TAG_LIST_MAX_TAGS);
            return -1;
        }
        buf_add(memory, text, strlen(text) + 1);
    }
    return 0;
}

static int compare_tags(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Makes pointers to the texts only now, because `memory` moved while it grew. */
static void make_list(struct buf *memory, size_t count, struct tag_list *out)
{
    out->memory = buf_take(memory);
    out->tags = xcalloc(count + 1, sizeof(*out->tags));
    char *text = out->memory;
    for (size_t i = 0; i < count; i++) {
        out->tags[i] = text;
        text += strlen(text) + 1;
    }
    qsort(out->tags, count, sizeof(*out->tags), compare_tags);
    for (size_t i = 0; i < count; i++)
        if (!i || strcmp(out->tags[i], out->tags[out->count - 1]) != 0)
            out->tags[out->count++] = out->tags[i];
}

int tag_list_parse(const char *body, size_t len, struct tag_list *out, struct buf *error)
{
    struct buf CLEANUP_BUF memory = BUF_INIT;
    size_t documents = 0;
    size_t count = 0;
    size_t at = 0;

    memset(out, 0, sizeof(*out));
    if (json_check_limits(body, len, &limits, error) < 0)
        return -1;
    for (;; documents++) {
        json_t *CLEANUP_JSON document = json_read_next_object(body, len, &at, error);
        if (!document && at == len)
            break;
        if (!document || add_tags(document, &memory, &count, error) < 0)
            return -1;
    }
    if (!documents) {
        buf_set(error, "is empty");
        return -1;
    }
    make_list(&memory, count, out);
    return 0;
}

void tag_list_release(struct tag_list *list)
{
    free(list->tags);
    free(list->memory);
    memset(list, 0, sizeof(*list));
}
