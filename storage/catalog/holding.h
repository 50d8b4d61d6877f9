/* Names that people give to packages, images and lists, and which entries of the store belong to them:
 *
 *     pypi:flask                             a project: its page, its JSON, all its files
 *     pypi:flask==3.0.0                      the files of one release
 *     pypi:flask>=2,<3                       of several, by PEP 440's specifiers
 *     docker:nginx                           an image, all tags; short names as the clients expand them
 *     docker:docker.io/library/nginx:1.27    one tag: its manifests and blobs
 *     docker:nginx@sha256:...                one manifest
 *     prefetch:nightly                       a list of mirror.conf: its record (prefetch_record.h)
 *
 * For the commands (`show`, `purge`, `export`), for `pin` in mirror.conf, and for imports of images. No
 * call counts as a use. */
#ifndef STORAGE_CATALOG_HOLDING_H
#define STORAGE_CATALOG_HOLDING_H

#include <stdbool.h>

#include "storage/catalog/holding_version.h"

struct buf;
struct config;
struct digest_set;
struct entry;
struct store;

enum holding_kind { HOLDING_PROJECT, HOLDING_IMAGE, HOLDING_LIST };

struct holding {
    enum holding_kind kind;
    char *name;                     /* normalised project; image name as in registry.h; name of the list */
    struct version_choice versions; /* of a project */
    char *reference;                /* of an image: tag or digest; NULL: all */
    bool digest;                    /* the reference is one */
};
#define HOLDING_INIT                                            \
    {                                                           \
        HOLDING_PROJECT, NULL, VERSION_CHOICE_INIT, NULL, false \
    }
#define CLEANUP_HOLDING __attribute__((cleanup(holding_release)))

/* The configuration says which registries there are. Returns 0, or -1 with a sentence in `error`. */
int holding_parse(const struct config *config, const char *text, struct holding *out, struct buf *error);
void holding_release(struct holding *holding);
/* Appends the whole name: "docker:docker.io/library/nginx:1.27". */
void holding_print(const struct holding *holding, struct buf *out);

/* The key of the tag or manifest that an image's reference names; heap memory. */
char *holding_image_key(const struct holding *holding);

/* Calls `visit` for each of its entries, until that returns non-zero. Parts that several tags of an image
 * share belong to each of them. Returns what `visit` returned, 0, or negative errno. */
int holding_each(struct store *store, const struct holding *holding,
                 int (*visit)(void *arg, const struct entry *entry), void *arg);
/* holding_each(), but of an image's tag or manifest only the parts that nothing else of the image needs:
 * what purging it removes. */
int holding_each_exclusive(struct store *store, const struct holding *holding,
                           int (*visit)(void *arg, const struct entry *entry), void *arg);
/* Adds all its blobs; of a list, also those of the entries that it needs. */
void holding_collect(struct store *store, const struct holding *holding, struct digest_set *out);

/* Whether all pins of the configuration can be parsed: 0, or -1 with a sentence in `error`. */
int holding_check_pins(const struct config *config, struct buf *error);
/* Adds the blobs of all pins. */
void holding_collect_pins(struct store *store, const struct config *config, struct digest_set *out);

#endif
