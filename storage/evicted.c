/* Owns the table. The store thread writes it, any thread reads it without a lock: each place is one atomic
 * word, and a reader that comes between two writes gets the answer of before or of after. */
#include "storage/evicted.h"

#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/digest.h"
#include "base/memory.h"

struct evicted {
    _Atomic uint64_t hashes[EVICTED_MAX]; /* 0: none */
};

struct evicted *evicted_new(void)
{
    return xcalloc(1, sizeof(struct evicted));
}

void evicted_free(struct evicted **evicted)
{
    free(take_ptr(evicted));
}

/* Clients choose keys, so it is a hash that nobody finds collisions of: 16 bits are the place, 64 are in
 * it. */
static uint64_t hash_name(const char *space, const char *key, size_t *place)
{
    struct buf CLEANUP_BUF name = BUF_INIT;
    struct digest digest;
    uint64_t hash;

    buf_add_text(&name, space);
    buf_add_char(&name, '/'); /* no space has one */
    buf_add_text(&name, key);
    digest_of(name.data, name.len, &digest);
    *place = (size_t)digest.bytes[0] << 8 | digest.bytes[1];
    memcpy(&hash, digest.bytes + 2, sizeof(hash));
    return hash ? hash : 1;
}

void evicted_note(struct evicted *evicted, const char *space, const char *key)
{
    size_t place;
    uint64_t hash = hash_name(space, key, &place);

    atomic_store(&evicted->hashes[place], hash);
}

void evicted_forget(struct evicted *evicted, const char *space, const char *key)
{
    size_t place;
    uint64_t hash = hash_name(space, key, &place);

    if (atomic_load(&evicted->hashes[place]) == hash)
        atomic_store(&evicted->hashes[place], 0);
}

bool evicted_has(const struct evicted *evicted, const char *space, const char *key)
{
    size_t place;
    uint64_t hash = hash_name(space, key, &place);

    return atomic_load(&evicted->hashes[place]) == hash;
}
