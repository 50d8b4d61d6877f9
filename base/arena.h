/* Memory that is freed all at once. Used for parsed pages: ten thousand files are a hundred thousand
 * strings. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stddef.h>

struct arena_chunk;
struct arena {
    struct arena_chunk *chunks;
    size_t left;       /* free bytes in the newest chunk */
    size_t used_bytes; /* what all chunks take, for accounting */
};

#define ARENA_INIT \
    {              \
        NULL, 0, 0 \
    }

void arena_release(struct arena *arena);
/* Zeroed, aligned for any type. */
void *arena_alloc(struct arena *arena, size_t size);
char *arena_strndup(struct arena *arena, const char *text, size_t len);
char *arena_strdup(struct arena *arena, const char *text);

#endif
