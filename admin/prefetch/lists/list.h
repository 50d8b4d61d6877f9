/* Lists: the packages and images that somebody wants, in the kinds of files that people keep already. Each is
 * read whole and without side effects, and adds to a struct wants, so that several lists can become one.
 *
 *     requirements.txt     pip's requirements file format: PEP 508, hashes, continued lines, -r and -c
 *     pylock.toml          PEP 751
 *     uv.lock, poetry.lock, Pipfile.lock
 *     images.txt           image references by tag or digest, one a line, "#" begins a comment
 *     YAML                 `image:` in Compose files and Kubernetes manifests, several documents a file
 *
 * Lists come from users, but are bounded and checked as if they were hostile: somebody may prefetch a list
 * that they were sent. Faults say "FILE:LINE:COLUMN: expected ..., found ...". */
#ifndef ADMIN_PREFETCH_LISTS_LIST_H
#define ADMIN_PREFETCH_LISTS_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/digest.h"
#include "formats/python/requirement.h"

struct buf;
struct marker_environment;

#define LIST_MAX_BYTES (64 * 1024 * 1024)
/* Lists inside lists (-r, -c), and all of them. */
#define LIST_MAX_DEPTH 16
#define LIST_MAX_FILES 1000

enum list_format {
    /* By the file's name: *.toml is a pylock.toml; uv.lock and *.py.lock, poetry.lock, Pipfile.lock; *.yml
     * and *.yaml; all others are requirements. */
    LIST_FORMAT_BY_NAME,
    LIST_FORMAT_REQUIREMENTS,
    LIST_FORMAT_PYLOCK,
    LIST_FORMAT_UV_LOCK,
    LIST_FORMAT_POETRY_LOCK,
    LIST_FORMAT_PIPFILE_LOCK,
    LIST_FORMAT_IMAGES,
    LIST_FORMAT_YAML,
};

/* A requirement, which is to be resolved. */
struct list_requirement {
    struct requirement requirement;
    const char *origin; /* "requirements.txt:4" */
    const struct checksum *hashes;
    size_t hash_count;
};

struct list_file {
    const char *filename;
    const char *url; /* as written, NULL: not said */
    const struct checksum *hashes;
    size_t hash_count;
    int64_t size_bytes; /* -1: not said */
};

/* A package of a lock file, which is fetched as it is, without resolving. */
struct list_package {
    const char *project; /* normalised */
    const char *version; /* as written; NULL: not said (pylock.toml allows that) */
    const struct list_file *files;
    size_t file_count;
    /* Pipfile.lock names no files, but says what those of the version may hash to. */
    const struct checksum *hashes;
    size_t hash_count;
    const char *origin; /* "uv.lock:120" */
    size_t lock;        /* packages of one lock file have the same number */
};

struct list_image {
    const char *reference; /* as written: "nginx:1.27", "ghcr.io/owner/app@sha256:..." */
    const char *platform;  /* a Compose file's own: "linux/arm64"; NULL: not said */
    const char *origin;
};

struct wants_strings {
    const char **items;
    size_t count;
};

struct wants {
    struct arena arena; /* has all strings */
    struct list_requirement *requirements;
    size_t requirement_count;
    struct list_requirement *constraints;
    size_t constraint_count;
    struct list_package *packages;
    size_t package_count;
    struct list_image *images;
    size_t image_count;
    /* Things that were skipped, and options that have no meaning here, each as a sentence with its place. */
    struct wants_strings notes;
    /* With keep_going, the faults that were read past. */
    struct wants_strings faults;
    bool prereleases;                 /* --pre */
    bool require_hashes;              /* --require-hashes, or a requirement with a hash */
    struct wants_strings only_binary; /* normalised projects, ":all:" */
    struct wants_strings no_binary;
    /* Set by the caller: only regular files are read, since a pipe may never get a writer. */
    bool files_only;
    void *locks; /* private: what wants_select() needs */
};

#define CLEANUP_WANTS __attribute__((cleanup(wants_release)))

void wants_init(struct wants *wants);
void wants_release(struct wants *wants);

/* Reads one list. With keep_going faults are kept in wants->faults, and reading continues after them where
 * it can; without, the first one ends it. Returns 0; -1 with the fault, or why the file cannot be read, in
 * `error`. */
int list_read(const char *path, enum list_format format, bool keep_going, struct wants *wants,
              struct buf *error);
/* A name on the command line: "pypi:flask==3.*", "docker:nginx:1.27"; without a kind, one of PyPI. Returns
 * 0; -1 with a fault. */
int list_add_name(const char *text, struct wants *wants, struct buf *error);

/* Which packages of the lock files a target needs: those whose markers hold and, where a lock file names
 * its roots (uv.lock), that can be reached from them over markers that hold; with all extras and groups,
 * in any combination. In doubt a package applies. Sets applies[0 .. package_count-1]. Returns 0; -1 with a
 * sentence in `error` for a marker without meaning, or a lock file that says it is not for this target. */
int wants_select(const struct wants *wants, const struct marker_environment *environment, bool *applies,
                 struct buf *error);

#endif
