/* The spaces of the store's entries: what each holds, how its keys are spelt, what its scope is, and who
 * writes and reads it. An entry is (space, key) -> digest, size, time of confirmation, scope, attributes
 * (storage/store.h). Nobody outside this folder spells a space, builds a key or takes an attribute apart.
 *
 *   space      key                          scope       names                       attributes
 *   page       project                      -           the page as it came         origin
 *   list       "index" (KEY_OF_PROJECTS)    -           the list of all projects    origin
 *   json       project, project/version     -           the JSON API's answer       origin
 *   file       our path, "/packages/..."    project     the package file            source
 *   metadata   the path of its file         project     the file's METADATA         source
 *   tag        image name ":" tag           image name  the manifest it means       origin of a head
 *   manifest   image name "@" digest        image name  the manifest                origin
 *   blob       image name "@" digest        image name  a config or layer           source
 *   tags       image name                   image name  the list of tags            origin
 *   referrers  image name "@" digest        image name  the index of referrers      origin
 *   prefetch   name of the list             -           the record of its needs     -
 *
 *   space      written by                                    read by
 *   page       the document's fill; imported wheels          /simple/, files, page_merge
 *   list       the document's fill                           /simple/
 *   json       the document's fill                           /pypi/
 *   file       the file's fill; a file whose bytes are       /packages/, pages (sizes, digests)
 *              held under another name; imported wheels
 *   metadata   the metadata's fill, jobs (out of a           /packages/...metadata, pages (digests)
 *              wheel); imported wheels
 *   tag        the document's fill; imported images          /v2/, lists of tags without an upstream
 *   manifest   the document's fill; imported images          /v2/, its catalog, image_unit (eviction)
 *   blob       a manifest that arrives, the upstream's       /v2/, image_unit (eviction)
 *              confirmation, the blob's fill; imported images
 *   tags       the document's fill                           /v2/
 *   referrers  the document's fill                           /v2/
 *   prefetch   the scheduled prefetch                        pins, `yizhan show` and `ls`, export
 *
 * An import of a bundle writes, and export reads, all of them but prefetch (bundle_names.h); so do holding.h,
 * for pins, `show` and `purge`, and the commands that walk the whole store, with all of them.
 *
 * "project" is the normalised name, "image name" registry and repository, "docker.io/library/nginx"
 * (image_key.h); paths are those of pypi_key.h. "origin" is the lines of origin.h, "source" the one name of
 * whom the bytes came from, "" where a manifest announced them, or we made them ourselves or took them out of
 * a file.
 *
 * A scope groups entries for entry_list(), which is how "all files of a project" is found.
 *
 * A blob entry says that the image refers to the blob, which need not be held; it has no digest while only
 * a SHA-512 is known. A tag's manifest need not be held either. In all other spaces an entry without its
 * blob is a miss. */
#ifndef STORAGE_CATALOG_SPACES_H
#define STORAGE_CATALOG_SPACES_H

#include <stdbool.h>

#include "storage/store.h"

#define SPACE_PAGE "page"
#define SPACE_PROJECTS "list"
#define SPACE_JSON "json"
#define SPACE_FILE "file"
#define SPACE_METADATA "metadata"
#define SPACE_TAG "tag"
#define SPACE_MANIFEST "manifest"
#define SPACE_BLOB "blob"
#define SPACE_TAGS "tags"
#define SPACE_REFERRERS "referrers"
#define SPACE_PREFETCH "prefetch"

/* Never in the store: what an upstream says of a manifest or blob to HEAD, remembered in memory under the key
 * that the manifest or blob has. */
#define SPACE_MANIFEST_HEAD "manifest head"
#define SPACE_BLOB_HEAD "blob head"

#define KEY_OF_PROJECTS "index"

bool entry_is_in(const struct entry *entry, const char *space);

/* An entry of the spaces file, metadata or blob, confirmed now, whose digest and size the caller has yet
 * to set (blob_commit() and blob_put() set them). `source`: the upstream's name, IMPORTED or "". The
 * strings stay the caller's. */
struct entry entry_of_bytes(const char *space, const char *key, const char *scope, const char *source);

/* "page flask": what tells an entry apart from all others. Heap memory. */
char *entry_name(const char *space, const char *key);
/* The part of the key that is worth a column of its own to people: the file's name, the image's tag or
 * digest; else the key. Any text may be asked about. Points into the key. */
const char *entry_short_name(const char *space, const char *key);

#endif
