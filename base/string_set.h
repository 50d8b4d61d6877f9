/* A set of strings. One thread at a time. */
#ifndef BASE_STRING_SET_H
#define BASE_STRING_SET_H

#include <stdbool.h>

struct string_set;

struct string_set *string_set_new(void);
/* NULL-safe. */
void string_set_free(struct string_set **set);
#define CLEANUP_STRING_SET __attribute__((cleanup(string_set_free)))

/* Returns true if it was not in the set before. The text is copied. */
bool string_set_add(struct string_set *set, const char *text);

#endif
