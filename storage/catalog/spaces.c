/* No state: what the table of spaces.h needs in code. */
#include "storage/catalog/spaces.h"

#include <string.h>

#include "base/clock.h"
#include "base/memory.h"

bool entry_is_in(const struct entry *entry, const char *space)
{
    return strcmp(entry->space, space) == 0;
}

struct entry entry_of_bytes(const char *space, const char *key, const char *scope, const char *source)
{
    return (struct entry){
        .space = space,
        .key = key,
        .scope = scope,
        .confirmed_at_s = clock_wall_s(),
        .attributes = source,
    };
}

char *entry_name(const char *space, const char *key)
{
    return xconcat(space, " ", key);
}

const char *entry_short_name(const char *space, const char *key)
{
    const char *slash = strrchr(key, '/');
    const char *last = slash ? slash + 1 : key;

    if (strcmp(space, SPACE_FILE) == 0 || strcmp(space, SPACE_METADATA) == 0)
        return last;
    size_t len = strcspn(last, "@:");
    return last[len] ? last + len + 1 : key;
}
