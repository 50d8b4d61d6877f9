/* An ordered list of short strings: platforms, ABIs and compatibility tags, best first. */
#ifndef FORMATS_WORD_LIST_H
#define FORMATS_WORD_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct word_list {
    char **items;
    size_t count;
};
#define WORD_LIST_INIT \
    {                  \
        NULL, 0        \
    }
#define CLEANUP_WORD_LIST __attribute__((cleanup(word_list_release)))

void word_list_release(struct word_list *list);
bool word_list_has(const struct word_list *list, const char *text);
/* Does nothing if the list has it already. */
void word_list_add(struct word_list *list, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* For long lists: takes over a text that the caller knows is not in the list. */
void word_list_append(struct word_list *list, char **text);

#endif
