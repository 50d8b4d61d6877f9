/* State: the chunks of each arena, newest first; only the newest one has free bytes, the last `left` of its
 * data. A chunk never moves, so pointers into an arena stay valid until it is released. One thread at a
 * time. */
#include "base/arena.h"

#include <stdalign.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

/* Chunks double from the first size to the largest: a thousand small arenas then cost no more than a big
 * one. */
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

static void *take_bytes(struct arena *arena, size_t size)
{
    if (size > arena->left || !arena->chunks) {
        size_t usual = next_chunk_bytes(arena);
        /* A large piece gets a chunk of exactly its size. Rounded up, as arena_alloc() aligns `left`, which
         * is measured from the end of the chunk. */
        size_t capacity = round_up(size > usual / 4 ? size : usual);
        struct arena_chunk *chunk = xmalloc(sizeof(*chunk) + capacity);
        chunk->size = capacity;
        chunk->next = arena->chunks;
        arena->chunks = chunk;
        arena->left = capacity;
        arena->used_bytes += sizeof(*chunk) + capacity;
    }
    void *memory = arena->chunks->data + (arena->chunks->size - arena->left);

    arena->left -= size;
    return memory;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    size_t aligned = round_up(size);

    /* A string may have left an odd number of bytes. */
    arena->left &= ~(alignof(max_align_t) - 1);
    return memset(take_bytes(arena, aligned), 0, aligned);
}

char *arena_strndup(struct arena *arena, const char *text, size_t len)
{
    char *copy = take_bytes(arena, len + 1);

    memcpy(copy, text, len);
    copy[len] = '\0';
    return copy;
}

char *arena_strdup(struct arena *arena, const char *text)
{
    return arena_strndup(arena, text, strlen(text));
}
