/* The spaces of the store's entries: what a space holds, how its keys are spelt, what its scope is, and who writes and
 * reads it. An entry is (space, key) -> digest, size, time of confirmation, scope, attributes (storage/store.h).
 *
 *   space       key                                   scope       digest of           attributes  written by
 *   page        normalised project                    -           the page as it came origin      documents; import
 *   list        ""                                    -           the root list       origin      documents
 *   json        project, or project/version           -           the JSON answer     origin      documents
 *   file        our path, "/packages/.../x.whl"       project     the file            upstream    file fills; import
 *   metadata    the same path (of the file)           project     its METADATA        -           metadata; import
 *   tag         image name ":" tag                    image name  its manifest        origin+head documents; import
 *   manifest    image name "@" digest                 image name  the manifest        origin      documents; import
 *   blob        image name "@" digest                 image name  the blob            -           manifests, blob fills
 *   tags        image name                            image name  the list of tags    origin      documents
 *   referrers   image name "@" digest                 image name  the referrers index origin      documents
 *   prefetch    name of the list                      -           the record          -           scheduled prefetch
 *
 * "image name" is registry and repository, "docker.io/library/nginx" (image_key.h). "origin" is the text of origin.h.
 * A blob entry says that the image refers to the blob, which need not be held; a tag's manifest need not be held
 * either. In all other spaces an entry without its blob is a miss. */
#ifndef STORAGE_CATALOG_SPACES_H
#define STORAGE_CATALOG_SPACES_H

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

/* In place of an upstream's name, where an entry was brought by `yizhan import`. No upstream in mirror.conf can have this
 * name. */
#define IMPORTED "(imported)"

#endif
