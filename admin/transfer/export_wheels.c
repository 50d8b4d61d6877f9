/* Writes wheels and sdists under their own names into one folder, as `pip --find-links` reads it. One blob
 * may have several names, so the files are sorted by digest: the bundle has each blob once. */
#include "admin/transfer/export_wheels.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "admin/transfer/export_output.h"
#include "admin/transfer/export_work.h"
#include "base/buf.h"
#include "base/memory.h"
#include "formats/python/project.h"
#include "storage/catalog/pypi_key.h"
#include "storage/catalog/spaces.h"

struct export_wheel {
    struct digest digest;
    char filename[FILENAME_MAX_BYTES + 1];
};

struct export_wheels {
    struct export_wheel *items;
    size_t count;
};

static void wheels_release(struct export_wheels *wheels)
{
    free(wheels->items);
}

static int compare_wheels(const void *a, const void *b)
{
    const struct export_wheel *left = a, *right = b;
    int order = digest_compare(&left->digest, &right->digest);

    return order ? order : strcmp(left->filename, right->filename);
}

static int compare_wheel_names(const void *a, const void *b)
{
    return strcmp(((const struct export_wheel *)a)->filename, ((const struct export_wheel *)b)->filename);
}

/* Lists the files of the content. The export keeps entries in it whose bytes are gone ("lenient"), since here
 * it can be said which file is missing. */
static int list_wheels(struct export_work *work, struct export_wheels *out)
{
    const struct bundle_content *content = work->content;
    struct file_path path;

    out->items = xcalloc(content->entry_count, sizeof(*out->items));
    for (size_t i = 0; i < content->entry_count; i++) {
        const struct entry *entry = &content->entries[i];
        /* Pages and metadata have nothing for pip in them that the files do not have. */
        if (!entry_is_in(entry, SPACE_FILE) || !entry->has_digest || file_key_parse(entry->key, &path) < 0)
            continue;
        if (!bundle_has_blob(content, &entry->digest)) {
            buf_set(work->error, "%s is no longer in the store: fetch it again", path.filename);
            return -1;
        }
        struct export_wheel *wheel = &out->items[out->count++];
        wheel->digest = entry->digest;
        memcpy(wheel->filename, path.filename, sizeof(wheel->filename));
    }
    if (!out->count) {
        buf_set(work->error, "nothing is held of what is named: no wheel, no sdist");
        return -1;
    }
    return 0;
}

/* The same name may be stored under several paths. With the same bytes it is one file; with others, a folder
 * cannot hold both. */
static int drop_doubles(struct export_work *work, struct export_wheels *wheels)
{
    size_t kept = 1;

    qsort(wheels->items, wheels->count, sizeof(*wheels->items), compare_wheel_names);
    for (size_t i = 1; i < wheels->count; i++) {
        const struct export_wheel *before = &wheels->items[kept - 1];
        if (compare_wheel_names(before, &wheels->items[i]) != 0) {
            wheels->items[kept++] = wheels->items[i];
        } else if (!digest_equal(&before->digest, &wheels->items[i].digest)) {
            buf_set(work->error,
                    "the store has two different files named %s: export the right version by itself",
                    before->filename);
            return -1;
        }
    }
    wheels->count = kept;
    qsort(wheels->items, wheels->count, sizeof(*wheels->items), compare_wheels);
    return 0;
}

static const struct export_wheel *wheels_find(const struct export_wheels *wheels, const struct digest *digest)
{
    /* With an empty filename it comes before all files of that digest, so the search ends at the first. */
    struct export_wheel wanted = {.digest = *digest};
    size_t low = 0;

    for (size_t high = wheels->count; low < high;) {
        size_t middle = low + (high - low) / 2;
        if (compare_wheels(&wheels->items[middle], &wanted) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low < wheels->count && digest_equal(&wheels->items[low].digest, digest) ? &wheels->items[low]
                                                                                   : NULL;
}

int export_wheels_convert(struct export_work *work)
{
    struct export_wheels __attribute__((cleanup(wheels_release))) wheels = {0};
    struct export_output *CLEANUP_EXPORT_OUTPUT output = NULL;
    struct bundle_blob blob;
    int more;

    if (list_wheels(work, &wheels) < 0 || drop_doubles(work, &wheels) < 0 ||
        export_output_open(work->destination, true, &output, work->error) < 0)
        return -1;
    while ((more = bundle_read_blob(work->reader, &blob, work->error)) > 0) {
        const struct export_wheel *wheel = wheels_find(&wheels, &blob.digest);
        if (export_write_blob(work, output, wheel ? wheel->filename : NULL, &blob) < 0)
            return -1;
        work->written.files += wheel != NULL;
        /* The other names of the same bytes follow the first. */
        for (const struct export_wheel *other = wheel ? wheel + 1 : NULL;
             other && other < wheels.items + wheels.count && digest_equal(&other->digest, &blob.digest);
             other++) {
            if (export_output_again(output, wheel->filename, other->filename, work->error) < 0)
                return -1;
            work->written.files++;
        }
    }
    return more < 0 ? -1 : export_output_finish(output, work->error);
}
