/* Lock files: the graph that wants_select() walks (select.c), and the helpers that their readers share
 * (lock_file.c).
 *
 * A lock file becomes a set of nodes, one for each package that it names, whether that is fetched or not.
 * If it has roots, the nodes are needed that can be reached from them over edges whose markers hold; if
 * not, all whose own conditions hold. Markers are kept as text, each once: a file repeats the same few
 * markers thousands of times. */
#ifndef ADMIN_PREFETCH_LISTS_LOCK_FILE_H
#define ADMIN_PREFETCH_LISTS_LOCK_FILE_H

#include <uthash.h>

#include "admin/prefetch/lists/list_private.h"
#include "formats/python/specifier.h"

#define LOCK_NO_PACKAGE SIZE_MAX

struct lock_file_marker {
    const char *text;
    size_t number; /* from 0 */
    UT_hash_handle hh;
};

/* Any of them must apply; none: always. */
struct lock_file_markers {
    const struct lock_file_marker **items;
    size_t count;
};

struct lock_file_edge {
    const char *project;
    const char *version; /* NULL: any */
    const char *source;  /* NULL: any; compared as text */
    const struct lock_file_marker *marker;
    const char **extras;
    size_t extra_count;
};

/* The dependencies of a package, or of one of its extras. */
struct lock_file_group {
    const char *extra; /* NULL: the package itself */
    struct lock_file_edge *edges;
    size_t edge_count;
};

struct lock_file_node {
    size_t package; /* in wants->packages, or LOCK_NO_PACKAGE */
    const char *project;
    const char *version; /* NULL: not said */
    const char *source;  /* NULL: not said */
    struct lock_file_markers markers;
    const char *python; /* requires-python, a specifier set; NULL: any */
    bool root;          /* with all its groups */
    struct lock_file_group *groups;
    size_t group_count;
};

struct lock_file {
    const char *path;
    const char *python;                 /* requires-python of the whole file; NULL: any */
    struct lock_file_markers platforms; /* environments of the whole file */
    bool has_roots;
    struct lock_file_node *nodes; /* by project */
    size_t node_count;
};

/* wants->locks */
struct list_locks {
    struct lock_file **items;
    size_t count;
    struct lock_file_marker *markers;
    size_t marker_count;
};

void list_locks_free(struct list_locks *locks);

/* ---- reading ---- */

/* A TOML file, and the lock file that it becomes. */
struct lock_file_reader {
    struct list_reader *list;
    const struct toml *toml;
    struct lock_file *lock_file;
    size_t number; /* of the lock file */
};

/* Adds a lock file to wants, with its number in list_package.lock. */
struct lock_file *lock_file_new(struct list_reader *reader, size_t *number);
/* Reads the text as TOML, calls `read` for it, and then sorts the nodes by project. */
int lock_file_read_toml(struct list_reader *reader, const char *text, size_t len,
                        int (*read)(struct lock_file_reader *reader, const json_t *root));
/* Appends an empty node; valid until the next one is added. */
struct lock_file_node *lock_file_add_node(struct lock_file *lock, const char *project);

/* "expected <format>, found <value>" at the value or, if that has no place, at its holder. Returns -1. */
int lock_file_expected(struct lock_file_reader *reader, const json_t *holder, const json_t *value,
                       const char *format, ...) __attribute__((format(printf, 4, 5)));
size_t lock_file_line(const struct lock_file_reader *reader, const json_t *value);
/* A member of a table; NULL if there is none, -1 with a fault if it has another type. */
int lock_file_text(struct lock_file_reader *reader, const json_t *table, const char *key, const char **out);
int lock_file_array(struct lock_file_reader *reader, const json_t *table, const char *key,
                    const json_t **out);
int lock_file_table(struct lock_file_reader *reader, const json_t *table, const char *key,
                    const json_t **out);
/* The item of an array, which must be a table. */
int lock_file_item(struct lock_file_reader *reader, const json_t *array, size_t i, const json_t **out);
/* In the arena, normalised. Required; -1 with a fault. */
int lock_file_project(struct lock_file_reader *reader, const json_t *table, const char *key,
                      const char **out);
/* In the arena; must be one of PEP 440. */
int lock_file_version(struct lock_file_reader *reader, const json_t *table, const char **out);
/* Interns a marker that was checked. */
const struct lock_file_marker *lock_file_intern(struct wants *wants, const char *text);
/* A marker; NULL if there is none. */
int lock_file_marker_member(struct lock_file_reader *reader, const json_t *table, const char *key,
                            const struct lock_file_marker **out);
/* A marker, or an array of markers, one of which must hold. */
int lock_file_markers_member(struct lock_file_reader *reader, const json_t *table, const char *key,
                             struct lock_file_markers *out);
void lock_file_markers_add(struct wants *wants, struct lock_file_markers *markers,
                           const struct lock_file_marker *marker);
/* A specifier set. */
int lock_file_python_member(struct lock_file_reader *reader, const json_t *table, const char *key,
                            const char **out);
/* "sha256:..." as a checksum: 1; 0 when the algorithm is not known here; -1 with a fault. */
int lock_file_hash(struct lock_file_reader *reader, const json_t *holder, const json_t *value,
                   struct checksum *out);
/* The member "size"; -1 if there is none. */
int lock_file_size(struct lock_file_reader *reader, const json_t *table, int64_t *out);
/* The name of a file: the decoded text after the last "/" of a URL or path; in the arena. */
int lock_file_filename(struct lock_file_reader *reader, const json_t *holder, const char *url,
                       const char **out);
/* Adds a package for the node that was added last. */
int lock_file_add_package(struct lock_file_reader *reader, const json_t *table, struct lock_file_node *node,
                          const struct list_package *package);

#endif
