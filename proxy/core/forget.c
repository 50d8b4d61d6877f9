/* The memory cache has no index by entry: each key that the entry can have there is dropped. */
#include "proxy/core/forget.h"

#include "base/memory.h"
#include "proxy/core/keys.h"
#include "proxy/core/memcache.h"
#include "proxy/core/proxy.h"
#include "storage/catalog/spaces.h"

/* Every form of key in keys.h is tried, whatever the space: dropping a key that is not there costs nothing.
 * The absence of a file's metadata is remembered as that of the file, so that goes too. */
void proxy_forget(struct proxy *proxy, const char *space, const char *key)
{
    char *CLEANUP_FREE document = memory_key_document(space, key);
    char *CLEANUP_FREE absence = memory_key_absence(space, key);
    char *CLEANUP_FREE reference = memory_key_reference(key);
    char *CLEANUP_FREE small = memory_key_small_file(key);
    char *CLEANUP_FREE metadata = memory_key_metadata(key);
    char *CLEANUP_FREE no_file = memory_key_absence(SPACE_FILE, key);
    const char *const keys[] = {document, absence, reference, small, metadata, no_file};

    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        memcache_drop(proxy->memcache, keys[i]);
}
