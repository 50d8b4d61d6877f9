/* A set is a hash table of its members, which hold their text themselves; nothing is ever taken out of
 * one. */
#include "base/string_set.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "base/memory.h"

struct string_member {
    UT_hash_handle hh;
    char text[];
};

struct string_set {
    struct string_member *members;
};

struct string_set *string_set_new(void)
{
    return xcalloc(1, sizeof(struct string_set));
}

void string_set_free(struct string_set **set_)
{
    struct string_set *set = take_ptr(set_);
    struct string_member *member, *next;

    if (!set)
        return;
    HASH_ITER (hh, set->members, member, next) {
        HASH_DEL(set->members, member);
        free(member);
    }
    free(set);
}

bool string_set_add(struct string_set *set, const char *text)
{
    size_t len = strlen(text);
    struct string_member *member;

    HASH_FIND(hh, set->members, text, len, member);
    if (member)
        return false;
    member = xcalloc(1, sizeof(*member) + len + 1);
    memcpy(member->text, text, len);
    HASH_ADD(hh, set->members, text, len, member);
    return true;
}
