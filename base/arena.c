#include "base/arena.h"

#include <stdalign.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

/* The first chunk, and the largest of the usual ones: each is twice the one before, so that a thousand small arenas
 * cost as little as one big one. */
#define FIRST_CHUNK_BYTES 512
#define CHUNK_BYTES (32 * 1024)

struct arena_chunk {
    struct arena_chunk *next;
    size_t size;
    alignas(max_align_t) char data[];
};

void arena_release(struct arena *arena)
{
    struct arena_chunk *next;

    for (struct arena_chunk *chunk = arena->chunks; chunk; chunk = next) {
        next = chunk->next;
        free(chunk);
    }
    *arena = (struct arena)ARENA_INIT;
}

static size_t round_up(size_t size)
{
    return (size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
}

static size_t next_chunk_bytes(const struct arena *arena)
{
    if (!arena->chunks)
        return FIRST_CHUNK_BYTES;
    return arena->chunks->size < CHUNK_BYTES / 2 ? 2 * arena->chunks->size : CHUNK_BYTES;
}

static void *take(struct arena *arena, size_t size)
{
    if (size > arena->left || !arena->chunks) {
        size_t usual = next_chunk_bytes(arena);
        size_t room = round_up(size > usual / 4 ? size : usual); /* arena_alloc() counts from the end */
        struct arena_chunk *chunk = xmalloc(sizeof(*chunk) + room);
        chunk->size = room;
        chunk->next = arena->chunks;
        arena->chunks = chunk;
        arena->left = room;
        arena->used_bytes += sizeof(*chunk) + room;
    }
    void *memory = arena->chunks->data + (arena->chunks->size - arena->left);

    arena->left -= size;
    return memory;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    size_t aligned = round_up(size);

    arena->left &= ~(alignof(max_align_t) - 1);
    return memset(take(arena, aligned), 0, aligned);
}

char *arena_strndup(struct arena *arena, const char *text, size_t len)
{
    char *copy = take(arena, len + 1);

    memcpy(copy, text, len);
    copy[len] = '\0';
    return copy;
}

char *arena_strdup(struct arena *arena, const char *text)
{
    return arena_strndup(arena, text, strlen(text));
}
