/* Lock files: what their readers share (lock_file.c), and the graph that wants_select() walks (select.c).
 *
 * A lock is a set of nodes, one for each package that the file names, fetched or not. Of a lock with roots those nodes
 * are needed that can be reached over edges whose markers apply; of one without, all whose own conditions do. Markers are
 * kept as texts, each once, for a file has the same few thousands of times. */
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

/* What a package depends on, or one of its extras. */
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
    const char *python;                 /* whom the whole file is for */
    struct lock_file_markers platforms; /* the same */
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

/* A TOML file, and the lock that it becomes. */
struct lock_file_reader {
    struct list_reader *list;
    const struct toml *toml;
    struct lock_file *lock_file;
    size_t number; /* of the lock file */
};

/* A new lock of wants, and its number. */
struct lock_file *lock_file_new(struct list_reader *reader, size_t *number);
/* Reads the text as TOML and has `read` look at it; the lock's nodes are in order then. */
int lock_file_read_toml(struct list_reader *reader, const char *text, size_t len,
                        int (*read)(struct lock_file_reader *reader, const json_t *root));
/* A node for the file's next package, zeroed; valid until the next is added. */
struct lock_file_node *lock_file_add_node(struct lock_file *lock, const char *project);

/* "expected <what>, found <value>", at the value or, where that has no place, at its holder. -1. */
int lock_file_expected(struct lock_file_reader *reader, const json_t *holder, const json_t *value,
                       const char *format, ...) __attribute__((format(printf, 4, 5)));
size_t lock_file_line(const struct lock_file_reader *reader, const json_t *value);
/* Members of tables, NULL when there is none. Of another type: -1 with a fault. */
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
/* A marker, NULL where there is none. */
int lock_file_marker_member(struct lock_file_reader *reader, const json_t *table, const char *key,
                            const struct lock_file_marker **out);
/* A marker, or an array of which any must apply. */
int lock_file_markers_member(struct lock_file_reader *reader, const json_t *table, const char *key,
                             struct lock_file_markers *out);
/* Appends to them. */
void lock_file_markers_add(struct wants *wants, struct lock_file_markers *markers,
                           const struct lock_file_marker *marker);
/* A specifier set. */
int lock_file_python_member(struct lock_file_reader *reader, const json_t *table, const char *key,
                            const char **out);
/* "sha256:..." as a checksum: 1; 0 when the algorithm is not known here; -1 with a fault. */
int lock_file_hash(struct lock_file_reader *reader, const json_t *holder, const json_t *value,
                   struct checksum *out);
/* size, -1 when not said. */
int lock_file_size(struct lock_file_reader *reader, const json_t *table, int64_t *out);
/* What stands behind the last "/" of a URL or path, decoded: the name of a file, in the arena. */
int lock_file_filename(struct lock_file_reader *reader, const json_t *holder, const char *url,
                       const char **out);
/* Adds a package for the node that was added last. */
int lock_file_add_package(struct lock_file_reader *reader, const json_t *table, struct lock_file_node *node,
                          const struct list_package *package);

#endif
