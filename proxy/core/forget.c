#include "proxy/core/forget.h"

#include "base/memory.h"
#include "proxy/core/memcache.h"
#include "proxy/core/proxy.h"

/* All forms of keys that the memory cache knows: documents, references to blobs and absences by space and key, files by
 * their path, which begins with "/". */
void proxy_forget(struct proxy *proxy, const char *space, const char *key)
{
    char *CLEANUP_FREE document = xasprintf("%s/%s", space, key);
    char *CLEANUP_FREE absence = xasprintf("absent:%s/%s", space, key);
    char *CLEANUP_FREE reference = xasprintf("reference/%s", key);
    char *CLEANUP_FREE small = xasprintf("small%s", key);
    char *CLEANUP_FREE metadata = xasprintf("metadata%s", key);
    char *CLEANUP_FREE no_file = xasprintf("absent:%s", key);
    const char *const keys[] = {document, absence, reference, small, metadata, no_file};

    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        memcache_drop(proxy->memcache, keys[i]);
}
