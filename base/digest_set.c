/* No state but the sets: uthash tables, one thread at a time. */
#include "base/digest_set.h"

#include <stdlib.h>
#include <uthash.h>

#include "base/memory.h"

struct member {
    UT_hash_handle hh;
    struct digest digest;
};

struct digest_set {
    struct member *members;
};

struct digest_set *digest_set_new(void)
{
    return xcalloc(1, sizeof(struct digest_set));
}

void digest_set_free(struct digest_set **set_)
{
    struct digest_set *set = take_ptr(set_);
    struct member *member;
    struct member *next;

    if (!set)
        return;
    HASH_ITER (hh, set->members, member, next) {
        HASH_DEL(set->members, member);
        free(member);
    }
    free(set);
}

bool digest_set_has(const struct digest_set *set, const struct digest *digest)
{
    struct member *member;

    HASH_FIND(hh, set->members, digest, sizeof(*digest), member);
    return member;
}

bool digest_set_add(struct digest_set *set, const struct digest *digest)
{
    if (digest_set_has(set, digest))
        return false;
    struct member *member = xcalloc(1, sizeof(*member));
    member->digest = *digest;
    HASH_ADD(hh, set->members, digest, sizeof(member->digest), member);
    return true;
}

size_t digest_set_count(const struct digest_set *set)
{
    return HASH_COUNT(set->members);
}

void digest_set_each(const struct digest_set *set, void (*visit)(void *arg, const struct digest *digest),
                     void *arg)
{
    for (const struct member *member = set->members; member; member = member->hh.next)
        visit(arg, &member->digest);
}
