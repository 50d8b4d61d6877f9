/* What list.c and the readers of the formats share.
 *
 * A reader is given the whole text of a file and adds to reader->wants. What is wrong goes to list_fault(), which always
 * returns -1 and says in reader->stopped whether reading must end: it must unless faults are kept. Loops over the things
 * of a file read on behind one that failed until then. */
#ifndef ADMIN_PREFETCH_LISTS_LIST_PRIVATE_H
#define ADMIN_PREFETCH_LISTS_LIST_PRIVATE_H

#include <jansson.h>

#include "admin/prefetch/lists/list.h"
#include "base/buf.h"
#include "base/memory.h"
#include "formats/toml.h"

/* Bounds of what a list becomes in memory. */
#define LIST_MAX_ITEMS 200000   /* requirements and constraints, packages, images: of each */
#define LIST_MAX_VALUES 4000000 /* of a TOML or JSON file */
#define LIST_MAX_NODES 1000000  /* of a YAML file */
#define LIST_MAX_NESTING 64     /* of values of a file */
#define LIST_MAX_FAULTS 1000    /* that are kept */
#define LIST_MAX_NOTES 10000

/* Room for one more of `count` items of the heap: it grows at powers of two. */
#define LIST_GROW(items, count)   \
    if (!((count) & ((count)-1))) \
    (items) = xrealloc((items), ((count) ? 2 * (count) : 1) * sizeof(*(items)))

struct list_reader {
    struct wants *wants;
    const char *path; /* of the file that is read; what messages call it */
    bool keep_going;
    bool stopped;
    struct buf *error;
};

/* ---- faults and notes ---- */

/* "FILE:LINE:COLUMN: " and the sentence. */
int list_fault(struct list_reader *reader, size_t line, size_t column, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* "FILE: " and the sentence, for what has no line. */
int list_file_fault(struct list_reader *reader, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void list_note(struct list_reader *reader, size_t line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Appends text of a file as messages quote it: no control characters, no passwords of URLs, at most 200 bytes. */
void list_add_quoted(const char *text, size_t len, struct buf *out);
/* Takes "column 7: expected ..." apart, as scan.h words it. Returns the sentence; *column stays when there is none. */
const char *list_split_column(const char *message, size_t *column);

/* ---- what is found ---- */

/* In the arena: "FILE:LINE". */
const char *list_origin(struct list_reader *reader, size_t line);
/* What is added is empty but for its origin; valid until the next. NULL, with a fault, when there are too many. */
struct list_requirement *list_add_requirement(struct list_reader *reader, size_t line, bool constraint);
/* -1 likewise. The package's strings are in the arena. */
int list_add_package(struct list_reader *reader, size_t line, const struct list_package *package);
int list_add_image(struct list_reader *reader, size_t line, const char *reference, const char *platform);
void list_strings_add(struct wants *wants, struct wants_strings *strings, const char *text, size_t len);

/* ---- files ---- */

/* Reads a file whole: 0, or a fault. */
int list_load(struct list_reader *reader, const char *path, struct buf *text);
/* Skips a byte order mark and looks for what is no UTF-8: 0, or a fault with its place. */
int list_check_utf8(struct list_reader *reader, const char **text, size_t *len);

/* ---- formats ---- */

int list_read_requirements(struct list_reader *reader, const char *text, size_t len);
int list_read_pylock(struct list_reader *reader, const char *text, size_t len);
int list_read_uv_lock(struct list_reader *reader, const char *text, size_t len);
int list_read_poetry_lock(struct list_reader *reader, const char *text, size_t len);
int list_read_pipfile_lock(struct list_reader *reader, const char *text, size_t len);
int list_read_images(struct list_reader *reader, const char *text, size_t len);
int list_read_yaml(struct list_reader *reader, const char *text, size_t len);

/* An image reference, "[registry/]name[:tag][@digest]". 0; -1 with "column N: expected ..." in `error`. */
int list_image_check(const char *text, size_t len, struct buf *error);
/* "linux/arm64/v8": 0, or -1 likewise. */
int list_platform_check(const char *text, size_t len, struct buf *error);

#endif
