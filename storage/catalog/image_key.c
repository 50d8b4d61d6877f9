/* No state. A key was checked when it was made, so one without a registry is a bug. */
#include "storage/catalog/image_key.h"

#include <string.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/memory.h"

char *image_key_of_tag(const char *image_name, const char *tag)
{
    return xconcat(image_name, ":", tag);
}

char *image_key_of_digest(const char *image_name, const char *digest)
{
    return xconcat(image_name, "@", digest);
}

struct image_key_parts image_key_split(const char *key)
{
    struct image_key_parts parts = {.registry_len = strcspn(key, "/")};

    CHECK(key[parts.registry_len] == '/');
    parts.repository = key + parts.registry_len + 1;
    /* Repositories have no ':', but registries may: the tag's is looked for after the last '/'. */
    const char *last = strrchr(parts.repository, '/');
    const char *name = last ? last + 1 : parts.repository;
    size_t len = strcspn(name, "@:");
    parts.repository_len = (size_t)(name - parts.repository) + len;
    parts.reference = name[len] ? name + len + 1 : name + len;
    return parts;
}

const char *image_key_reference(const char *key)
{
    return image_key_split(key).reference;
}

bool image_key_has_digest(const char *key)
{
    /* No registry, repository or tag has an '@'. */
    return strchr(key, '@');
}

void image_key_name(const char *key, struct buf *out)
{
    struct image_key_parts parts = image_key_split(key);

    buf_add(out, key, (size_t)(parts.repository - key) + parts.repository_len);
}
