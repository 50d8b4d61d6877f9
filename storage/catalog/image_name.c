/* No state. */
#include "storage/catalog/image_name.h"

#include <string.h>

#include "base/buf.h"
#include "base/config.h"
#include "base/text.h"
#include "formats/oci/image.h"

const struct registry_config *image_registry_find(const struct config *config, const char *name, size_t len)
{
    for (size_t i = 0; i < config->registry_count; i++)
        if (text_equal_n(name, len, config->registries[i].name))
            return &config->registries[i];
    return NULL;
}

struct image_registry image_registry_of(const struct config *config, const char *text, size_t len,
                                        const struct registry_config *otherwise)
{
    const char *slash = len ? memchr(text, '/', len) : NULL;
    size_t first = slash ? (size_t)(slash - text) : 0;
    const struct registry_config *named = first ? image_registry_find(config, text, first) : NULL;

    if (named || (first && !otherwise && image_registry_like(text, first)))
        return (struct image_registry){text, first, named, first + 1};
    for (size_t i = 0; !otherwise && i < config->registry_count; i++)
        if (config->registries[i].is_default)
            otherwise = &config->registries[i];
    if (!otherwise)
        return (struct image_registry){0};
    return (struct image_registry){otherwise->name, strlen(otherwise->name), otherwise, 0};
}

void image_name_print(const char *registry, size_t registry_len, const char *repository, size_t len,
                      struct buf *out)
{
    buf_add(out, registry, registry_len);
    buf_add_char(out, '/');
    if (text_equal_n(registry, registry_len, "docker.io") && (!len || !memchr(repository, '/', len)))
        buf_add_text(out, "library/");
    buf_add(out, repository, len);
}
