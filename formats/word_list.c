/* The list is searched from its beginning: platforms and ABIs are some hundred at most. The tags made of them
 * are thousands; wheel_tag.c keeps a hash of those and uses word_list_append(). */
#include "formats/word_list.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/memory.h"

void word_list_release(struct word_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->items[i]);
    free(list->items);
    *list = (struct word_list)WORD_LIST_INIT;
}

bool word_list_has(const struct word_list *list, const char *text)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->items[i], text) == 0)
            return true;
    return false;
}

void word_list_append(struct word_list *list, char **text)
{
    /* Grows at powers of two. */
    if (!(list->count & (list->count - 1)))
        list->items = xrealloc(list->items, (list->count ? 2 * list->count : 1) * sizeof(char *));
    list->items[list->count++] = take_ptr(text);
}

void word_list_add(struct word_list *list, const char *format, ...)
{
    struct buf text = BUF_INIT;
    va_list args;

    va_start(args, format);
    buf_vprintf(&text, format, args);
    va_end(args);
    char *CLEANUP_FREE item = buf_take(&text);
    if (!word_list_has(list, item))
        word_list_append(list, &item);
}
