/* Which choices are to blame for a dead end, so that the search can go back to the last of them, and which
 * wishes explain it to the user if there is no choice left. A choice that is left out here would make the
 * search skip answers; one too many only costs time. */
#include <stdlib.h>
#include <string.h>

#include "admin/prefetch/resolve/resolve_private.h"
#include "base/memory.h"

void conflict_release(struct conflict *conflict)
{
    free(conflict->levels);
    free(conflict->causes);
    memset(conflict, 0, sizeof(*conflict));
}

void conflict_blame_level(struct conflict *conflict, size_t level)
{
    if (level >= conflict->level_capacity) {
        size_t capacity = 2 * level + 16;
        conflict->levels = xrealloc(conflict->levels, capacity * sizeof(*conflict->levels));
        memset(conflict->levels + conflict->level_capacity, 0,
               (capacity - conflict->level_capacity) * sizeof(*conflict->levels));
        conflict->level_capacity = capacity;
    }
    conflict->levels[level] = true;
}

void conflict_blame(struct conflict *conflict, const struct edge *edge)
{
    for (; edge; edge = edge->because)
        if (edge->wish->parent) /* the user's own wishes are nobody's choice */
            conflict_blame_level(conflict, edge->wish->parent->node->level);
}

/* At most this many different wishes of one project for another are reported: each of its versions may
 * have its own. */
#define TOLD_MAX 3

static bool same_specifiers(const struct specifier_set *a, const struct specifier_set *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++)
        if (a->items[i].op != b->items[i].op || a->items[i].wildcard != b->items[i].wildcard ||
            strcmp(a->items[i].version.text, b->items[i].version.text) != 0)
            return false;
    return true;
}

/* Are both of the same project, for the same project? */
static bool same_pair(const struct cause *a, const struct cause *b)
{
    if (!a->wish || !b->wish)
        return !a->wish && !b->wish && a->release->node == b->release->node;
    return a->wish->node == b->wish->node && a->wish->parent && b->wish->parent &&
           a->wish->parent->node == b->wish->parent->node;
}

static bool same_words(const struct cause *a, const struct cause *b)
{
    if (!a->wish || !b->wish || a->wish == b->wish)
        return a->wish == b->wish && (a->wish || a->release->node == b->release->node);
    return same_pair(a, b) &&
           same_specifiers(&a->wish->requirement->specifiers, &b->wish->requirement->specifiers);
}

static void add_cause(struct conflict *conflict, const struct cause *cause)
{
    size_t count = conflict->cause_count;
    struct cause *last = NULL;
    size_t pairs = 0;

    for (size_t i = 0; i < count; i++) {
        struct cause *told = &conflict->causes[i];
        if (same_words(told, cause)) {
            told->alike =
                told->alike || cause->alike || (cause->wish && cause->wish->parent != told->wish->parent);
            told->others = told->others || cause->others;
            return;
        }
        if (same_pair(told, cause)) {
            last = told;
            pairs++;
        }
    }
    /* The last one that is told says that there are more. */
    if (pairs == TOLD_MAX) {
        last->others = true;
        return;
    }
    /* Grows at powers of two. */
    if (!(count & (count - 1)))
        conflict->causes = xrealloc(conflict->causes, (count ? 2 * count : 1) * sizeof(*conflict->causes));
    conflict->causes[conflict->cause_count++] = *cause;
}

void conflict_tell(struct conflict *conflict, const struct wish *wish, const struct release *release)
{
    add_cause(conflict, &(struct cause){.wish = wish, .release = release});
}

void conflict_blame_node(struct conflict *conflict, const struct resolve_node *node)
{
    for (size_t i = 0; i < node->edges.count; i++) {
        const struct edge *edge = node->edges.items[i];
        conflict_blame(conflict, edge);
        conflict_tell(conflict, edge->wish, NULL);
    }
    /* Told but not blamed: no choice brought them. */
    for (size_t i = 0; i < node->constraints.count; i++)
        conflict_tell(conflict, node->constraints.items[i], NULL);
}

void conflict_merge(struct conflict *conflict, const struct conflict *other)
{
    for (size_t level = 0; level < other->level_capacity; level++)
        if (other->levels[level])
            conflict_blame_level(conflict, level);
    for (size_t i = 0; i < other->cause_count; i++)
        add_cause(conflict, &other->causes[i]);
}

size_t conflict_last_level(const struct conflict *conflict)
{
    for (size_t level = conflict->level_capacity; level-- > 1;)
        if (conflict->levels[level])
            return level;
    return 0;
}
