/* Fetching package files: one fill for each, shared by the clients that ask for the file and those that ask
 * for its metadata. No state of its own. */
#include "proxy/pypi/file_fill.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "proxy/core/blob_fill.h"
#include "proxy/core/candidate_list.h"
#include "proxy/core/keys.h"
#include "proxy/pypi/wheel_metadata.h"
#include "storage/catalog/spaces.h"

/* Where nobody promised a hash: is it at least the kind of file that its name says? Mirrors and captive
 * portals send error pages with status 200, and such a page would be kept and served as the file from then
 * on. */
static bool file_plausible(const char *key, const char *start, size_t len)
{
    if (text_ends(key, ".whl") || text_ends(key, ".zip") || text_ends(key, ".egg"))
        return len >= 4 && memcmp(start, "PK", 2) == 0;
    if (text_ends(key, ".gz") || text_ends(key, ".tgz"))
        return len >= 2 && memcmp(start, "\x1f\x8b", 2) == 0;
    return len > 0 && start[0] != '<';
}

struct fill *file_fill_join(struct request *request, const struct file_lookup *lookup)
{
    char *CLEANUP_FREE key = fill_key_file(lookup->key.data, request->late);
    struct candidate_list CLEANUP_CANDIDATES candidates = CANDIDATE_LIST_INIT;
    struct checksum checksum;
    char project[PROJECT_NAME_MAX + 1];
    const struct blob_fill_options options = {
        .label = key,
        .subject = {.kind = FILL_KIND_FILE, .path = lookup->key.data},
        .candidates = &candidates,
        .checksum = file_lookup_checksum(lookup, &checksum) ? &checksum : NULL,
        .expected_bytes = lookup->file ? lookup->file->size_bytes : -1,
        .max_bytes = -1,
        .space = SPACE_FILE,
        .key = lookup->key.data,
        .scope = file_lookup_project(request, lookup, project),
        .plausible = file_plausible,
        .before_commit = filename_is_wheel(lookup->path.filename) ? wheel_metadata_before_commit : NULL,
    };

    file_lookup_candidates(request, lookup, "", &candidates);
    return blob_fill_join(request->proxy, key, &options);
}
