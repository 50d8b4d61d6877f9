/* The spellings of all keys; see the table in keys.h. */
#include "proxy/core/keys.h"

#include "base/memory.h"

char *fill_key_file(const char *path, unsigned late)
{
    return late ? xasprintf("file:%s late %u", path, late) : xconcat("file:", path);
}

char *fill_key_metadata(const char *path)
{
    return xconcat("metadata:", path, ".metadata");
}

char *fill_key_extraction(const char *path)
{
    return xconcat("extract:", path);
}

char *fill_key_blob(const char *name, const char *digest, unsigned late)
{
    return late ? xasprintf("blob:%s@%s late %u", name, digest, late) : xconcat("blob:", name, "@", digest);
}

char *fill_key_fetch(const char *space, const char *key)
{
    return xconcat("fetch:", space, "/", key);
}

char *fill_key_load(const char *space, const char *key)
{
    return xconcat("load:", space, "/", key);
}

char *fill_key_rendition(const void *document, int version, int format)
{
    return xasprintf("render:%p/%d/%d", document, version, format);
}

char *memory_key_document(const char *space, const char *key)
{
    return xconcat(space, "/", key);
}

char *memory_key_absence(const char *space, const char *key)
{
    return xconcat("absent:", space, "/", key);
}

char *memory_key_small_file(const char *path)
{
    return xconcat("small", path);
}

char *memory_key_metadata(const char *path)
{
    return xconcat("metadata", path);
}

char *memory_key_reference(const char *image_blob)
{
    return xconcat("reference/", image_blob);
}
